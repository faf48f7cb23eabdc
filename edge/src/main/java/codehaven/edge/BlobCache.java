package codehaven.edge;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Blobs in memory, on disk, in storage: looked for in this order. What is fetched is kept; what is asked for by many at
 * once is fetched once; what does not fit anywhere passes through.
 */
final class BlobCache implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(BlobCache.class);
    /** Up to here a blob is held in memory as one array; above, it is read from disk piece by piece. */
    static final int SMALL = 512 * 1024;
    /** A manifest names its size nowhere; larger ones are refused. */
    private static final int LARGEST_MANIFEST = 256 * 1024 * 1024;

    /** A connection that breaks in the middle of a file is nothing special. */
    static final int ATTEMPTS = 3;

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** What is nearly here when the edge ends comes to its end; a storage that is silent is not waited for. */
    private static final Duration LAST_FILES = Duration.ofSeconds(2);

    private final Backend backend;
    private final DiskBlobs disk;
    private final Cache<BlobKey, byte[]> memory;
    private final ConcurrentHashMap<BlobKey, CompletableFuture<byte[]>> fetching = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<BlobKey, Filling> filling = new ConcurrentHashMap<>();
    private final ExecutorService fetches = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("edge-fetch-", 0).factory());
    private final Sparingly complaints = new Sparingly(Duration.ofMinutes(1));

    BlobCache(Backend backend, DiskBlobs disk, long memoryBytes) {
        this.backend = backend;
        this.disk = disk;
        this.memory = Caffeine.newBuilder()
                .maximumWeight(memoryBytes)
                .weigher((BlobKey key, byte[] bytes) -> bytes.length + 200)
                .build();
    }

    long memoryBytes() {
        return memory.policy().eviction().map(it -> it.weightedSize().orElse(0)).orElse(0L);
    }

    /** What is in memory; never waits. */
    @Nullable
    Content ready(BlobKey key) {
        var bytes = memory.getIfPresent(key);
        if (bytes == null) {
            return null;
        }
        disk.touch(key);
        return new Content.InMemory(bytes);
    }

    /**
     * The blob, from wherever it is. Blocks until it has at least begun to come.
     *
     * @throws Away if it is not here and storage does not give it
     */
    Content open(BlobKey key, long size) throws Away {
        if (size <= SMALL) {
            return new Content.InMemory(small(key, size));
        }
        try {
            var file = disk.find(key, size);
            if (file != null) {
                return new Content.OnDisk(FileChannel.open(file, StandardOpenOption.READ));
            }
        } catch (NoSuchFileException e) {
            LOG.debug("{} was evicted this moment", key);
        } catch (IOException e) {
            complain(e);
        }
        return large(key, size);
    }

    /** A manifest, which others hold in memory; blocks. */
    byte[] manifest(BlobKey key) throws Away {
        return small(key, -1);
    }

    /** What others hold in memory is in use. */
    void touch(BlobKey key) {
        disk.touch(key);
    }

    /** Whether a file of this name and size is there; it is looked into only when it is used. */
    boolean onDisk(BlobKey key, long size) {
        return disk.has(key, size);
    }

    /**
     * Brings the blob to disk; blocks until it is there.
     *
     * @throws IOException if it came, but cannot be kept
     */
    void fetch(BlobKey key, long size) throws Away, IOException {
        if (size <= SMALL) {
            fetchOnce(key, size);
            if (!disk.has(key, size)) {
                throw new IOException(key + " could not be written to disk");
            }
        } else {
            var coming = fill(key, size);
            if (coming != null) {
                coming.awaitWhole();
            }
        }
    }

    private byte[] small(BlobKey key, long size) throws Away {
        var held = memory.getIfPresent(key);
        if (held != null) {
            return held;
        }
        var bytes = kept(key, size);
        if (bytes == null) {
            bytes = fetchOnce(key, size);
        }
        if (bytes.length <= SMALL && size >= 0) {
            memory.put(key, bytes);
        }
        return bytes;
    }

    /** What is on disk; a disk that cannot be read is no reason not to ask storage. */
    private byte @Nullable [] kept(BlobKey key, long size) {
        try {
            return disk.read(key, size);
        } catch (IOException e) {
            complain(e);
            return null;
        }
    }

    private byte[] fetchOnce(BlobKey key, long size) throws Away {
        var mine = new CompletableFuture<byte[]>();
        var other = fetching.putIfAbsent(key, mine);
        if (other == null) {
            fetches.execute(() -> {
                try {
                    mine.complete(fetchNow(key, size));
                } catch (Exception e) {
                    mine.completeExceptionally(e);
                } finally {
                    fetching.remove(key, mine);
                }
            });
        }
        try {
            return (other == null ? mine : other).get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new Away(key + " cannot be had: " + e.getCause(), e.getCause());
        } catch (TimeoutException e) {
            throw new Away(key + " did not come within " + PATIENCE.toSeconds() + " seconds", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Away("interrupted", e);
        }
    }

    private byte[] fetchNow(BlobKey key, long size) throws Away, IOException {
        // Somebody else's fetch may have ended between this one's look at the disk and its turn.
        var bytes = kept(key, size);
        if (bytes != null) {
            return bytes;
        }
        for (var attempt = 1; ; attempt++) {
            try (var stream = backend.open(key)) {
                bytes = stream.readNBytes(size < 0 ? LARGEST_MANIFEST : (int) size + 1);
                if (!key.fits(bytes, size)) {
                    throw new IOException(key + " in storage is not what its name says");
                }
                break;
            } catch (IOException e) {
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
        try {
            disk.keep(key, bytes);
        } catch (IOException e) {
            complain(e);
        }
        return bytes;
    }

    private Content large(BlobKey key, long size) throws Away {
        try {
            var coming = fill(key, size);
            if (coming == null) {
                return open(key, size);
            }
            var reading = coming.reading();
            try {
                coming.awaitBegin();
                return new Content.Arriving(coming, reading);
            } catch (IOException e) {
                reading.close();
                throw e;
            }
        } catch (NoSuchFileException e) {
            LOG.debug("{} ended this moment", key);
        } catch (IOException e) {
            complain(e);
        }
        return new Content.Passing(key, size, backend.open(key));
    }

    /** The blob's way to disk, begun now if it is not on it; null if it has arrived meanwhile. */
    private @Nullable Filling fill(BlobKey key, long size) throws IOException {
        if (size > disk.capacity()) {
            throw new IOException(key + " is larger than the cache may be");
        }
        synchronized (filling) {
            var coming = filling.get(key);
            if (coming != null) {
                return coming;
            }
            if (disk.has(key, size)) {
                return null;
            }
            var begun = new Filling(key, size, disk);
            filling.put(key, begun);
            fetches.execute(() -> {
                begun.fill(() -> backend.open(key));
                filling.remove(key, begun);
            });
            return begun;
        }
    }

    /** Fetches nothing more; when it returns, nothing more is written to disk, but for files that storage is late with. */
    @Override
    public void close() {
        fetches.shutdown();
        try {
            if (!fetches.awaitTermination(LAST_FILES.toMillis(), TimeUnit.MILLISECONDS)) {
                fetches.shutdownNow();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void complain(Exception e) {
        complaints.run(() -> LOG.error("a file cannot be kept or fetched: {}", e.toString()));
    }
}
