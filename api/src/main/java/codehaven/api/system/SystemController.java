package codehaven.api.system;

import codehaven.api.SystemInfo;
import codehaven.api.problems.Problem;
import codehaven.api.runs.Runs;
import codehaven.model.DeploymentStatus;
import codehaven.state.BackendUnavailable;
import codehaven.state.State;
import codehaven.workflows.TaskQueues;
import com.google.protobuf.Timestamp;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import io.temporal.api.enums.v1.TaskQueueType;
import io.temporal.client.WorkflowClient;
import java.net.URI;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** How the installation is. */
@RestController
@Tag(name = "System", description = "How the installation is")
final class SystemController {

    private static final int COUNTED = 1_000;

    private final State state;
    private final Runs runs;
    private final SystemInfo info;
    private final String namespace;

    SystemController(State state, Runs runs, SystemInfo info, WorkflowClient client) {
        this.state = state;
        this.runs = runs;
        this.info = info;
        this.namespace = client.getOptions().getNamespace();
    }

    /**
     * A backend.
     *
     * @param detail one sentence, where it is not up
     */
    record BackendView(
            String address,
            boolean embedded,
            boolean up,
            @Nullable String detail) {}

    record TemporalView(
            String address,
            @Nullable URI ui,
            String namespace,
            boolean embedded,
            boolean up,
            @Nullable String version) {}

    /**
     * How this process builds; absent when it has no worker.
     *
     * @param mode {@code docker} or {@code process}
     */
    record BuildsView(
            String mode,
            @Nullable String address,
            boolean up,
            @Nullable String detail) {}

    /**
     * Whoever takes work.
     *
     * @param slots how many builds it does at once, where this process knows
     * @param seenAt when it asked for work last
     */
    record WorkerView(
            String identity,
            List<String> queues,
            @Nullable Integer slots,
            @Nullable Instant seenAt) {}

    /** Deployments that have not ended, by status. */
    record QueueView(int active, Map<DeploymentStatus, Integer> byStatus) {}

    record SystemView(
            String version,
            String health,
            TemporalView temporal,
            BackendView mongodb,
            BackendView redis,
            BackendView s3,
            @Nullable BuildsView docker,
            List<WorkerView> workers,
            @Nullable QueueView queue) {}

    record HealthView(String status, @Nullable Map<String, String> backends) {}

    @GetMapping("/v1/system")
    @Operation(summary = "Version, backends, workers and queue")
    SystemView system() {
        var health = state.health();
        var temporal = runs.serverVersion();
        var builds = info.builds() == null ? null : info.builds().get();
        var mongo = backend("mongodb", info.mongodb(), health);
        var redis = backend("redis", info.redis(), health);
        var s3 = backend("s3", info.s3(), health);
        var well = temporal.isPresent() && mongo.up() && redis.up() && s3.up();
        return new SystemView(
                info.version(),
                well ? "up" : "degraded",
                new TemporalView(
                        info.temporal().address(),
                        info.temporalUi(),
                        namespace,
                        info.temporal().embedded(),
                        temporal.isPresent(),
                        temporal.orElse(null)),
                mongo,
                redis,
                s3,
                builds == null ? null : new BuildsView(builds.mode(), builds.address(), builds.up(), builds.detail()),
                temporal.isPresent() ? workers(builds == null ? null : builds.slots()) : List.of(),
                queue());
    }

    @GetMapping("/v1/health/live")
    @Operation(summary = "Whether the server runs")
    HealthView live() {
        return new HealthView("up", null);
    }

    @GetMapping("/v1/health/ready")
    @Operation(
            summary = "Whether the server can answer",
            description = "It can while the database is up; what else is away is told, and delays deployments only.")
    ResponseEntity<HealthView> ready() {
        var backends = new TreeMap<String, String>();
        var ready = true;
        for (var each : state.health()) {
            backends.put(each.backend(), each.up() ? "up" : "down");
            ready &= each.up() || !each.backend().equals("mongodb");
        }
        backends.put("temporal", runs.serverVersion().isPresent() ? "up" : "down");
        if (!ready) {
            throw Problem.unavailable("The database does not answer.");
        }
        return ResponseEntity.ok(new HealthView("up", backends));
    }

    private List<WorkerView> workers(@Nullable Integer slots) {
        try {
            var found = new TreeMap<String, WorkerView>();
            collect(found, TaskQueues.DEPLOYMENTS, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, null);
            collect(found, TaskQueues.BUILDS, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY, slots);
            return List.copyOf(found.values());
        } catch (Runs.TemporalAway e) {
            return List.of();
        }
    }

    private void collect(Map<String, WorkerView> found, String queue, TaskQueueType type, @Nullable Integer slots) {
        for (var poller : runs.pollers(queue, type)) {
            var seen = poller.hasLastAccessTime() ? instant(poller.getLastAccessTime()) : null;
            found.merge(
                    poller.getIdentity(),
                    new WorkerView(poller.getIdentity(), List.of(queue), slots, seen),
                    (one, other) -> new WorkerView(
                            one.identity(),
                            one.queues().contains(queue)
                                    ? one.queues()
                                    : java.util.stream.Stream.concat(one.queues().stream(), other.queues().stream())
                                            .toList(),
                            other.slots() == null ? one.slots() : other.slots(),
                            one.seenAt()));
        }
    }

    private @Nullable QueueView queue() {
        try {
            var active = state.deployments().active(COUNTED);
            var counts = new EnumMap<DeploymentStatus, Integer>(DeploymentStatus.class);
            active.forEach(each -> counts.merge(each.status(), 1, Integer::sum));
            return new QueueView(active.size(), counts);
        } catch (BackendUnavailable e) {
            return null;
        }
    }

    private static BackendView backend(String name, SystemInfo.Backend known, List<State.Health> health) {
        var found = health.stream().filter(each -> each.backend().equals(name)).findFirst();
        return new BackendView(
                known.address(),
                known.embedded(),
                found.map(State.Health::up).orElse(false),
                found.map(State.Health::detail).orElse(null));
    }

    private static Instant instant(Timestamp time) {
        return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
    }
}
