package codehaven.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** One program a data directory: held as long as the process lives, gone with it however it ends. */
final class InstanceLock implements AutoCloseable {

    private final FileChannel channel;

    private InstanceLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * @throws WrongSetting if another process has the directory, or it cannot be written
     */
    static InstanceLock take(Path data) {
        try {
            Files.createDirectories(data);
            var file = data.resolve("lock");
            var channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            if (channel.tryLock() == null) {
                var pid = Files.readString(file).strip();
                channel.close();
                throw new WrongSetting("Another CodeHaven" + (pid.isEmpty() ? "" : " (process " + pid + ")")
                        + " runs on " + data + "; stop it, or choose another directory with --data DIR.");
            }
            channel.truncate(0);
            channel.write(ByteBuffer.wrap(
                    (ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII)));
            channel.force(true);
            return new InstanceLock(channel);
        } catch (IOException e) {
            throw new WrongSetting("The data directory " + data + " cannot be written (" + e.getMessage()
                    + "); choose another one with --data DIR.");
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
