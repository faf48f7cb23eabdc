package codehaven.edge;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Comparator;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Blobs as files, up to a number of bytes; what was not used for longest goes first. A file appears under its name only
 * when it is whole, and one that is not what its name says is removed.
 */
final class DiskBlobs {

    private static final Logger LOG = LoggerFactory.getLogger(DiskBlobs.class);
    private static final Duration TOUCH = Duration.ofMinutes(10);

    private final Path blobs;
    private final Path temporary;
    private final long capacity;
    private final ConcurrentHashMap<BlobKey, Entry> entries = new ConcurrentHashMap<>();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong names = new AtomicLong();

    private static final class Entry {
        final long size;
        volatile long usedAt;
        volatile boolean verified;

        Entry(long size, long usedAt) {
            this.size = size;
            this.usedAt = usedAt;
        }
    }

    DiskBlobs(Path dir, long capacity) throws IOException {
        this.blobs = Files.createDirectories(dir.resolve("blobs"));
        this.temporary = Files.createDirectories(dir.resolve("tmp"));
        this.capacity = capacity;
        try (var left = Files.newDirectoryStream(temporary)) {
            for (var file : left) {
                Files.deleteIfExists(file);
            }
        }
    }

    long capacity() {
        return capacity;
    }

    long bytes() {
        return bytes.get();
    }

    /** Counts what is there from earlier. Nothing waits for it: a blob is found by its file, not by the count. */
    void count() {
        try (var files = Files.walk(blobs, 2)) {
            files.filter(Files::isRegularFile).forEach(this::count);
        } catch (IOException | UncheckedIOException e) {
            LOG.error("cannot read the cache in {}: {}", blobs, e.toString());
        }
        shrink();
    }

    private void count(Path file) {
        try {
            var key = BlobKey.parse(file.getFileName().toString());
            if (!entries.containsKey(key)) {
                enter(key, Files.size(file), Files.getLastModifiedTime(file).toMillis());
            }
        } catch (IllegalArgumentException e) {
            LOG.warn("not a blob, left alone: {}", file);
        } catch (IOException e) {
            LOG.debug("gone while counting: {}", file);
        }
    }

    /** What is used from memory is in use here, too. */
    void touch(BlobKey key) {
        var entry = entries.get(key);
        if (entry != null) {
            entry.usedAt = System.currentTimeMillis();
        }
    }

    /**
     * The file of the blob, if it is there and right.
     *
     * @param size in bytes, or -1 if it is not known
     */
    @Nullable
    Path find(BlobKey key, long size) throws IOException {
        var file = file(key);
        var entry = entry(key, file);
        if (entry == null) {
            return null;
        }
        var right = size < 0 || entry.size == size;
        if (right && !entry.verified && key.suffix() == null) {
            right = key.isOf(digest(file));
        }
        if (!right) {
            LOG.warn("removed {} from the cache: it is not what its name says", key);
            remove(key);
            return null;
        }
        entry.verified = true;
        return file;
    }

    /** The bytes of the blob, if they are there and right. */
    byte @Nullable [] read(BlobKey key, long size) throws IOException {
        var file = file(key);
        if (entry(key, file) == null) {
            return null;
        }
        byte[] content;
        try {
            content = Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            return null;
        }
        if (!key.fits(content, size)) {
            LOG.warn("removed {} from the cache: it is not what its name says", key);
            remove(key);
            return null;
        }
        return content;
    }

    boolean has(BlobKey key, long size) {
        try {
            var there = Files.size(file(key));
            return size < 0 || there == size;
        } catch (IOException e) {
            return false;
        }
    }

    private @Nullable Entry entry(BlobKey key, Path file) throws IOException {
        try {
            var size = Files.size(file);
            var now = System.currentTimeMillis();
            var entry = entries.get(key);
            if (entry == null || entry.size != size) {
                entry = enter(key, size, now);
            }
            if (now - entry.usedAt > TOUCH.toMillis()) {
                Files.setLastModifiedTime(file, FileTime.fromMillis(now));
            }
            entry.usedAt = now;
            return entry;
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private Entry enter(BlobKey key, long size, long usedAt) {
        var entry = new Entry(size, usedAt);
        var before = entries.put(key, entry);
        bytes.addAndGet(size - (before == null ? 0 : before.size));
        return entry;
    }

    /** A new file to write to, to be adopted or deleted. */
    Path temporary() {
        return temporary.resolve(ProcessHandle.current().pid() + "-" + names.incrementAndGet());
    }

    void keep(BlobKey key, byte[] content) throws IOException {
        var fresh = temporary();
        try {
            Files.write(fresh, content);
            adopt(key, fresh, content.length);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    /** Takes over a whole and verified file. */
    void adopt(BlobKey key, Path fresh, long size) throws IOException {
        var file = file(key);
        Files.createDirectories(file.getParent());
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        enter(key, size, System.currentTimeMillis()).verified = true;
        shrink();
    }

    void remove(BlobKey key) throws IOException {
        Files.deleteIfExists(file(key));
        var entry = entries.remove(key);
        if (entry != null) {
            bytes.addAndGet(-entry.size);
        }
    }

    /** When there is too much, makes some room at once rather than a little each time. */
    private synchronized void shrink() {
        if (bytes.get() <= capacity) {
            return;
        }
        var goal = capacity - capacity / 20;
        var oldest = entries.entrySet().stream()
                .sorted(Comparator.comparingLong(each -> each.getValue().usedAt))
                .map(java.util.Map.Entry::getKey)
                .toList();
        for (var key : oldest) {
            if (bytes.get() <= goal) {
                return;
            }
            try {
                remove(key);
            } catch (IOException e) {
                LOG.error("cannot remove {} from the cache: {}", key, e.toString());
            }
        }
    }

    private Path file(BlobKey key) {
        return blobs.resolve(key.sha256().substring(0, 2)).resolve(key.text());
    }

    private static byte[] digest(Path file) throws IOException {
        var digest = BlobKey.newDigest();
        try (var in = Files.newInputStream(file)) {
            var buffer = new byte[128 * 1024];
            for (int n; (n = in.read(buffer)) >= 0; ) {
                digest.update(buffer, 0, n);
            }
        }
        return digest.digest();
    }
}
