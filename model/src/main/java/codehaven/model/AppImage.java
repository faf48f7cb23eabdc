package codehaven.model;

import org.jspecify.annotations.Nullable;

/**
 * The image of a dynamic app, fixed for ever.
 *
 * @param reference what an engine runs: {@code name@sha256:…} where it is in a registry, else the id of a local image
 * @param tag how people find it: {@code <name>:<deployment id>}
 * @param digest in the registry; absent where none is configured, so that only the engine that built it has it
 * @param port it listens on; it is told by {@code PORT}
 * @param bytes of its layers, uncompressed
 */
public record AppImage(
        String reference, String tag, @Nullable String digest, int port, long bytes) {}
