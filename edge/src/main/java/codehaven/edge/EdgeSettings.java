package codehaven.edge;

import java.nio.file.Path;
import java.time.Duration;

/**
 * How the edge listens and what it may keep.
 *
 * @param bind the address to listen on, such as {@code 127.0.0.1} or {@code 0.0.0.0}
 * @param port 0 means any free one
 * @param data a directory that is the edge's own
 * @param memoryBytes at most so many bytes of files are kept in memory
 * @param diskBytes at most so many bytes of files are kept on disk
 * @param connections at most so many at once; more are closed as they come
 * @param times how long a connection may take for what
 */
public record EdgeSettings(
        String bind, int port, Path data, long memoryBytes, long diskBytes, int connections, Times times) {

    private static final long MIB = 1024 * 1024;

    public EdgeSettings {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("the edge's port is 0 to 65535, not " + port);
        }
        if (memoryBytes < 0 || diskBytes < 0) {
            throw new IllegalArgumentException("the edge's caches cannot be smaller than nothing");
        }
    }

    /** 64 MiB in memory, 10 GiB on disk, 20,000 connections. */
    public static EdgeSettings of(String bind, int port, Path data) {
        return new EdgeSettings(bind, port, data, 64 * MIB, 10 * 1024 * MIB, 20_000, Times.USUAL);
    }

    public EdgeSettings withCaches(long memoryBytes, long diskBytes) {
        return new EdgeSettings(bind, port, data, memoryBytes, diskBytes, connections, times);
    }

    public EdgeSettings withConnections(int connections) {
        return new EdgeSettings(bind, port, data, memoryBytes, diskBytes, connections, times);
    }

    public EdgeSettings withTimes(Times times) {
        return new EdgeSettings(bind, port, data, memoryBytes, diskBytes, connections, times);
    }

    /**
     * How long a connection may take.
     *
     * @param request to send a request, from its first byte (or the connection's beginning) to its last
     * @param idle between two requests
     * @param stall to take the next 256 KiB of an answer
     * @param drain to end by itself after the server was told to close
     */
    public record Times(Duration request, Duration idle, Duration stall, Duration drain) {
        public static final Times USUAL = new Times(
                Duration.ofSeconds(10), Duration.ofSeconds(60), Duration.ofSeconds(60), Duration.ofSeconds(5));
    }
}
