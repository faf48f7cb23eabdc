package codehaven.dev;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import redis.embedded.core.ExecutableProvider;

/** A real Redis (or Valkey) as a child process on loopback, keeping its data in an append-only file. */
public final class DevRedis implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Child child;
    private final int port;

    private DevRedis(Child child, int port) {
        this.child = child;
        this.port = port;
    }

    /** Starts one on a free port that keeps its data in the directory. */
    public static DevRedis start(Path directory) throws IOException, InterruptedException {
        return start(directory, 0);
    }

    /**
     * Starts one that keeps its data in the directory.
     *
     * @param port 0 for a free one
     * @throws IOException if there is no Redis for this machine, or it does not come up within 30 s
     */
    public static DevRedis start(Path directory, int port) throws IOException, InterruptedException {
        return start(directory, port, program());
    }

    static DevRedis start(Path directory, int port, Path program) throws IOException, InterruptedException {
        Child child = Child.claim("redis", directory);
        for (int attempt = 1; ; attempt++) {
            int chosen = port == 0 ? Ports.free() : port;
            try {
                child.start(command(program, chosen), () -> trouble(chosen), PATIENCE);
                return new DevRedis(child, chosen);
            } catch (IOException e) {
                if (port != 0 || attempt == 3) {
                    child.close();
                    throw e; // with a port of our choice, another program may have been faster
                }
            } catch (InterruptedException | RuntimeException e) {
                child.close();
                throw e;
            }
        }
    }

    /** Where it listens, in the form that Redisson takes: {@code redis://127.0.0.1:port}. */
    public String uri() {
        return "redis://127.0.0.1:" + port;
    }

    public int port() {
        return port;
    }

    /** The process id of the server. */
    public long pid() {
        return child.pid();
    }

    /** Takes it away; {@link #start()} brings it back with its data on the same port. */
    public void stop() {
        child.stop();
    }

    /** Brings it back after {@link #stop()}. */
    public void start() throws IOException, InterruptedException {
        child.start();
    }

    @Override
    public void close() {
        child.close();
    }

    private static List<String> command(Path program, int port) {
        return List.of(
                program.toString(),
                "--bind",
                "127.0.0.1",
                "--port",
                Integer.toString(port),
                "--dir",
                ".",
                "--appendonly",
                "yes",
                "--appendfsync",
                "everysec",
                "--save",
                "",
                "--daemonize",
                "no");
    }

    private static Path program() throws IOException {
        Optional<Path> installed = Programs.onPath("redis-server").or(() -> Programs.onPath("valkey-server"));
        if (installed.isPresent()) {
            return installed.get();
        }
        return inTheBox(Programs.bin());
    }

    /** The one that is shipped with the library, kept in the directory. */
    static Path inTheBox(Path directory) throws IOException {
        Path kept = directory.resolve("redis-server-embedded");
        if (!Files.isExecutable(kept)) {
            Files.createDirectories(directory);
            try {
                Programs.keep(ExecutableProvider.newJarResourceProvider().get().toPath(), kept);
            } catch (IOException | RuntimeException e) {
                throw new IOException(
                        "There is no redis-server or valkey-server on PATH, and none for this machine in the box. Install one"
                                + " of them, or set CODEHAVEN_REDIS to the address of a server.",
                        e);
            }
        }
        return kept;
    }

    private static Optional<String> trouble(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(Programs.loopback(port), 500);
            socket.setSoTimeout(2_000);
            OutputStream out = socket.getOutputStream();
            out.write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
            out.flush();
            String answer = new String(socket.getInputStream().readNBytes(5), StandardCharsets.US_ASCII);
            // While it reads its file it answers "-LOADING …".
            return answer.equals("+PONG") ? Optional.empty() : Optional.of("it answered " + answer);
        } catch (IOException e) {
            return Optional.of(e.toString());
        }
    }
}
