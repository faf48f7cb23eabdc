package codehaven.cli;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.dev.DevGit;
import codehaven.dev.DevRepository;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Apps that run: each from a Git remote to READY and an answer, built and run in a real Docker engine. */
final class AppsTest {

    private static final Duration BUILD = Duration.ofMinutes(10);

    /** A plain server that says its version, waits, streams and echoes over a WebSocket. */
    private static final String SERVER = """
            import { createServer } from 'node:http';
            import { createHash } from 'node:crypto';
            const version = 'VERSION';
            const server = createServer((request, response) => {
              if (request.url === '/slow') setTimeout(() => response.end(version), 3000);
              else if (request.url === '/stream') {
                response.writeHead(200, { 'content-type': 'text/event-stream' });
                let n = 0;
                const timer = setInterval(() => {
                  response.write(`data: ${version} ${n}\\n\\n`);
                  if (++n === 24) { clearInterval(timer); response.end(); }
                }, 250);
              } else response.end(version);
            });
            server.on('upgrade', (request, socket) => {
              const key = createHash('sha1')
                .update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
              socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n'
                + `Sec-WebSocket-Accept: ${key}\\r\\n\\r\\n`);
              socket.pipe(socket);
              socket.on('error', () => socket.destroy());
            });
            REST
            """;

    private static final String LISTEN = "server.listen(process.env.PORT, () => console.log('listening', version));";

    @TempDir
    static Path directory;

    private static DevGit git;
    private static Haven haven;

    @BeforeAll
    static void start() throws Exception {
        git = DevGit.start(directory.resolve("git"));
        haven = Haven.up(directory.resolve("data"), Map.of());
    }

    @AfterAll
    static void stop() throws Exception {
        for (var each : haven.get("/v1/projects?limit=100").path("items")) {
            haven.delete(each.path("slug").asText());
        }
        haven.close();
        git.close();
    }

    private static Map<String, String> server(String version) {
        return server(version, LISTEN);
    }

    private static Map<String, String> server(String version, String rest) {
        return Map.of(
                "package.json",
                "{\"name\":\"app\",\"type\":\"module\",\"scripts\":{\"start\":\"node server.js\"}}",
                "server.js",
                SERVER.replace("VERSION", version).replace("REST", rest));
    }

    /** The same server, with a Dockerfile of its own. */
    static Map<String, String> withDockerfile(String version) {
        var files = new TreeMap<>(server(version));
        files.put("Dockerfile", """
                FROM node:22-bookworm-slim
                WORKDIR /srv
                COPY . .
                USER node
                EXPOSE 3000
                CMD ["node", "server.js"]
                """);
        return files;
    }

    private static JsonNode ready(String id) {
        var ended = haven.awaitFinal(id, BUILD);
        assertThat(ended.path("status").asText())
                .as("%s\n%s", ended.toPrettyString(), haven.log(id))
                .isEqualTo("READY");
        return ended;
    }

    private static JsonNode failed(String id) {
        var ended = haven.awaitFinal(id, BUILD);
        assertThat(ended.path("status").asText())
                .as("%s\n%s", ended.toPrettyString(), haven.log(id))
                .isEqualTo("FAILED");
        return ended.path("failure");
    }

    private static String runtimeLog(String id) {
        return haven.raw(haven.request("/v1/deployments/" + id + "/runtime-log"))
                .body();
    }

    @Test
    void eachAppIsBuiltRunAndServed() throws Exception {
        var markers = new LinkedHashMap<>(Map.of(
                "express", "express listens on",
                "fastify", "Server listening at",
                "dockerfile", "asked for /",
                "python", "python was asked",
                "next", "next was asked"));
        var deployments = new TreeMap<String, String>();
        for (var name : markers.keySet()) {
            var repository = git.create(name, Path.of("src/test/resources/apps", name));
            haven.post("/v1/projects", Map.of("name", name, "repository", repository.url()), 201);
            haven.send("PUT", "/v1/projects/" + name + "/env/GREETING", Map.of("value", "welcome tomato"), 200);
            deployments.put(name, haven.deploy(Map.of("project", name)));
        }
        for (var each : deployments.entrySet()) {
            var ended = ready(each.getValue());
            assertThat(ended.path("kind").asText()).isEqualTo("dynamic");
            for (var url : ended.path("urls")) {
                var front = haven.visit(url.asText());
                assertThat(front.statusCode()).as(url.asText()).isEqualTo(200);
                assertThat(front.body()).contains(each.getKey() + "-marker");
            }
            Haven.await(
                    "the runtime log of " + each.getKey(),
                    Duration.ofSeconds(20),
                    () -> runtimeLog(each.getValue()).contains(markers.get(each.getKey())));
            assertThat(ended.at("/app/image/tag").asText()).endsWith(each.getKey() + ":" + each.getValue());
            assertThat(Haven.run(
                            "docker",
                            "history",
                            "--no-trunc",
                            ended.at("/app/image/tag").asText()))
                    .doesNotContain("tomato");
        }
        var python = deployments.getOrDefault("python", "");
        assertThat(haven.log(python)).contains("served with gunicorn, which is added");
        assertThat(haven.visit(haven.deployment(python).at("/urls/production").asText())
                        .body())
                .isEqualTo("python-marker 1000 8000");
        answersOfNext(ready(deployments.getOrDefault("next", ""))
                .at("/urls/production")
                .asText());
        var express = URI.create(haven.deployment(deployments.getOrDefault("express", ""))
                .at("/urls/production")
                .asText());
        assertThat(haven.visit(express.toString()).body()).contains("welcome tomato");
        var sum = haven.raw(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + express.getPort() + "/sum"))
                .header("Host", express.getAuthority())
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("[1,2,39]")));
        assertThat(sum.body()).isEqualTo("{\"sum\":42}");
        try (var socket = new Sockets(express)) {
            assertThat(socket.tell("hello")).isEqualTo("echo hello");
        }
    }

    /** A page made for each visit, its scripts, a route, the middleware, and an image in another size and format. */
    private static void answersOfNext(String url) {
        var front = haven.visit(url);
        assertThat(front.body()).contains("welcome tomato");
        assertThat(front.headers().firstValue("x-through")).hasValue("middleware");
        assertThat(haven.visit(url + "old").statusCode()).isEqualTo(307);
        var script = Pattern.compile("/_next/static/[^\"]+\\.js").matcher(front.body());
        assertThat(script.find()).isTrue();
        var chunk = haven.visit(url + script.group().substring(1));
        assertThat(chunk.statusCode()).isEqualTo(200);
        assertThat(chunk.headers().firstValue("cache-control")).hasValue("public, max-age=31536000, immutable");
        var image = haven.visit(url + "_next/image?url=%2Flogo.png&w=64&q=75");
        assertThat(image.statusCode()).as(image.body()).isEqualTo(200);
        assertThat(image.headers().firstValue("content-type").orElse("")).startsWith("image/");
        assertThat(haven.visit(url + "logo.png").statusCode()).isEqualTo(200);
        var site = URI.create(url);
        var hello = haven.raw(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + site.getPort() + "/api/hello"))
                .header("Host", site.getAuthority())
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{\"name\":\"Ada\"}")));
        assertThat(hello.body()).isEqualTo("{\"hello\":\"Ada\"}");
    }

    @Test
    void aSwitchAndARollbackUnderLoadLoseNothing() throws Exception {
        var repository = git.create("load", server("one"));
        var first = haven.deploy(Map.of("repository", repository.url(), "name", "load"));
        var url = URI.create(ready(first).at("/urls/production").asText());
        assertThat(haven.visit(url.toString()).body()).isEqualTo("one");
        repository.commit("two", server("two"));
        try (var load = Load.on(url, 200)) {
            var second = haven.deploy(Map.of("project", "load"));
            ready(second);
            Haven.await(
                    "the second",
                    Duration.ofSeconds(5),
                    () -> haven.visit(url.toString()).body().equals("two"));
            TimeUnit.SECONDS.sleep(5);
            var begun = System.nanoTime();
            haven.post("/v1/projects/load/rollback", Map.of(), 200);
            Haven.await(
                    "the first again",
                    Duration.ofSeconds(5),
                    Haven.SHORT,
                    () -> haven.visit(url.toString()).body().equals("one"));
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(2));
            // What it was still answering is over then.
            TimeUnit.SECONDS.sleep(10);

            haven.post("/v1/deployments/" + second + "/app/stop", Map.of(), 202);
            Haven.await(
                    "its container is gone",
                    Duration.ofMinutes(1),
                    () -> Haven.containers(second).isEmpty());
            var asked = System.nanoTime();
            haven.post("/v1/projects/load/rollback", Map.of("deployment", second), 200);
            Haven.await(
                    "the second again",
                    Duration.ofSeconds(5),
                    Haven.SHORT,
                    () -> haven.visit(url.toString()).body().equals("two"));
            System.out.printf(
                    "a rollback to an app that was stopped took %d ms%n", (System.nanoTime() - asked) / 1_000_000);
            TimeUnit.SECONDS.sleep(2);
            load.stop();
            assertThat(load.failures()).isEmpty();
            assertThat(load.answers()).isGreaterThan(500);
            assertThat(load.seen()).contains("one", "two");
        }
    }

    @Test
    void aBrokenVersionNeverGetsARequest() throws Exception {
        var repository = git.create("broken", server("good"));
        var first = haven.deploy(Map.of("repository", repository.url(), "name", "broken"));
        var url = ready(first).at("/urls/production").asText();
        haven.send(
                "PATCH",
                "/v1/projects/broken",
                Map.of("healthCheck", Map.of("startPeriodSeconds", 8), "limits", Map.of("memoryMb", 128)),
                200);
        try (var load = Load.on(URI.create(url), 40)) {
            var never = new LinkedHashMap<String, String>();
            never.put("console.error('no database'); process.exit(3);", "3");
            never.put("setInterval(() => {}, 1000);", "nothing accepts connections on port 3000");
            // Put together at run time: a port that stands in the source is found, told by PORT, and right.
            never.put("server.listen(Number(['49', '99'].join('')));", "4999");
            for (var each : never.entrySet()) {
                fails(repository, each.getKey(), each.getValue(), url);
            }
            assertThat(load.failures()).isEmpty();

            var live = new LinkedHashMap<String, String>();
            live.put(LISTEN + " setTimeout(() => process.exit(7), 2500);", "7");
            live.put(
                    LISTEN + " const all = []; setInterval(() => all.push(Buffer.alloc(16e6, 1)), 50);",
                    "memory limit of 128 MiB");
            for (var each : live.entrySet()) {
                fails(repository, each.getKey(), each.getValue(), url);
            }
            load.stop();
            // What the dying one had been sent died with it, and no more than that.
            assertThat(load.failures().stream()
                            .filter(each -> each.startsWith("a request"))
                            .count())
                    .as("%s", load.failures())
                    .isLessThanOrEqualTo((long) Load.SENDERS * live.size());
        }
        repository.commit("mended", server("mended"));
        ready(haven.deploy(Map.of("project", "broken")));
        assertThat(haven.visit(url).body()).isEqualTo("mended");
    }

    private static void fails(DevRepository repository, String rest, String fact, String url) throws IOException {
        repository.commit("broken", server("bad", rest));
        var id = haven.deploy(Map.of("project", "broken"));
        var failure = failed(id);
        assertThat(failure.path("kind").asText())
                .as("%s\n%s", failure.toPrettyString(), haven.log(id))
                .isEqualTo("HEALTH_CHECK_FAILED");
        assertThat(failure.path("message").asText()).contains(fact);
        assertThat(failure.path("hint").asText()).isNotBlank();
        assertThat(haven.log(id)).isNotBlank();
        Haven.await(
                "the good one",
                Duration.ofSeconds(10),
                () -> haven.visit(url).body().equals("good"));
    }
}
