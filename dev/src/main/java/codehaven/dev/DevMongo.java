package codehaven.dev;

import de.bwaldvogel.mongo.MongoServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.MVStoreException;
import org.jspecify.annotations.Nullable;

/**
 * A server that speaks MongoDB's protocol, on a file, on loopback. Every write is on file before its answer is sent.
 *
 * <p>It has no transactions, sessions, change streams, TTL expiry or text search. Of an index it uses the first field, for
 * equality with texts; ranges and orders read all documents.
 */
public final class DevMongo implements AutoCloseable {
    /** A connection's commands run on its thread and wait there for their commit; these many wait side by side. */
    private static final int THREADS = 32;

    /** Documents beyond it are read from the file and taken apart anew each time that all are looked through. */
    private static final int CACHE_MB = 64;

    private final Path file;
    private int port;
    private @Nullable MongoServer server;

    private DevMongo(Path file, int port) {
        this.file = file;
        this.port = port;
    }

    /** Starts one on a free port that keeps its data in the directory. */
    public static DevMongo start(Path directory) throws IOException {
        return start(directory, 0);
    }

    /**
     * Starts one that keeps its data in the directory.
     *
     * @param port 0 for a free one
     * @throws IOException if another program uses the directory or the port
     */
    public static DevMongo start(Path directory, int port) throws IOException {
        Files.createDirectories(directory);
        DevMongo mongo = new DevMongo(directory.resolve("mongo.mv"), port);
        mongo.start();
        return mongo;
    }

    /** {@code mongodb://127.0.0.1:port}, without a database. */
    public String uri() {
        return "mongodb://127.0.0.1:" + port;
    }

    /** {@code mongodb://127.0.0.1:port/database}. */
    public String uri(String database) {
        return uri() + "/" + database;
    }

    public int port() {
        return port;
    }

    /** Takes it away; {@link #start()} brings it back with its data on the same port. */
    public synchronized void stop() {
        MongoServer running = server;
        server = null;
        if (running != null) {
            running.shutdownNow();
        }
    }

    /** Brings it back after {@link #stop()}. */
    public synchronized void start() throws IOException {
        if (server != null) {
            return;
        }
        MVStore store;
        try {
            // What is committed, and when, is DurableBackend's to say: never half a command.
            store = new MVStore.Builder()
                    .fileName(file.toString())
                    .autoCommitDisabled()
                    .autoCommitBufferSize(0)
                    .cacheSize(CACHE_MB)
                    .open();
        } catch (MVStoreException e) {
            throw new IOException("Cannot open " + file + ": " + e.getMessage(), e);
        }
        MongoServer starting = new MongoServer(new DurableBackend(store));
        try {
            starting.bind(Programs.loopback(port), 1, THREADS);
        } catch (RuntimeException e) {
            throw new IOException("The MongoDB server cannot listen on 127.0.0.1:" + port + ": " + e.getMessage(), e);
        }
        port = starting.getLocalAddress().getPort();
        server = starting;
    }

    @Override
    public void close() {
        stop();
    }
}
