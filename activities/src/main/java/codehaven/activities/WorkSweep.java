package codehaven.activities;

import codehaven.state.Deployments;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes, at the start and every other minute, what steps left in {@code work/<deployment>/}: with several workers the
 * one that has a tree or an output need not be the one that runs the next step, and what failed or was cancelled has no
 * next step.
 */
final class WorkSweep implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(WorkSweep.class);

    private static final Duration PAUSE = Duration.ofMinutes(2);

    /** A step that was told to stop may still be about to. */
    private static final Duration OF_ENDED = Duration.ofMinutes(1);

    /** Looks at repositories belong to no deployment, and are over long before. */
    private static final Duration OF_OTHERS = Duration.ofMinutes(10);

    private final Path work;
    private final Function<String, Optional<Boolean>> ended;
    private final Thread thread;

    private WorkSweep(Path work, Function<String, Optional<Boolean>> ended) {
        this.work = work;
        this.ended = ended;
        thread = Thread.ofPlatform().daemon().name("sweep of work").unstarted(this::run);
    }

    /** Begins at once with all that is left of before: nothing runs here yet. */
    static WorkSweep start(Path work, Deployments deployments) {
        var sweep =
                of(work, id -> deployments.find(id).map(each -> each.status().isFinal()));
        sweep.sweep(Instant.MAX);
        sweep.thread.start();
        return sweep;
    }

    /**
     * One that looks only when it is told to.
     *
     * @param ended whether a deployment has ended; empty for one that is not known
     */
    static WorkSweep of(Path work, Function<String, Optional<Boolean>> ended) {
        return new WorkSweep(work, ended);
    }

    private void run() {
        try {
            while (true) {
                Thread.sleep(PAUSE);
                try {
                    sweep(Instant.now());
                } catch (RuntimeException e) {
                    LOGGER.warn("{} could not be tidied; tried again in two minutes", work, e);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Looks once. */
    void sweep(Instant now) {
        try (var directories = Files.newDirectoryStream(work)) {
            for (var each : directories) {
                if (isLeft(each, now)) {
                    WorkFiles.delete(each);
                }
            }
        } catch (NoSuchFileException e) {
            LOGGER.debug("nothing to tidy: {} is not there yet", work);
        } catch (IOException e) {
            LOGGER.warn("{} could not be tidied", work, e);
        }
    }

    private boolean isLeft(Path directory, Instant now) throws IOException {
        var changed = Files.getLastModifiedTime(directory).toInstant();
        var known = ended.apply(directory.getFileName().toString());
        return known.orElse(true)
                && changed.plus(known.isPresent() ? OF_ENDED : OF_OTHERS).isBefore(now);
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
