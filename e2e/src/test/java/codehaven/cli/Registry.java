package codehaven.cli;

import codehaven.dev.Ports;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** A real registry of images that wants a password: Debian's docker-registry. */
final class Registry implements AutoCloseable {

    private static final String USER = "builder";
    private static final String PASSWORD = "horse-battery";

    private final Process process;
    private final int port;

    private Registry(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    static Registry start(Path directory) throws IOException, InterruptedException {
        Files.createDirectories(directory);
        var port = Ports.free();
        try {
            var passwords = new ProcessBuilder("htpasswd", "-Bbn", USER, PASSWORD).start();
            Files.write(
                    directory.resolve("htpasswd"), passwords.getInputStream().readAllBytes());
            Files.writeString(
                    directory.resolve("registry.yml"), """
                    version: 0.1
                    log: { level: error }
                    storage: { filesystem: { rootdirectory: %1$s/images } }
                    http: { addr: "127.0.0.1:%2$d" }
                    auth: { htpasswd: { realm: tests, path: %1$s/htpasswd } }
                    """.formatted(directory, port), StandardCharsets.UTF_8);
            var process = new ProcessBuilder(
                            "docker-registry",
                            "serve",
                            directory.resolve("registry.yml").toString())
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("registry.log").toFile())
                    .start();
            Haven.await("the registry", Duration.ofSeconds(20), () -> answers(port));
            return new Registry(process, port);
        } catch (IOException e) {
            throw new AssertionError(
                    "this test needs docker-registry and htpasswd: ./codehaven check installs them, or"
                            + " apt-get install docker-registry apache2-utils",
                    e);
        }
    }

    private static boolean answers(int port) {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    String name() {
        return "127.0.0.1:" + port;
    }

    Map<String, String> settings() {
        return Map.of(
                "CODEHAVEN_REGISTRY", name(), "CODEHAVEN_REGISTRY_USER", USER, "CODEHAVEN_REGISTRY_PASSWORD", PASSWORD);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
