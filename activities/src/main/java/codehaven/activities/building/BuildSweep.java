package codehaven.activities.building;

import codehaven.state.Deployments;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Removes, every minute, the containers and volumes of builds that nobody will come back to. */
final class BuildSweep implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(BuildSweep.class);

    private static final Duration PAUSE = Duration.ofMinutes(1);

    /** Whoever ends a build removes its container too; this is for when that did not happen. */
    private static final Duration GRACE = Duration.ofSeconds(30);

    /** A deployment that this installation does not know may be another installation's. */
    private static final Duration OF_OTHERS = Duration.ofDays(2);

    private final DockerEngine engine;
    private final Function<String, Optional<Now>> deployments;
    private final Duration grace;
    private final Thread thread;

    /** How a deployment is that this installation knows. */
    record Now(boolean ended, @Nullable String run) {}

    private BuildSweep(DockerEngine engine, Function<String, Optional<Now>> deployments, Duration grace) {
        this.engine = engine;
        this.deployments = deployments;
        this.grace = grace;
        thread = Thread.ofPlatform().daemon().name("sweep of builds").unstarted(this::run);
    }

    static BuildSweep start(DockerEngine engine, Deployments deployments) {
        var sweep = of(
                engine,
                id -> deployments.find(id).map(each -> new Now(each.status().isFinal(), each.run())),
                GRACE);
        sweep.thread.start();
        return sweep;
    }

    /** One that looks only when it is told to. */
    static BuildSweep of(DockerEngine engine, Function<String, Optional<Now>> deployments, Duration grace) {
        return new BuildSweep(engine, deployments, grace);
    }

    private void run() {
        try {
            while (true) {
                try {
                    if (engine.answers()) {
                        // So that the status tells of missing walls before the first build.
                        engine.network().provide();
                        sweep();
                    }
                } catch (RuntimeException e) {
                    LOGGER.debug("builds' leftovers could not be swept; tried again in a minute", e);
                }
                Thread.sleep(PAUSE);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Looks once. */
    void sweep() {
        for (var each : ContainerSandbox.containersOf(engine, null)) {
            var made = each.getCreated() == null ? Instant.now() : Instant.ofEpochSecond(each.getCreated());
            if (isLeft(each.getLabels(), made)) {
                LOGGER.info("removing what is left of a build: {}", List.of(each.getNames()));
                ContainerSandbox.remove(engine, each.getId());
            }
        }
        var volumes = engine.client()
                .listVolumesCmd()
                .withFilter("label", List.of(ContainerSandbox.ROLE + "=" + ContainerSandbox.BUILD))
                .exec()
                .getVolumes();
        for (var each : volumes) {
            if (each.getName() != null && isLeft(each.getLabels(), madeAt(each))) {
                ContainerSandbox.removeVolume(engine, each.getName());
            }
        }
    }

    private boolean isLeft(@Nullable Map<String, String> labels, Instant made) {
        var deployment = labels == null ? null : labels.get(ContainerSandbox.DEPLOYMENT);
        if (deployment == null || labels == null || made.plus(grace).isAfter(Instant.now())) {
            return false;
        }
        var found = deployments.apply(deployment);
        if (found.isEmpty()) {
            return made.plus(OF_OTHERS).isBefore(Instant.now());
        }
        var run = found.get().run();
        return found.get().ended() || (run != null && !run.equals(labels.get(ContainerSandbox.RUN)));
    }

    private static Instant madeAt(InspectVolumeResponse volume) {
        var text = volume.getRawValues() == null ? null : volume.getRawValues().get("CreatedAt");
        try {
            return text == null
                    ? Instant.now()
                    : OffsetDateTime.parse(text.toString()).toInstant();
        } catch (DateTimeParseException e) {
            return Instant.now();
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
