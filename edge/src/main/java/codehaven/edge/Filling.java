package codehaven.edge;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One large blob on its way from storage to disk, read by visitors while it grows. Its last bytes are held back until
 * the whole is known to be right, so that nobody gets a complete answer with wrong bytes.
 */
final class Filling {

    private static final Logger LOG = LoggerFactory.getLogger(Filling.class);

    private static final int BUFFER = 128 * 1024;
    /** Without a byte for so long, a visitor's answer is broken off. */
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final BlobKey key;
    private final long size;
    private final DiskBlobs disk;
    private final Path file;
    private final FileChannel writing;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition moved = lock.newCondition();
    private long readable;
    private boolean whole;
    private @Nullable Exception failure;

    /**
     * @throws IOException if there is no writing to disk
     */
    Filling(BlobKey key, long size, DiskBlobs disk) throws IOException {
        this.key = key;
        this.size = size;
        this.disk = disk;
        this.file = disk.temporary();
        this.writing = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    /** Takes all bytes; returns when the blob is on disk, or could not be had, which the readers learn. */
    void fill(Callable<InputStream> from) {
        try (writing) {
            copy(from);
            disk.adopt(key, file, size);
            advance(size, true);
        } catch (Exception e) {
            LOG.warn("{} cannot be fetched: {}", key, e.toString());
            fail(e);
        }
    }

    private void copy(Callable<InputStream> from) throws Exception {
        var digest = BlobKey.newDigest();
        var buffer = new byte[BUFFER];
        var count = 0L;
        for (var attempt = 1; count < size; attempt++) {
            try (var bytes = from.call()) {
                skip(bytes, count);
                for (int n; (n = read(bytes, buffer)) >= 0; ) {
                    count += n;
                    if (count > size) {
                        throw new IllegalStateException(key + " in storage is longer than " + size + " bytes");
                    }
                    digest.update(buffer, 0, n);
                    write(ByteBuffer.wrap(buffer, 0, n));
                    advance(Math.min(count, size - 1), false);
                }
                if (count < size) {
                    throw new Broken(new EOFException("it ended after " + count + " of " + size + " bytes"));
                }
            } catch (Broken e) {
                if (attempt == BlobCache.ATTEMPTS) {
                    throw e;
                }
            }
        }
        if (!key.isOf(digest.digest())) {
            throw new IllegalStateException(key + " in storage has other content than its name says");
        }
    }

    private static int read(InputStream bytes, byte[] buffer) throws Broken {
        try {
            return bytes.read(buffer);
        } catch (IOException e) {
            throw new Broken(e);
        }
    }

    private static void skip(InputStream bytes, long count) throws Broken {
        try {
            bytes.skipNBytes(count);
        } catch (IOException e) {
            throw new Broken(e);
        }
    }

    private void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            writing.write(bytes);
        }
    }

    /** Storage stopped sending, unlike a disk that stopped taking: worth another attempt. */
    private static final class Broken extends IOException {
        private static final long serialVersionUID = 1;

        Broken(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }

    private void fail(Exception cause) {
        lock.lock();
        try {
            failure = cause;
            moved.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.error("cannot remove {}: {}", file, e.toString());
        }
    }

    private void advance(long to, boolean isWhole) {
        lock.lock();
        try {
            readable = to;
            whole = isWhole;
            moved.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** For reading what is there and will be. */
    FileChannel reading() throws IOException {
        return FileChannel.open(file, StandardOpenOption.READ);
    }

    /** Waits until it is known whether storage has it at all. */
    void awaitBegin() throws IOException {
        await(0);
    }

    /** Waits for the end. */
    void awaitWhole() throws IOException {
        await(size - 1);
    }

    /** How many bytes can be read from the position on, at least one; waits for it. */
    long await(long position) throws IOException {
        lock.lock();
        try {
            var seen = readable;
            var left = PATIENCE.toNanos();
            while (readable <= position && !whole) {
                if (failure != null) {
                    throw new IOException("could not be had from storage: " + failure.getMessage(), failure);
                }
                left = moved.awaitNanos(left);
                if (readable != seen) {
                    seen = readable;
                    left = PATIENCE.toNanos();
                } else if (left <= 0) {
                    throw new IOException("storage sent nothing for " + PATIENCE.toSeconds() + " seconds");
                }
            }
            return readable - position;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            lock.unlock();
        }
    }
}
