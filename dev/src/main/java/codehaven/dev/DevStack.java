package codehaven.dev;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Those backends that no setting points elsewhere, under one data directory with one owner, started side by side. */
public final class DevStack implements AutoCloseable {
    /** What can be started. */
    public enum Part {
        TEMPORAL,
        MONGODB,
        REDIS,
        S3
    }

    /**
     * What is to be started, and where.
     *
     * @param data the directory that everything lives in; made if it is not there
     * @param parts may be empty: then only the directory is taken
     * @param searchAttributes names of Temporal search attributes of type Keyword
     * @param temporalProgram what {@code CODEHAVEN_TEMPORAL_CLI} says, or null
     * @param bucket made in S3 unless it is there
     * @param progress takes lines for a person when something takes a while; called by several threads
     */
    public record Plan(
            Path data,
            Set<Part> parts,
            List<String> searchAttributes,
            @Nullable Path temporalProgram,
            String bucket,
            Consumer<String> progress) {
        public Plan {
            parts = Set.copyOf(parts);
            searchAttributes = List.copyOf(searchAttributes);
        }

        /** All four, the program found by itself, the bucket {@code codehaven}, nothing told. */
        public static Plan everything(Path data, List<String> searchAttributes) {
            return new Plan(data, Set.of(Part.values()), searchAttributes, null, "codehaven", line -> {});
        }
    }

    private final Path data;
    private final DataLock lock;
    /** In the order in which they came up. */
    private final Deque<AutoCloseable> running = new ArrayDeque<>();

    private final Map<Part, Duration> took = new EnumMap<>(Part.class);
    private final Map<Part, AutoCloseable> parts = new EnumMap<>(Part.class);

    private DevStack(Path data, DataLock lock) {
        this.data = data;
        this.lock = lock;
    }

    /**
     * Takes the data directory and starts what is asked for; when one part does not come up, none stays.
     *
     * @throws IOException if another instance has the directory (the message names both), or a part does not start
     */
    public static DevStack start(Plan plan) throws IOException, InterruptedException {
        DevStack stack = new DevStack(plan.data().toAbsolutePath(), DataLock.take(plan.data(), "codehaven"));
        try {
            stack.startAll(plan);
            return stack;
        } catch (IOException | InterruptedException | RuntimeException e) {
            try {
                stack.close();
            } catch (IOException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
    }

    private void startAll(Plan plan) throws IOException, InterruptedException {
        Map<Part, Future<?>> starting = new EnumMap<>(Part.class);
        // Platform threads: what they run loads many classes, and that pins virtual ones.
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().name("start-", 0).factory())) {
            for (Part part : plan.parts()) {
                starting.put(part, threads.submit(() -> launch(part, plan)));
            }
        } // closing waits for all of them, so that nothing comes up after a failure
        for (Map.Entry<Part, Future<?>> one : starting.entrySet()) {
            try {
                one.getValue().get();
            } catch (ExecutionException e) {
                Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
                throw new IOException(
                        "The embedded " + title(one.getKey()) + " does not start: " + cause.getMessage(), cause);
            }
        }
    }

    private @Nullable Void launch(Part part, Plan plan) throws Exception {
        long began = System.nanoTime();
        Path directory = data.resolve(
                switch (part) {
                    case TEMPORAL -> "temporal";
                    case MONGODB -> "mongodb";
                    case REDIS -> "redis";
                    case S3 -> "s3";
                });
        Callable<AutoCloseable> start = switch (part) {
            case TEMPORAL ->
                () -> DevTemporal.start(DevTemporal.Plan.of(directory, plan.searchAttributes())
                        .withUsualPorts()
                        .withProgram(plan.temporalProgram())
                        .withProgress(plan.progress()));
            case MONGODB -> () -> DevMongo.start(directory);
            case REDIS -> () -> DevRedis.start(directory);
            case S3 -> () -> startS3(directory, plan.bucket());
        };
        AutoCloseable started = start.call();
        synchronized (this) {
            running.addLast(started);
            parts.put(part, started);
            took.put(part, Duration.ofNanos(System.nanoTime() - began));
        }
        return null;
    }

    private DevS3 startS3(Path directory, String bucket) throws IOException {
        Files.createDirectories(directory);
        DevS3 s3 = DevS3.start(directory.resolve("objects"), "codehaven", secret(directory));
        try {
            s3.createBucket(bucket);
            return s3;
        } catch (IOException | RuntimeException e) {
            s3.close();
            throw e;
        }
    }

    /** A secret key that stays the same, readable by this user only. */
    private static String secret(Path directory) throws IOException {
        Path file = directory.resolve("secret");
        if (!Files.exists(file)) {
            byte[] random = new byte[24];
            new SecureRandom().nextBytes(random);
            Path temporary = directory.resolve("secret.new");
            Files.deleteIfExists(temporary);
            Files.createFile(
                    temporary, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(temporary, HexFormat.of().formatHex(random));
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        }
        return Files.readString(file).strip();
    }

    private static String title(Part part) {
        return switch (part) {
            case TEMPORAL -> "Temporal server";
            case MONGODB -> "MongoDB server";
            case REDIS -> "Redis server";
            case S3 -> "S3 server";
        };
    }

    /**
     * @throws NoSuchElementException if it was not asked for
     */
    public DevTemporal temporal() {
        return part(Part.TEMPORAL, DevTemporal.class);
    }

    /**
     * @throws NoSuchElementException if it was not asked for
     */
    public DevMongo mongo() {
        return part(Part.MONGODB, DevMongo.class);
    }

    /**
     * @throws NoSuchElementException if it was not asked for
     */
    public DevRedis redis() {
        return part(Part.REDIS, DevRedis.class);
    }

    /**
     * @throws NoSuchElementException if it was not asked for
     */
    public DevS3 s3() {
        return part(Part.S3, DevS3.class);
    }

    private synchronized <T> T part(Part part, Class<T> type) {
        AutoCloseable found = parts.get(part);
        if (found == null) {
            throw new NoSuchElementException("The embedded " + title(part) + " was not asked for");
        }
        return type.cast(found);
    }

    /** What runs, and how long each took until it served. */
    public synchronized Map<Part, Duration> took() {
        return Collections.unmodifiableMap(new EnumMap<>(took));
    }

    public Path data() {
        return data;
    }

    /** Stops all, the last one that came up first, and lets the directory go. A part that does not stop hinders no other. */
    @Override
    public synchronized void close() throws IOException {
        IOException failure = null;
        while (!running.isEmpty()) {
            try {
                running.removeLast().close();
            } catch (Exception e) {
                IOException next = e instanceof IOException io ? io : new IOException(e);
                if (failure == null) {
                    failure = next;
                } else {
                    failure.addSuppressed(next);
                }
            }
        }
        lock.close();
        if (failure != null) {
            throw failure;
        }
    }
}
