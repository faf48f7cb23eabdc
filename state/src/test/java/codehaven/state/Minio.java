package codehaven.state;

import codehaven.dev.Ports;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A real S3 server for tests. */
final class Minio implements AutoCloseable {

    static final String USER = "codehaven";
    static final String PASSWORD = "codehaven-tests";

    private final Process process;
    private final URI endpoint;

    private Minio(Process process, URI endpoint) {
        this.process = process;
        this.endpoint = endpoint;
    }

    static Minio start(Path directory) throws IOException, InterruptedException {
        Files.createDirectories(directory);
        var port = Ports.free();
        var builder = new ProcessBuilder(
                        program().toString(),
                        "server",
                        "--quiet",
                        "--address",
                        "127.0.0.1:" + port,
                        "--console-address",
                        "127.0.0.1:" + Ports.free(),
                        directory.resolve("data").toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("minio.log").toFile());
        builder.environment().put("MINIO_ROOT_USER", USER);
        builder.environment().put("MINIO_ROOT_PASSWORD", PASSWORD);
        builder.environment().put("MINIO_UPDATE", "off");
        var minio = new Minio(builder.start(), URI.create("http://127.0.0.1:" + port));
        minio.awaitReady(directory);
        return minio;
    }

    private void awaitReady(Path directory) throws IOException, InterruptedException {
        var deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        try (var http = HttpClient.newHttpClient()) {
            while (System.nanoTime() < deadline && process.isAlive()) {
                try {
                    var answer = http.send(
                            HttpRequest.newBuilder(endpoint.resolve("/minio/health/ready"))
                                    .build(),
                            HttpResponse.BodyHandlers.discarding());
                    if (answer.statusCode() == 200) {
                        return;
                    }
                } catch (IOException notYet) {
                    process.waitFor(50, TimeUnit.MILLISECONDS);
                }
            }
        }
        close();
        throw new IOException("minio does not start: " + Files.readString(directory.resolve("minio.log")));
    }

    private static Path program() {
        var cache = System.getenv("XDG_CACHE_HOME");
        var kept = (cache == null ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache))
                .resolve("codehaven/bin/minio");
        return Stream.concat(
                        Stream.of(kept),
                        Stream.of(System.getenv("PATH").split(java.io.File.pathSeparator, -1))
                                .map(entry -> Path.of(entry, "minio")))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "These tests need a real S3 server: go install github.com/minio/minio@latest, with its bin"
                                + " directory on PATH, or name a server with CODEHAVEN_S3_ENDPOINT."));
    }

    URI endpoint() {
        return endpoint;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
