package codehaven.api.system;

import codehaven.api.SystemInfo;
import codehaven.api.runs.Runs;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Step;
import codehaven.model.StepRun;
import codehaven.state.BackendUnavailable;
import codehaven.state.State;
import codehaven.workflows.TaskQueues;
import com.google.protobuf.Timestamp;
import io.temporal.api.enums.v1.TaskQueueType;
import io.temporal.client.WorkflowClient;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** How the installation is: its backends, its workers, and what they do. */
@Component
public final class Condition {

    /** From here on a backend is called slow: a page that needs it twice takes a second. */
    public static final Duration SLOW = Duration.ofMillis(500);

    private static final int COUNTED = 1_000;

    /** Each costs a question to Temporal. */
    private static final int ASKED_FOR = 50;

    private static final long FRESH_NANOS = Duration.ofSeconds(2).toNanos();
    private static final long STALE_NANOS = Duration.ofSeconds(30).toNanos();

    private final State state;
    private final Runs runs;
    private final SystemInfo info;
    private final String namespace;

    /** A worker of this process names itself like this, unless told otherwise. */
    private final String me = ManagementFactory.getRuntimeMXBean().getName();

    private final Map<String, Instant> downSince = new ConcurrentHashMap<>();
    private final AtomicReference<@Nullable CompletableFuture<Look>> looking = new AtomicReference<>();
    private volatile @Nullable Look known;

    Condition(State state, Runs runs, SystemInfo info, WorkflowClient client) {
        this.state = state;
        this.runs = runs;
        this.info = info;
        this.namespace = client.getOptions().getNamespace();
    }

    /** How a backend answers. */
    public enum Health {
        WELL,
        SLOW,
        DOWN
    }

    /**
     * A backend.
     *
     * @param key {@code temporal}, {@code mongodb}, {@code redis}, {@code s3}, {@code docker}, or {@code builds} for processes without it
     * @param answered how long it took to answer
     * @param version absent where it tells none, or does not answer
     * @param detail one sentence, where there is something to say
     * @param downSince when it was first found down, while it is
     */
    public record Backend(
            String key,
            Health health,
            String address,
            boolean embedded,
            Duration answered,
            @Nullable String version,
            @Nullable String detail,
            @Nullable Instant downSince) {

        public boolean isUp() {
            return health != Health.DOWN;
        }
    }

    /**
     * Whoever takes work of one queue.
     *
     * @param slots how many builds it does at once, where this process knows
     * @param doing what it works on
     * @param seenAt when it asked for work last
     */
    public record Worker(
            String identity,
            String queue,
            @Nullable Integer slots,
            List<Deployment> doing,
            @Nullable Instant seenAt) {

        public boolean builds() {
            return queue.equals(TaskQueues.BUILDS);
        }
    }

    /**
     * What was found.
     *
     * @param builds how this process builds; absent when it has no worker
     * @param active deployments without a final status, oldest first; absent when the database is away
     */
    public record Look(
            Instant at,
            Backend temporal,
            Backend mongodb,
            Backend redis,
            Backend s3,
            SystemInfo.@Nullable Builds builds,
            @Nullable Backend docker,
            List<Worker> workers,
            @Nullable List<Deployment> active,
            long nanos) {

        public List<Backend> backends() {
            var all = new ArrayList<>(List.of(temporal, mongodb, redis, s3));
            if (docker != null) {
                all.add(docker);
            }
            return all;
        }

        /** Builds that a worker has begun with. */
        public List<Deployment> building() {
            return active == null
                    ? List.of()
                    : active.stream().filter(Look::isBuilding).toList();
        }

        private static boolean isBuilding(Deployment each) {
            return each.status() == DeploymentStatus.BUILDING
                    && each.steps().stream()
                            .anyMatch(step -> step.step() == Step.BUILDING && step.state() == StepRun.State.running);
        }
    }

    /** The Temporal namespace that deployments run in. */
    public String namespace() {
        return namespace;
    }

    /** What is known, at most some seconds old; asked anew beside whoever waits for a page, unless it is stale. */
    public Look latest() {
        var last = known;
        if (last != null && System.nanoTime() - last.nanos() < FRESH_NANOS) {
            return last;
        }
        var asked = ask();
        if (last != null && System.nanoTime() - last.nanos() < STALE_NANOS) {
            return last;
        }
        try {
            return asked.get(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            if (last != null) {
                return last;
            }
        }
        return look();
    }

    /** What is down as far as is known, in three words; never asks for it. */
    public Optional<String> trouble() {
        var last = known;
        if (last == null || System.nanoTime() - last.nanos() > FRESH_NANOS * 5) {
            var _ = ask();
        }
        if (last == null) {
            return Optional.empty();
        }
        var down = last.backends().stream().filter(each -> !each.isUp()).toList();
        return switch (down.size()) {
            case 0 -> Optional.empty();
            case 1 -> Optional.of(nameOf(down.getFirst()) + " is down");
            default -> Optional.of(down.size() + " backends are down");
        };
    }

    /** As people call it. */
    public static String nameOf(Backend backend) {
        return switch (backend.key()) {
            case "temporal" -> "Temporal";
            case "mongodb" -> "MongoDB";
            case "redis" -> "Redis";
            case "s3" -> "Object storage";
            default -> "Docker";
        };
    }

    private CompletableFuture<Look> ask() {
        var mine = new CompletableFuture<Look>();
        var running = looking.compareAndExchange(null, mine);
        if (running != null) {
            return running;
        }
        Thread.ofPlatform().daemon().name("condition").start(() -> {
            try {
                mine.complete(look());
            } catch (RuntimeException e) {
                mine.completeExceptionally(e);
            } finally {
                looking.set(null);
            }
        });
        return mine;
    }

    /** Asks everything now, side by side; takes up to three seconds when something is down. */
    public Look look() {
        var temporal = aside(() -> timed(runs::serverVersion));
        var builds = aside(() -> timed(() ->
                Optional.ofNullable(info.builds() == null ? null : info.builds().get())));
        var versions = aside(state::versions);
        var active = aside(this::active);
        var health = new HashMap<String, State.Health>();
        state.health().forEach(each -> health.put(each.backend(), each));

        var engine = temporal.join();
        var building = builds.join();
        var unfinished = active.join();
        var telling = versions.join();
        var found = new Look(
                Instant.now(),
                backend(
                        "temporal",
                        info.temporal(),
                        engine.value().isPresent(),
                        engine.took(),
                        engine.value().orElse(null),
                        engine.value().isPresent() ? null : "Temporal does not answer."),
                backend("mongodb", info.mongodb(), health, telling),
                backend("redis", info.redis(), health, telling),
                backend("s3", info.s3(), health, telling),
                building.value().orElse(null),
                building.value().map(each -> docker(each, building.took())).orElse(null),
                engine.value().isPresent()
                        ? workers(
                                building.value().map(SystemInfo.Builds::slots).orElse(null),
                                unfinished.orElse(List.of()))
                        : List.of(),
                unfinished.orElse(null),
                System.nanoTime());
        known = found;
        return found;
    }

    private Optional<List<Deployment>> active() {
        try {
            return Optional.of(state.deployments().active(COUNTED));
        } catch (BackendUnavailable e) {
            return Optional.empty();
        }
    }

    private Backend backend(
            String key, SystemInfo.Backend known, Map<String, State.Health> health, Map<String, String> versions) {
        var found = health.get(key);
        return found == null
                ? backend(key, known, false, Duration.ZERO, null, null)
                : backend(key, known, found.up(), found.took(), versions.get(key), found.detail());
    }

    private Backend docker(SystemInfo.Builds builds, Duration took) {
        var isDocker = builds.mode().equals("docker");
        var address = builds.address() == null ? "processes of this machine" : builds.address();
        return backend(
                isDocker ? "docker" : "builds",
                new SystemInfo.Backend(address, !isDocker),
                builds.up(),
                took,
                null,
                builds.detail());
    }

    private Backend backend(
            String key,
            SystemInfo.Backend known,
            boolean up,
            Duration took,
            @Nullable String version,
            @Nullable String detail) {
        var health = !up ? Health.DOWN : took.compareTo(SLOW) > 0 ? Health.SLOW : Health.WELL;
        if (up) {
            downSince.remove(key);
        } else {
            downSince.putIfAbsent(key, Instant.now());
        }
        return new Backend(key, health, known.address(), known.embedded(), took, version, detail, downSince.get(key));
    }

    // --- workers ---

    private List<Worker> workers(@Nullable Integer slots, List<Deployment> active) {
        try {
            var doing = new HashMap<String, List<Deployment>>();
            active.stream()
                    .filter(Look::isBuilding)
                    .limit(ASKED_FOR)
                    .forEach(each -> runs.workerOf(each)
                            .ifPresent(worker -> doing.computeIfAbsent(worker, _ -> new ArrayList<>())
                                    .add(each)));
            var found = new ArrayList<Worker>();
            for (var poller : runs.pollers(TaskQueues.BUILDS, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)) {
                var identity = poller.getIdentity();
                found.add(new Worker(
                        identity,
                        TaskQueues.BUILDS,
                        identity.equals(me) ? slots : null,
                        List.copyOf(doing.getOrDefault(identity, List.of())),
                        poller.hasLastAccessTime() ? instant(poller.getLastAccessTime()) : null));
            }
            for (var poller : runs.pollers(TaskQueues.DEPLOYMENTS, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW)) {
                found.add(new Worker(
                        poller.getIdentity(),
                        TaskQueues.DEPLOYMENTS,
                        null,
                        List.of(),
                        poller.hasLastAccessTime() ? instant(poller.getLastAccessTime()) : null));
            }
            return List.copyOf(found);
        } catch (Runs.TemporalAway e) {
            return List.of();
        }
    }

    private static Instant instant(Timestamp time) {
        return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
    }

    private record Timed<T>(T value, Duration took) {}

    private static <T> Timed<T> timed(Supplier<T> question) {
        var start = System.nanoTime();
        var answer = question.get();
        return new Timed<>(answer, Duration.ofNanos(System.nanoTime() - start));
    }

    private static <T> CompletableFuture<T> aside(Supplier<T> question) {
        return CompletableFuture.supplyAsync(
                question, task -> Thread.ofPlatform().daemon().name("condition").start(task));
    }
}
