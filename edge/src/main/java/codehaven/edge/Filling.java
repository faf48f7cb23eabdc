package codehaven.edge;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HexFormat;
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

    /** Takes all bytes from the stream; returns when the blob is on disk, or could not be had, which the readers learn. */
    void fill(Callable<InputStream> from) {
        try (writing;
                var bytes = from.call()) {
            copy(bytes);
            disk.adopt(key, file, size);
            advance(size, true);
        } catch (Exception e) {
            LOG.warn("{} cannot be fetched: {}", key, e.toString());
            fail(e);
        }
    }

    private void copy(InputStream bytes) throws IOException {
        var digest = BlobKey.newDigest();
        var buffer = new byte[BUFFER];
        var count = 0L;
        for (int n; (n = bytes.read(buffer)) >= 0; ) {
            digest.update(buffer, 0, n);
            for (var rest = ByteBuffer.wrap(buffer, 0, n); rest.hasRemaining(); ) {
                writing.write(rest);
            }
            count += n;
            if (count > size) {
                throw new IOException(key + " in storage is longer than " + size + " bytes");
            }
            advance(Math.min(count, size - 1), false);
        }
        if (count != size) {
            throw new IOException(key + " in storage has " + count + " bytes instead of " + size);
        }
        if (key.suffix() == null && !HexFormat.of().formatHex(digest.digest()).equals(key.sha256())) {
            throw new IOException(key + " in storage has other content than its name says");
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
