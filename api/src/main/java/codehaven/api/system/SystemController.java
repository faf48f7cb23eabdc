package codehaven.api.system;

import codehaven.api.SystemInfo;
import codehaven.api.apps.AppState;
import codehaven.api.apps.AppViews;
import codehaven.api.problems.Problem;
import codehaven.api.runs.Runs;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.state.State;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.net.URI;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** How the installation is. */
@RestController
@Tag(name = "System", description = "How the installation is")
final class SystemController {

    private final State state;
    private final Runs runs;
    private final SystemInfo info;
    private final Condition condition;
    private final AppViews apps;

    SystemController(State state, Runs runs, SystemInfo info, Condition condition, AppViews apps) {
        this.apps = apps;
        this.state = state;
        this.runs = runs;
        this.info = info;
        this.condition = condition;
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

    /**
     * Where images of apps are kept.
     *
     * @param detail what it means where none is configured
     */
    record RegistryView(
            boolean configured,
            @Nullable String address,
            @Nullable String user,
            @Nullable String detail) {}

    /** Apps of all deployments that are kept, by their state. */
    record AppsView(int total, Map<AppState, Integer> byState) {}

    record SystemView(
            String version,
            String health,
            TemporalView temporal,
            BackendView mongodb,
            BackendView redis,
            BackendView s3,
            @Nullable BuildsView docker,
            List<WorkerView> workers,
            @Nullable QueueView queue,
            RegistryView registry,
            @Nullable AppsView apps) {}

    record HealthView(String status, @Nullable Map<String, String> backends) {}

    @GetMapping("/v1/system")
    @Operation(summary = "Version, backends, workers, queue and apps")
    SystemView system() {
        var look = condition.look();
        var builds = look.builds();
        var temporal = look.temporal();
        var well = temporal.isUp()
                && look.mongodb().isUp()
                && look.redis().isUp()
                && look.s3().isUp();
        return new SystemView(
                info.version(),
                well ? "up" : "degraded",
                new TemporalView(
                        temporal.address(),
                        info.temporalUi(),
                        condition.namespace(),
                        temporal.embedded(),
                        temporal.isUp(),
                        temporal.version()),
                view(look.mongodb()),
                view(look.redis()),
                view(look.s3()),
                builds == null ? null : new BuildsView(builds.mode(), builds.address(), builds.up(), builds.detail()),
                workers(look.workers()),
                look.active() == null ? null : queue(look.active()),
                registry(info.registry()),
                apps());
    }

    private static RegistryView registry(SystemInfo.@Nullable Registry registry) {
        return registry == null
                ? new RegistryView(
                        false,
                        null,
                        null,
                        "Images of apps stay on the Docker engine that built them, so no other host can run them.")
                : new RegistryView(true, registry.address(), registry.user(), null);
    }

    private @Nullable AppsView apps() {
        return apps.counts()
                .map(counts -> new AppsView(
                        counts.values().stream().mapToInt(Integer::intValue).sum(), counts))
                .orElse(null);
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

    private static List<WorkerView> workers(List<Condition.Worker> workers) {
        var found = new TreeMap<String, WorkerView>();
        for (var each : workers) {
            found.merge(
                    each.identity(),
                    new WorkerView(each.identity(), List.of(each.queue()), each.slots(), each.seenAt()),
                    (one, other) -> new WorkerView(
                            one.identity(),
                            Stream.concat(one.queues().stream(), other.queues().stream())
                                    .distinct()
                                    .toList(),
                            one.slots() == null ? other.slots() : one.slots(),
                            one.seenAt()));
        }
        return List.copyOf(found.values());
    }

    private static QueueView queue(List<Deployment> active) {
        var counts = new EnumMap<DeploymentStatus, Integer>(DeploymentStatus.class);
        active.forEach(each -> counts.merge(each.status(), 1, Integer::sum));
        return new QueueView(active.size(), counts);
    }

    private static BackendView view(Condition.Backend backend) {
        return new BackendView(backend.address(), backend.embedded(), backend.isUp(), backend.detail());
    }
}
