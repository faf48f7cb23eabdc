package codehaven.cli;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** A socket that leads to the Docker engine, and tells of each request that has it change something, once it was sent. */
final class EngineLine implements AutoCloseable {

    private static final Path ENGINE = Path.of("/var/run/docker.sock");
    private static final Pattern WRITE = Pattern.compile("^(?:POST|PUT|DELETE) (\\S+) HTTP/1\\.1\r\n");

    private final ServerSocketChannel server;
    private final Path path;
    private final Consumer<String> told;

    private EngineLine(ServerSocketChannel server, Path path, Consumer<String> told) {
        this.server = server;
        this.path = path;
        this.told = told;
    }

    static EngineLine open(Path path, Consumer<String> told) throws IOException {
        var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(path));
        var line = new EngineLine(server, path, told);
        Thread.ofVirtual().start(line::accept);
        return line;
    }

    String address() {
        return "unix://" + path;
    }

    private void accept() {
        while (server.isOpen()) {
            try {
                var client = server.accept();
                var engine = SocketChannel.open(UnixDomainSocketAddress.of(ENGINE));
                Thread.ofPlatform().daemon().start(() -> pass(client, engine, true));
                Thread.ofPlatform().daemon().start(() -> pass(engine, client, false));
            } catch (IOException e) {
                if (server.isOpen()) {
                    throw new java.io.UncheckedIOException(e);
                }
            }
        }
    }

    /** A client sends a request once it has the answer to the one before, so each begins what is read at once. */
    private void pass(SocketChannel from, SocketChannel to, boolean requests) {
        var buffer = ByteBuffer.allocate(1 << 16);
        try {
            while (from.read(buffer) >= 0) {
                buffer.flip();
                var write = requests ? WRITE.matcher(StandardCharsets.ISO_8859_1.decode(buffer.duplicate())) : null;
                while (buffer.hasRemaining()) {
                    to.write(buffer);
                }
                buffer.clear();
                if (write != null && write.find()) {
                    told.accept(write.group(1));
                }
            }
            to.shutdownOutput();
        } catch (IOException e) {
            close(from);
            close(to);
        }
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
