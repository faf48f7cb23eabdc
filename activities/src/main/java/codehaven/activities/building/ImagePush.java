package codehaven.activities.building;

import codehaven.activities.Settings;
import codehaven.activities.StepScope;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.PushResponseItem;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Brings an image into the registry. Layers that are there are not sent again, so a push that broke goes on where it was
 * when it is tried again.
 */
final class ImagePush {

    private static final int ATTEMPTS = 3;

    /** A push without a sign of life for this long is broken. */
    private static final Duration SILENCE = Duration.ofSeconds(90);

    private static final Duration LOOK = Duration.ofMillis(200);
    private static final Duration BETWEEN_LINES = Duration.ofSeconds(5);

    private static final Pattern REFUSED = Pattern.compile(
            "(?i)unauthorized|authentication required|no basic auth|incorrect username|denied|forbidden|\\b40[13]\\b|insufficient_scope");
    private static final Pattern QUOTA = Pattern.compile(
            "(?i)quota|storage limit|insufficient storage|\\b507\\b|\\b413\\b|too large|payment required|\\b402\\b");
    private static final Pattern SLOW_DOWN =
            Pattern.compile("(?i)toomanyrequests|too many requests|rate limit|\\b429\\b");

    private final DockerEngine engine;
    private final Settings.Registry registry;
    private final StepScope scope;

    ImagePush(DockerEngine engine, Settings.Registry registry, StepScope scope) {
        this.engine = engine;
        this.registry = registry;
        this.scope = scope;
    }

    /**
     * Pushes a local image of that name.
     *
     * @return its digest in the registry
     * @throws StepFailure {@code REGISTRY_REFUSED}, or {@code REGISTRY_UNAVAILABLE} where trying again may help
     */
    String push(String name, String tag) {
        for (var attempt = 1; ; attempt++) {
            var progress = once(name, tag);
            scope.check();
            if (progress.problem == null) {
                return digest(name, tag, progress);
            }
            var problem = progress.problem;
            if (QUOTA.matcher(problem).find()) {
                throw new StepFailure(
                        FailureKind.REGISTRY_REFUSED,
                        "The registry " + registry.host() + " has no room for " + name + ": " + problem + ".",
                        "Make room in the registry, or have its quota raised, then retry: the image is built and only pushed then.",
                        null,
                        null,
                        null);
            }
            if (REFUSED.matcher(problem).find()) {
                throw new StepFailure(
                        FailureKind.REGISTRY_REFUSED,
                        "The registry " + registry.host() + " refused " + name + ": " + problem + ".",
                        registry.user() == null
                                ? "Set CODEHAVEN_REGISTRY_USER and CODEHAVEN_REGISTRY_PASSWORD."
                                : "Check CODEHAVEN_REGISTRY_USER and CODEHAVEN_REGISTRY_PASSWORD, and that this user may push there.",
                        null,
                        null,
                        null);
            }
            if (attempt == ATTEMPTS || SLOW_DOWN.matcher(problem).find()) {
                throw new StepFailure(
                        FailureKind.REGISTRY_UNAVAILABLE,
                        "The push to " + registry.host() + " broke: " + problem + ".",
                        "It is tried again by itself, and sends only what is missing.",
                        null,
                        null,
                        null);
            }
            scope.log().say(Level.warn, "The push broke (" + problem + "); trying again with what is missing.");
            pause(attempt);
        }
    }

    private void pause(int attempt) {
        try {
            Thread.sleep(Duration.ofSeconds(attempt));
        } catch (InterruptedException e) {
            throw new StepScope.Stopped();
        }
    }

    private Progress once(String name, String tag) {
        var progress = new Progress();
        try (progress;
                var _ = scope.onStop(progress::abandon)) {
            engine.streaming()
                    .pushImageCmd(name)
                    .withTag(tag)
                    .withAuthConfig(registry.auth())
                    .exec(progress);
            while (!progress.isOverWithin(LOOK)) {
                if (progress.silentFor().compareTo(SILENCE) > 0) {
                    progress.problem = "it was silent for " + SILENCE.toSeconds() + " s";
                    return progress;
                }
            }
        } catch (InterruptedException e) {
            // The sign to stop; tidying up must not hear it again.
            throw new StepScope.Stopped();
        } catch (NotFoundException e) {
            throw new StepFailure(
                    FailureKind.DOCKER_UNAVAILABLE,
                    "The image " + name + ":" + tag + " was removed before it was pushed.",
                    e);
        } catch (IOException | RuntimeException e) {
            scope.check();
            progress.problem = DockerEngine.reasonOf(e);
        }
        return progress;
    }

    private String digest(String name, String tag, Progress progress) {
        if (progress.digest != null) {
            return progress.digest;
        }
        return new AppImages(engine)
                .find(name + ":" + tag)
                .filter(each -> each.getRepoDigests() != null)
                .flatMap(each -> each.getRepoDigests().stream()
                        .filter(it -> it.startsWith(name + "@"))
                        .map(it -> it.substring(name.length() + 1))
                        .findFirst())
                .orElseThrow(() -> new StepFailure(
                        FailureKind.REGISTRY_UNAVAILABLE,
                        "The registry " + registry.host() + " took " + name + ":" + tag
                                + " and did not say its digest."));
    }

    /** Says every few seconds how much has been sent. */
    private final class Progress extends EngineStream<PushResponseItem> {
        private final Map<String, long[]> layers = new LinkedHashMap<>();
        private volatile long heardAt = System.nanoTime();
        private long saidAt = System.nanoTime();
        volatile @Nullable String problem;
        volatile @Nullable String digest;

        @Override
        public void onNext(PushResponseItem item) {
            heardAt = System.nanoTime();
            if (item.isErrorIndicated()) {
                var detail = item.getErrorDetail();
                problem = DockerEngine.reasonOf(
                        new IOException(detail == null ? "it did not say why" : String.valueOf(detail.getMessage())));
                return;
            }
            if (item.getAux() != null && item.getAux().getDigest() != null) {
                digest = item.getAux().getDigest();
            }
            var detail = item.getProgressDetail();
            if (item.getId() != null && detail != null && detail.getTotal() != null && detail.getCurrent() != null) {
                layers.put(item.getId(), new long[] {detail.getCurrent(), detail.getTotal()});
                if (heardAt - saidAt > BETWEEN_LINES.toNanos()) {
                    saidAt = heardAt;
                    var done = layers.values().stream()
                            .mapToLong(each -> Math.min(each[0], each[1]))
                            .sum();
                    var all =
                            layers.values().stream().mapToLong(each -> each[1]).sum();
                    scope.log().say("Pushing: " + done / 1_000_000 + " of " + all / 1_000_000 + " MB.");
                }
            }
        }

        @Override
        public void onError(Throwable thrown) {
            if (problem == null) {
                problem = DockerEngine.reasonOf(thrown);
            }
            // Not the adapter's own: that one prints a stack trace for what a sentence tells.
            abandon();
        }

        void abandon() {
            try {
                close();
            } catch (IOException e) {
                problem = DockerEngine.reasonOf(e);
            }
        }

        Duration silentFor() {
            return Duration.ofNanos(System.nanoTime() - heardAt);
        }
    }
}
