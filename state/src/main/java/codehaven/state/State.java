package codehaven.state;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.redisson.api.RedissonClient;
import org.redisson.api.redisnode.RedisNode;
import org.redisson.api.redisnode.RedisNodes;
import org.redisson.client.RedisException;
import org.redisson.client.codec.StringCodec;

/** Everything that outlives a process, opened once and shared. */
public final class State implements AutoCloseable {

    /** Backends are often started at the same time as we are. */
    private static final Duration STARTING = Duration.ofSeconds(30);

    private static final Duration BETWEEN_TRIES = Duration.ofMillis(250);
    private static final long HEALTH_MILLIS = 2_000;

    /** Platform threads: classes are loaded here, which virtual ones must not wait for all at once. */
    private static final Executor THREADS =
            task -> Thread.ofPlatform().daemon().name("state").start(task);

    private final Mongo mongo;
    private final RedissonClient redis;
    private final Blobs blobs;
    private final String redisAddress;
    private final Projects projects;
    private final Variables variables;
    private final Deployments deployments;
    private final Sites sites;
    private final Apps apps;
    private final RuntimeLogs runtimeLogs;
    private final AppFigures appFigures;
    private final Keepers keepers;
    private final Timeline timeline;
    private final StatusBus bus;
    private final Leases leases;
    private final Idempotency idempotency;
    private final AtomicBoolean closed = new AtomicBoolean();

    private State(Mongo mongo, RedissonClient redis, String redisAddress, Blobs blobs, SecretBox box) {
        this.mongo = mongo;
        this.redis = redis;
        this.redisAddress = redisAddress;
        this.blobs = blobs;
        projects = new Projects(mongo);
        variables = new Variables(mongo, box);
        deployments = new Deployments(mongo, projects);
        sites = new Sites(mongo, System::nanoTime);
        apps = new Apps(mongo, box);
        runtimeLogs = new RuntimeLogs(mongo);
        appFigures = new AppFigures(mongo);
        keepers = new Keepers(mongo);
        timeline = new Timeline(mongo, deployments, blobs);
        bus = new StatusBus(redis);
        leases = new Leases(redis);
        idempotency = new Idempotency(mongo, Clock.systemUTC());
    }

    /**
     * Opens the clients, side by side; creates indexes and the bucket where they are missing. Waits up to 30 seconds for
     * backends that are still starting.
     *
     * @throws IllegalStateException with one sentence that names the setting of the backend that cannot be reached or
     *     refuses
     */
    public static State open(StateSettings settings) {
        return open(settings, STARTING);
    }

    static State open(StateSettings settings, Duration patience) {
        var box = SecretBox.of(settings.secretKey());
        var redisAddress = Redis.address(settings.redis());
        var blobs = Blobs.of(settings);
        Mongo mongo;
        try {
            mongo = Mongo.of(settings.mongodb());
        } catch (RuntimeException e) {
            blobs.close();
            throw e;
        }
        var until = System.nanoTime() + patience.toNanos();
        var database = CompletableFuture.runAsync(
                () -> tried(until, () -> {
                    mongo.ping();
                    mongo.createIndexes();
                    return true;
                }),
                THREADS);
        var storage = CompletableFuture.runAsync(
                () -> tried(until, () -> {
                    blobs.ensureBucket();
                    return true;
                }),
                THREADS);
        var redis = CompletableFuture.supplyAsync(() -> connected(settings.redis(), redisAddress, until), THREADS);
        try {
            waitFor(database, "MongoDB at " + mongo.address() + " (CODEHAVEN_MONGODB)");
            waitFor(storage, "the storage at " + blobs.address() + " (CODEHAVEN_S3_ENDPOINT)");
            waitFor(redis, "Redis at " + redisAddress + " (CODEHAVEN_REDIS)");
            return new State(mongo, redis.join(), redisAddress, blobs, box);
        } catch (RuntimeException e) {
            mongo.close();
            blobs.close();
            // It may still be connecting; nobody waits for that.
            var _ = redis.thenAccept(RedissonClient::shutdown);
            throw e;
        }
    }

    private static <T> T tried(long until, Supplier<T> attempt) {
        while (true) {
            try {
                return attempt.get();
            } catch (BackendUnavailable | RedisException e) {
                if (System.nanoTime() > until) {
                    throw e;
                }
            }
            try {
                Thread.sleep(BETWEEN_TRIES);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while a backend was awaited", e);
            }
        }
    }

    private static RedissonClient connected(String uri, String address, long until) {
        return tried(until, () -> {
            try {
                return Redis.connect(uri);
            } catch (RedisException e) {
                var refusal = refusal(e);
                if (refusal == null) {
                    throw e;
                }
                throw new IllegalStateException(
                        "Redis at " + address + " (CODEHAVEN_REDIS) refuses the user or password: " + refusal + ".", e);
            }
        });
    }

    private static @Nullable String refusal(Throwable thrown) {
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            var message = String.valueOf(each.getMessage());
            for (var code : List.of("NOAUTH", "WRONGPASS", "ERR invalid password", "ERR AUTH", "NOPERM")) {
                if (message.contains(code)) {
                    return code;
                }
            }
        }
        return null;
    }

    private static void waitFor(CompletableFuture<?> opening, String backend) {
        try {
            opening.join();
        } catch (CompletionException e) {
            var cause = e.getCause() == null ? e : e.getCause();
            switch (cause) {
                case IllegalStateException refused -> throw new IllegalStateException(refused.getMessage(), refused);
                case BackendUnavailable away ->
                    throw new IllegalStateException(
                            capitalised(backend) + " is not there: start it, or correct the setting. "
                                    + away.getMessage(),
                            away);
                case RedisException away ->
                    throw new IllegalStateException(
                            capitalised(backend) + " is not there: start it, or correct the setting.", away);
                default -> throw new IllegalStateException(capitalised(backend) + " could not be opened.", cause);
            }
        }
    }

    private static String capitalised(String text) {
        return Character.toUpperCase(text.charAt(0)) + text.substring(1);
    }

    public Projects projects() {
        return projects;
    }

    public Variables variables() {
        return variables;
    }

    public Deployments deployments() {
        return deployments;
    }

    public Sites sites() {
        return sites;
    }

    public Apps apps() {
        return apps;
    }

    public RuntimeLogs runtimeLogs() {
        return runtimeLogs;
    }

    public AppFigures appFigures() {
        return appFigures;
    }

    public Keepers keepers() {
        return keepers;
    }

    public Timeline timeline() {
        return timeline;
    }

    public StatusBus bus() {
        return bus;
    }

    public Leases leases() {
        return leases;
    }

    public Blobs blobs() {
        return blobs;
    }

    public Idempotency idempotency() {
        return idempotency;
    }

    /** How each backend is, by asking it now; at most two seconds each, side by side. */
    public List<Health> health() {
        var asked = List.of(
                asked("mongodb", mongo::ping, "MongoDB at " + mongo.address()),
                asked(
                        "redis",
                        () -> redis.getBucket("codehaven:health", StringCodec.INSTANCE)
                                .isExists(),
                        "Redis at " + redisAddress),
                asked("s3", blobs::ping, "The storage at " + blobs.address()));
        var health = new ArrayList<Health>();
        for (var each : asked) {
            health.add(each.join());
        }
        return List.copyOf(health);
    }

    /** The versions of the servers that tell one, by the names that {@link Health} has; at most two seconds. */
    public Map<String, String> versions() {
        var asked = Map.<String, Supplier<String>>of(
                "mongodb",
                mongo::version,
                "redis",
                () -> redis.getRedisNodes(RedisNodes.SINGLE)
                        .getInstance()
                        .info(RedisNode.InfoSection.SERVER)
                        .getOrDefault("redis_version", ""));
        var answers = new TreeMap<String, CompletableFuture<String>>();
        asked.forEach((backend, question) -> answers.put(
                backend,
                CompletableFuture.supplyAsync(question, THREADS)
                        .orTimeout(HEALTH_MILLIS, TimeUnit.MILLISECONDS)
                        .exceptionally(_ -> "")));
        var versions = new TreeMap<String, String>();
        answers.forEach((backend, answer) -> {
            if (!answer.join().isEmpty()) {
                versions.put(backend, answer.join());
            }
        });
        return versions;
    }

    private static CompletableFuture<Health> asked(String backend, Runnable question, String name) {
        var start = System.nanoTime();
        return CompletableFuture.runAsync(question, THREADS)
                .orTimeout(HEALTH_MILLIS, TimeUnit.MILLISECONDS)
                .handle((_, problem) -> {
                    var took = Duration.ofNanos(System.nanoTime() - start);
                    return problem == null
                            ? new Health(backend, true, took, null)
                            : new Health(backend, false, took, detail(name, problem));
                });
    }

    private static String detail(String name, Throwable problem) {
        var cause = problem instanceof CompletionException && problem.getCause() != null ? problem.getCause() : problem;
        return switch (cause) {
            case BackendUnavailable away -> String.valueOf(away.getMessage());
            case TimeoutException _ -> name + " did not answer within two seconds.";
            default -> name + " cannot be reached.";
        };
    }

    /**
     * @param backend {@code mongodb}, {@code redis} or {@code s3}
     * @param took how long it took to answer, or to be given up
     * @param detail one sentence, where it is not up
     */
    public record Health(
            String backend,
            boolean up,
            Duration took,
            @Nullable String detail) {}

    /** May be called twice. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            bus.close();
            redis.shutdown(0, 2, TimeUnit.SECONDS);
            blobs.close();
            mongo.close();
        }
    }
}
