package codehaven.activities.building;

import codehaven.activities.StepScope;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.PullResponseItem;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The images that builds run in: pulled once a day, and a local one that does as well where that fails. */
final class BuildImages {

    private static final Duration FRESH = Duration.ofHours(24);

    /** A registry that could not be reached is not asked again by every build. */
    private static final Duration AFTER_FAILURE = Duration.ofMinutes(5);

    /** A pull without a sign of life for this long has failed. */
    private static final Duration SILENCE = Duration.ofSeconds(45);

    /** The same where a local image could be used instead. */
    private static final Duration SILENCE_WITH_LOCAL = Duration.ofSeconds(15);

    /** Between attempts: what lasts longer is told to somebody who can mend it, as nobody else would. */
    private static final List<Duration> PAUSES = List.of(Duration.ofSeconds(2), Duration.ofSeconds(8));

    /** What a registry says of an image that asking again does not bring. */
    private static final Pattern NOT_THERE = Pattern.compile(
            "(?i)pull access denied|manifest unknown|manifest for .* not found|repository .* not found|no matching manifest"
                    + "|invalid reference format|: not found$|unauthorized|authentication required|no basic auth credentials"
                    + "|access to the resource is denied");

    private static final Duration LOOK = Duration.ofMillis(200);
    private static final Duration BETWEEN_LINES = Duration.ofSeconds(3);

    private final DockerEngine engine;
    private final Map<String, Known> known = new ConcurrentHashMap<>();
    private final Map<String, Object> locks = new ConcurrentHashMap<>();

    /** @param problem why the pull failed, absent when it did not */
    private record Known(long at, @Nullable String problem) {
        boolean holds() {
            var age = System.nanoTime() - at;
            return age < (problem == null ? FRESH : AFTER_FAILURE).toNanos();
        }
    }

    BuildImages(DockerEngine engine) {
        this.engine = engine;
    }

    /**
     * Makes sure that the engine has the image, or else another one that does as well.
     *
     * @param instead which those are, best first; those of other programs are passed over
     * @return the one that is there
     * @throws StepFailure of kind {@code BUILD_FAILED} when none is there or can be pulled, and {@code DOCKER_UNAVAILABLE}
     *     while the engine is away
     */
    String provide(String image, List<String> instead, StepScope scope) {
        var asked = System.nanoTime();
        synchronized (locks.computeIfAbsent(image, each -> new Object())) {
            var local = isHere(image);
            var here = local ? Optional.of(image) : standIn(image, instead);
            var before = known.get(image);
            if (before != null && before.holds() && before.problem() == null && local) {
                return image;
            }
            // What another build was told while this one waited for its turn holds for this one too.
            var told = before != null && (here.isPresent() ? before.holds() : before.at() - asked > 0)
                    ? before.problem()
                    : null;
            var problem = told == null ? pullNow(image, here.isPresent(), scope) : told;
            if (problem == null) {
                return image;
            }
            if (here.isEmpty()) {
                throw notHad(image, problem);
            }
            fallBack(image, here.get(), problem, scope);
            return here.get();
        }
    }

    private @Nullable String pullNow(String image, boolean canDoWithout, StepScope scope) {
        var problem = pull(image, canDoWithout, scope);
        known.put(image, new Known(System.nanoTime(), problem));
        return problem;
    }

    private static void fallBack(String image, String here, String problem, StepScope scope) {
        scope.log()
                .say(
                        Level.warn,
                        image + " could not be pulled (" + problem + "); using the local image "
                                + (here.equals(image)
                                        ? "of the same name."
                                        : here + " in its place, which fits the project too."));
    }

    private static StepFailure notHad(String image, String problem) {
        return new StepFailure(
                FailureKind.BUILD_FAILED,
                "The base image " + image + " could not be pulled and is not on this machine: " + problem + ".",
                NOT_THERE.matcher(problem).find()
                        ? "Correct the image's name in the Dockerfile or the version that the repository asks for, or load an"
                                + " image of that name into the Docker engine; then retry."
                        : "Let the Docker engine reach the image's registry, or load or tag an image of that name on it; then"
                                + " retry.",
                null,
                null,
                null);
    }

    private Optional<String> standIn(String image, List<String> instead) {
        var program = program(image);
        var fitting =
                instead.stream().filter(each -> program(each).equals(program)).toList();
        if (fitting.isEmpty()) {
            return Optional.empty();
        }
        var here = engine
                .ask("list its images", () -> engine.client().listImagesCmd().exec())
                .stream()
                .flatMap(each -> AppImages.namesOf(each).stream())
                .collect(Collectors.toSet());
        return fitting.stream().filter(here::contains).findFirst();
    }

    private static String program(String image) {
        return image.split(":", 2)[0];
    }

    /** @return why it could not be pulled; absent when it was */
    private @Nullable String pull(String image, boolean canDoWithout, StepScope scope) {
        scope.log().say("Pulling " + image + ".");
        for (var pauses = PAUSES.iterator(); ; ) {
            var problem = pull(image, canDoWithout ? SILENCE_WITH_LOCAL : SILENCE, scope);
            scope.check();
            if (problem == null || canDoWithout) {
                return problem;
            }
            if (!engine.answers()) {
                throw engine.unavailable();
            }
            if (NOT_THERE.matcher(problem).find() || !pauses.hasNext()) {
                return problem;
            }
            var pause = pauses.next();
            scope.log()
                    .say(
                            Level.warn,
                            image + " could not be pulled (" + problem + "); trying again in " + pause.toSeconds()
                                    + " s.");
            rest(pause, scope);
        }
    }

    private static void rest(Duration pause, StepScope scope) {
        try {
            Thread.sleep(pause);
        } catch (InterruptedException e) {
            // The sign to stop; tidying up must not hear it again.
            throw new StepScope.Stopped();
        }
        scope.check();
    }

    /** Whether the engine has it, so that it need not be pulled. */
    boolean isHere(String image) {
        return engine.ask("look for the image " + image, () -> {
            try {
                engine.client().inspectImageCmd(image).exec();
                return true;
            } catch (NotFoundException e) {
                return false;
            }
        });
    }

    private @Nullable String pull(String image, Duration silence, StepScope scope) {
        try (var progress = new Progress(image, scope);
                var _ = scope.onStop(progress::abandon)) {
            engine.streaming().pullImageCmd(image).exec(progress);
            while (!progress.isOverWithin(LOOK)) {
                if (progress.silentFor().compareTo(silence) > 0) {
                    return "the registry was silent for " + silence.toSeconds() + " s";
                }
            }
            return progress.problem();
        } catch (InterruptedException e) {
            // The sign to stop; tidying up must not hear it again.
            throw new StepScope.Stopped();
        } catch (IOException e) {
            return DockerEngine.reasonOf(e);
        } catch (RuntimeException e) {
            scope.check();
            return DockerEngine.reasonOf(e);
        }
    }

    /** Says every few seconds how much of the layers is there. */
    private static final class Progress extends EngineStream<PullResponseItem> {
        private final String image;
        private final StepScope scope;
        private final Map<String, long[]> layers = new LinkedHashMap<>();
        private volatile long heardAt = System.nanoTime();
        private long saidAt = System.nanoTime();
        private volatile @Nullable String problem;

        Progress(String image, StepScope scope) {
            this.image = image;
            this.scope = scope;
        }

        @Override
        public void onNext(PullResponseItem item) {
            heardAt = System.nanoTime();
            if (item.isErrorIndicated() && item.getErrorDetail() != null) {
                problem = DockerEngine.reasonOf(
                        new IOException(String.valueOf(item.getErrorDetail().getMessage())));
                return;
            }
            var detail = item.getProgressDetail();
            if (item.getId() != null
                    && "Downloading".equals(item.getStatus())
                    && detail != null
                    && detail.getTotal() != null) {
                var current = detail.getCurrent();
                layers.put(item.getId(), new long[] {current == null ? 0 : current, detail.getTotal()});
                if (heardAt - saidAt > BETWEEN_LINES.toNanos()) {
                    saidAt = heardAt;
                    var done =
                            layers.values().stream().mapToLong(each -> each[0]).sum();
                    var all =
                            layers.values().stream().mapToLong(each -> each[1]).sum();
                    scope.log().say("Pulling " + image + ": " + done / 1_000_000 + " of " + all / 1_000_000 + " MB.");
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

        @Nullable
        String problem() {
            return problem;
        }
    }
}
