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
 * @param apps how long apps may take for what
 */
public record EdgeSettings(
        String bind,
        int port,
        Path data,
        long memoryBytes,
        long diskBytes,
        int connections,
        Times times,
        AppTimes apps) {

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
        return new EdgeSettings(bind, port, data, 64 * MIB, 10 * 1024 * MIB, 20_000, Times.USUAL, AppTimes.USUAL);
    }

    public EdgeSettings withCaches(long memoryBytes, long diskBytes) {
        return new EdgeSettings(bind, port, data, memoryBytes, diskBytes, connections, times, apps);
    }

    public EdgeSettings withConnections(int connections) {
        return new EdgeSettings(bind, port, data, memoryBytes, diskBytes, connections, times, apps);
    }

    public EdgeSettings withTimes(Times times) {
        return new EdgeSettings(bind, port, data, memoryBytes, diskBytes, connections, times, apps);
    }

    public EdgeSettings withApps(AppTimes apps) {
        return new EdgeSettings(bind, port, data, memoryBytes, diskBytes, connections, times, apps);
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

    /**
     * How long apps may take. A time is tuned for people who wait: what takes longer than they do is not waited for.
     *
     * @param connect to take a connection: on one machine or in one data centre it is there within milliseconds or not
     *     at all
     * @param answer from the last byte of the request until the head of the answer
     * @param stream without a byte in either direction, of an answer under way or a connection of another protocol;
     *     long, because who keeps one open may have nothing to say for a while
     * @param wake for one that sleeps to be reachable: an image may have to be fetched, and a large app starts slowly
     * @param heal for one to be reachable again none of whose addresses takes a connection: a container that restarts
     * @param probe between two attempts to reach such a one
     * @param aside an address that took no connection is the last to be tried for so long
     * @param idle a connection is kept for further requests: less than the five seconds after which Node closes it
     * @param use between two reports of which apps are used
     */
    public record AppTimes(
            Duration connect,
            Duration answer,
            Duration stream,
            Duration wake,
            Duration heal,
            Duration probe,
            Duration aside,
            Duration idle,
            Duration use) {
        public static final AppTimes USUAL = new AppTimes(
                Duration.ofSeconds(2),
                Duration.ofSeconds(60),
                Duration.ofHours(1),
                Duration.ofSeconds(60),
                Duration.ofSeconds(30),
                Duration.ofMillis(250),
                Duration.ofSeconds(3),
                Duration.ofSeconds(4),
                Duration.ofSeconds(3));
    }
}
