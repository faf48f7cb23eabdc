package codehaven.api.deployments;

import codehaven.api.SystemInfo;
import codehaven.api.runs.Runs;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Step;
import codehaven.model.StepRun;
import codehaven.state.State;
import codehaven.workflows.TaskQueues;
import io.temporal.api.enums.v1.TaskQueueType;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.springframework.stereotype.Component;

/**
 * Who waits, for what, and at which place. A deployment waits while it is QUEUED, and again when it is BUILDING and no
 * worker has begun with that yet. No call asks more than the database: what stands in the way is found out beside it.
 */
@Component
public final class QueuePlaces {

    /** As many as anybody reads. */
    private static final int COUNTED = 1_000;

    private static final long FRESH_NANOS = Duration.ofSeconds(2).toNanos();

    private final State state;
    private final Runs runs;
    private final SystemInfo info;
    private final AtomicBoolean looking = new AtomicBoolean();
    private volatile Obstacles obstacles = Obstacles.NONE;

    QueuePlaces(State state, Runs runs, SystemInfo info) {
        this.state = state;
        this.runs = runs;
        this.info = info;
    }

    /**
     * One that waits.
     *
     * @param place from 1, the oldest first
     * @param reason as part of a sentence, such as {@code waits for a build slot}
     * @param since when it began to wait
     */
    public record Waiting(Deployment deployment, int place, String reason, Instant since) {}

    /** What keeps deployments from going on. */
    private record Obstacles(boolean temporalAway, boolean noWorker, boolean noBuilder, boolean dockerDown, long at) {
        static final Obstacles NONE = new Obstacles(false, false, false, false, System.nanoTime() - FRESH_NANOS);
    }

    /** All that wait, the oldest first; of very many, the first ones. */
    public List<Waiting> all() {
        return of(state.deployments().active(COUNTED));
    }

    /** All that wait, by the id of the deployment. */
    public Map<String, Waiting> byDeployment() {
        var found = new LinkedHashMap<String, Waiting>();
        all().forEach(each -> found.put(each.deployment().id(), each));
        return found;
    }

    /** The place of one; empty if it does not wait. */
    public Optional<Waiting> of(Deployment deployment) {
        return waits(deployment)
                ? all().stream()
                        .filter(each -> each.deployment().id().equals(deployment.id()))
                        .findFirst()
                : Optional.empty();
    }

    /**
     * Those of them that wait.
     *
     * @param active all without a final status, the oldest first
     */
    public List<Waiting> of(List<Deployment> active) {
        var waiting = new ArrayList<Waiting>();
        for (var each : active) {
            if (waits(each)) {
                waiting.add(new Waiting(each, waiting.size() + 1, reason(each), since(each)));
            }
        }
        if (!waiting.isEmpty()) {
            look();
        }
        return List.copyOf(waiting);
    }

    /** Whether it stands in the queue, and nobody works on it. */
    public static boolean waits(Deployment deployment) {
        return switch (deployment.status()) {
            case QUEUED -> true;
            case BUILDING ->
                deployment.steps().stream()
                        .noneMatch(each -> each.step() == Step.BUILDING && each.state() == StepRun.State.running);
            case CLONING, UPLOADING, PUBLISHING, READY, FAILED, CANCELED, SUPERSEDED -> false;
        };
    }

    private String reason(Deployment deployment) {
        var known = obstacles;
        if (known.temporalAway()) {
            return "waits for the workflow engine";
        }
        if (deployment.status() == DeploymentStatus.QUEUED) {
            return known.noWorker() ? "waits for a worker" : "waits for its turn";
        }
        if (known.noBuilder()) {
            return "waits for a worker that builds";
        }
        return known.dockerDown() ? "waits for Docker" : "waits for a build slot";
    }

    private static Instant since(Deployment deployment) {
        return deployment.steps().stream()
                .map(StepRun::endedAt)
                .filter(Objects::nonNull)
                .max(Comparator.naturalOrder())
                .orElse(deployment.createdAt());
    }

    /** Asks anew, beside whoever waits for a page. */
    private void look() {
        if (System.nanoTime() - obstacles.at() >= FRESH_NANOS && looking.compareAndSet(false, true)) {
            Thread.ofVirtual().name("queue-obstacles").start(() -> {
                try {
                    obstacles = found();
                } finally {
                    looking.set(false);
                }
            });
        }
    }

    private Obstacles found() {
        var builds = info.builds() == null ? null : info.builds().get();
        var dockerDown = builds != null && !builds.up();
        try {
            var noWorker = runs.pollers(TaskQueues.DEPLOYMENTS, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW)
                    .isEmpty();
            var noBuilder = runs.pollers(TaskQueues.BUILDS, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)
                    .isEmpty();
            return new Obstacles(false, noWorker, noBuilder, dockerDown, System.nanoTime());
        } catch (Runs.TemporalAway e) {
            return new Obstacles(true, false, false, dockerDown, System.nanoTime());
        }
    }
}
