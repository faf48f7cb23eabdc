package codehaven.api;

import java.net.URI;
import java.nio.file.Path;
import java.time.Instant;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What only the program that starts the server knows of its surroundings, for {@code GET /v1/system}.
 *
 * @param version of CodeHaven
 * @param temporalUi where the workflow console is, when there is one
 * @param builds how this process builds; asked anew each time; null when this process has no worker
 * @param data where this program keeps its data, when it keeps any
 * @param startedAt when this program began
 * @param registry where images of apps are pushed to; null when they stay on the engine that built them
 */
public record SystemInfo(
        String version,
        Backend temporal,
        @Nullable URI temporalUi,
        Backend mongodb,
        Backend redis,
        Backend s3,
        @Nullable Supplier<Builds> builds,
        @Nullable Path data,
        Instant startedAt,
        @Nullable Registry registry) {

    /** Of a program without a registry. */
    public SystemInfo(
            String version,
            Backend temporal,
            @Nullable URI temporalUi,
            Backend mongodb,
            Backend redis,
            Backend s3,
            @Nullable Supplier<Builds> builds,
            @Nullable Path data,
            Instant startedAt) {
        this(version, temporal, temporalUi, mongodb, redis, s3, builds, data, startedAt, null);
    }

    /** Of a program that begins now and keeps no data. */
    public SystemInfo(
            String version,
            Backend temporal,
            @Nullable URI temporalUi,
            Backend mongodb,
            Backend redis,
            Backend s3,
            @Nullable Supplier<Builds> builds) {
        this(version, temporal, temporalUi, mongodb, redis, s3, builds, null, Instant.now());
    }

    /**
     * A backend.
     *
     * @param address without user and password
     * @param embedded whether it was started by, and lives with, this program
     */
    public record Backend(String address, boolean embedded) {}

    /**
     * Where images of apps are kept.
     *
     * @param address without user and password
     * @param user who pushes, where one is set
     */
    public record Registry(String address, @Nullable String user) {}

    /**
     * How builds are walled off here.
     *
     * @param mode {@code docker} or {@code process}
     * @param address the Docker engine's, where there is one
     * @param up whether builds can run now
     * @param detail one sentence, such as the engine's version or why it cannot be reached
     * @param slots how many builds run at once
     */
    public record Builds(
            String mode,
            @Nullable String address,
            boolean up,
            @Nullable String detail,
            int slots) {}
}
