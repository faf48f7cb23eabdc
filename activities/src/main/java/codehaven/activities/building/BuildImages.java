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
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The images that builds run in: pulled once a day, and a local one of the same name where that fails. */
final class BuildImages {

    private static final Duration FRESH = Duration.ofHours(24);

    /** A registry that could not be reached is not asked again by every build. */
    private static final Duration AFTER_FAILURE = Duration.ofMinutes(5);

    /** A pull without a sign of life for this long has failed. */
    private static final Duration SILENCE = Duration.ofSeconds(45);

    /** The same where a local image could be used instead. */
    private static final Duration SILENCE_WITH_LOCAL = Duration.ofSeconds(15);

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
     * Makes sure that the engine has the image.
     *
     * @throws StepFailure of kind {@code DOCKER_UNAVAILABLE} when it can neither be pulled nor is there
     */
    void provide(String image, StepScope scope) {
        synchronized (locks.computeIfAbsent(image, each -> new Object())) {
            var local = isHere(image);
            var before = known.get(image);
            if (before != null && before.holds() && local) {
                if (before.problem() != null) {
                    fallBack(image, before.problem(), scope);
                }
                return;
            }
            scope.log().say("Pulling " + image + ".");
            var problem = pull(image, local ? SILENCE_WITH_LOCAL : SILENCE, scope);
            scope.check();
            known.put(image, new Known(System.nanoTime(), problem));
            if (problem == null) {
                return;
            }
            if (!local) {
                throw new StepFailure(
                        FailureKind.DOCKER_UNAVAILABLE,
                        "The base image " + image + " could not be pulled and is not on this machine: " + problem + ".",
                        "Let the Docker engine reach the image's registry, or load or tag an image of that name on it;"
                                + " the build goes on by itself then.",
                        null,
                        null,
                        null);
            }
            fallBack(image, problem, scope);
        }
    }

    private static void fallBack(String image, String problem, StepScope scope) {
        scope.log()
                .say(
                        Level.warn,
                        image + " could not be pulled (" + problem + "); using the local image of the same name.");
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
