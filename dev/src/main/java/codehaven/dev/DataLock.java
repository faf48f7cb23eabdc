package codehaven.dev;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;

/** One owner for a directory: held by the file {@code <name>.lock} in it, and let go by the system when the owner dies. */
final class DataLock implements AutoCloseable {
    /**
     * What this program holds. A second look at a locked file would, when closed, let go of the first one's lock (POSIX), so it
     * must not even be opened.
     */
    private static final Set<Path> HELD = new HashSet<>();

    private final Path file;
    private final FileChannel channel;
    private final FileLock lock;

    private DataLock(Path file, FileChannel channel, FileLock lock) {
        this.file = file;
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * Takes the directory, which is made if it is not there.
     *
     * @throws IOException if another program has it, or this one already; the message names both
     */
    static DataLock take(Path directory, String name) throws IOException {
        Files.createDirectories(directory);
        Path file = directory.toRealPath().resolve(name + ".lock");
        synchronized (HELD) {
            if (HELD.contains(file)) {
                throw inUse(directory, Long.toString(ProcessHandle.current().pid()));
            }
            FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                FileLock lock = channel.tryLock();
                if (lock == null) {
                    ByteBuffer written = ByteBuffer.allocate(20);
                    channel.read(written, 0);
                    throw inUse(
                            directory,
                            new String(written.array(), 0, written.position(), StandardCharsets.US_ASCII).strip());
                }
                byte[] pid = (ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII);
                channel.truncate(0);
                channel.write(ByteBuffer.wrap(pid), 0);
                HELD.add(file);
                return new DataLock(file, channel, lock);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        }
    }

    private static IOException inUse(Path directory, String pid) {
        return new IOException("The directory " + directory + " is in use by process " + pid
                + ". Stop that one first, or use another directory.");
    }

    @Override
    public void close() throws IOException {
        synchronized (HELD) {
            if (HELD.remove(file)) {
                lock.release();
                channel.close();
            }
        }
    }
}
