package codehaven.cli;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.dev.DevGit;
import codehaven.dev.DevMongo;
import codehaven.dev.DevRedis;
import codehaven.dev.DevTemporal;
import codehaven.dev.Ports;
import codehaven.workflows.SearchAttributes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A larger installation: server, two workers and an edge, each a process, on servers that are not ours. */
final class RolesTest {

    @Test
    void workerKilledInABuildIsReplacedByTheOtherAndTheEdgeOutlivesAll(@TempDir Path directory) throws Exception {
        var names = SearchAttributes.ALL.stream().map(key -> key.getName()).toList();
        var s3Port = Ports.free();
        var edgePort = Ports.free();
        var minio = minio(directory.resolve("minio"), s3Port);
        try (var git = DevGit.start(directory.resolve("git"));
                var temporal = DevTemporal.start(directory.resolve("temporal"), names);
                var mongo = DevMongo.start(directory.resolve("mongo"));
                var redis = DevRedis.start(directory.resolve("redis"))) {
            var settings = new HashMap<>(Map.of(
                    "CODEHAVEN_TEMPORAL",
                    temporal.address(),
                    "CODEHAVEN_MONGODB",
                    mongo.uri("codehaven"),
                    "CODEHAVEN_REDIS",
                    redis.uri(),
                    "CODEHAVEN_S3_ENDPOINT",
                    "http://127.0.0.1:" + s3Port,
                    "CODEHAVEN_S3_BUCKET",
                    "codehaven",
                    "CODEHAVEN_S3_REGION",
                    "us-east-1",
                    "CODEHAVEN_S3_ACCESS_KEY",
                    "minioadmin",
                    "CODEHAVEN_S3_SECRET_KEY",
                    "minioadmin",
                    "CODEHAVEN_SECRET_KEY",
                    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
                    "CODEHAVEN_EDGE_PORT",
                    String.valueOf(edgePort)));
            settings.put("CODEHAVEN_GIT_ALLOW_LOCAL", "true");
            var first = role(directory, settings, "worker", "first");
            var second = role(directory, settings, "worker", "second");
            try (var server = role(directory, settings, "server", "server", "--port", "0");
                    var edge = role(directory, settings, "edge", "edge")) {
                var repository = git.create(
                        "roles",
                        FailuresTest.withBuild(
                                "import { mkdirSync, writeFileSync } from 'node:fs';\nfor (let n = 0; n < 15; n++) { console.log('line', n); await new Promise((r) => setTimeout(r, 1000)); }\nmkdirSync('dist', { recursive: true });\nwriteFileSync('dist/index.html', 'roles');\nwriteFileSync('dist/never-asked-for.txt', 'cached all the same');\n"));
                var id = server.deploy(Map.of("repository", repository.url(), "name", "roles"));
                Haven.await(
                        "the build", Duration.ofMinutes(1), () -> server.log(id).contains("line 2"));
                var inFirst = Files.exists(directory.resolve("first/work/" + id + "/source"));
                var building = inFirst ? first : second;
                var other = inFirst ? second : first;
                building.kill();
                var ready = server.awaitStatus(id, "READY", Duration.ofMinutes(2));
                var production = java.net.URI.create(
                        ready.path("urls").path("production").asText());
                assertThat(production.getPort()).isEqualTo(edgePort);
                assertThat(server.visit(production.toString()).body()).isEqualTo("roles");

                // Everything but the edge dies.
                Haven.await("the edge has the whole site", Duration.ofSeconds(30), () -> cachedFiles(directory) >= 3);
                other.kill();
                server.kill();
                minio.destroyForcibly().waitFor();
                mongo.stop();
                redis.stop();
                temporal.stop();
                assertThat(Haven.visit(production.getHost(), edgePort, "/").body())
                        .isEqualTo("roles");
                assertThat(Haven.visit(production.getHost(), edgePort, "/never-asked-for.txt")
                                .body())
                        .isEqualTo("cached all the same");
                edge.kill();
                try (var again = role(directory, settings, "edge", "edge")) {
                    assertThat(again.process().isAlive()).isTrue();
                    assertThat(Haven.visit(production.getHost(), edgePort, "/").body())
                            .isEqualTo("roles");
                }
            } finally {
                first.close();
                second.close();
            }
        } finally {
            minio.destroyForcibly();
        }
    }

    private static long cachedFiles(Path directory) {
        try (var files = Files.walk(directory.resolve("edge/edge/blobs"))) {
            return files.filter(Files::isRegularFile).count();
        } catch (java.io.IOException e) {
            return 0;
        }
    }

    static Haven role(Path directory, Map<String, String> settings, String role, String data, String... arguments)
            throws Exception {
        var all = new java.util.ArrayList<>(
                java.util.List.of(role, "--data", directory.resolve(data).toString()));
        all.addAll(java.util.Arrays.asList(arguments));
        var started = Haven.start(settings, all.toArray(String[]::new));
        started.awaitReady();
        return started;
    }

    private static Process minio(Path directory, int port) throws Exception {
        var cache = System.getenv().getOrDefault("XDG_CACHE_HOME", System.getProperty("user.home") + "/.cache");
        var kept = Path.of(cache, "codehaven", "bin", "minio");
        var program = Files.isExecutable(kept) ? kept.toString() : "minio";
        try {
            var process = new ProcessBuilder(
                            program, "server", "--quiet", "--address", "127.0.0.1:" + port, directory.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            Haven.await("MinIO", Duration.ofSeconds(30), () -> answers(port));
            return process;
        } catch (java.io.IOException e) {
            throw new AssertionError(
                    "this test needs MinIO: ./codehaven check installs it, or go install github.com/minio/minio@latest",
                    e);
        }
    }

    private static boolean answers(int port) {
        try (var socket = new java.net.Socket(java.net.InetAddress.ofLiteral("127.0.0.1"), port)) {
            return socket.isConnected();
        } catch (java.io.IOException e) {
            return false;
        }
    }
}
