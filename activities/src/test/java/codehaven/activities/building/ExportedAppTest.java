package codehaven.activities.building;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.dev.Ports;
import codehaven.model.BuildSettings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Apps as platforms want them that call what a file exports, each run by a real Node.js. */
final class ExportedAppTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private static final String FETCHES = """
            export default {
              async fetch(request) {
                const url = new URL(request.url);
                if (url.pathname === '/broken') throw new Error('broken on purpose');
                const headers = new Headers({ 'x-method': request.method, 'x-host': url.host, 'x-path': url.pathname + url.search });
                headers.append('set-cookie', 'a=1');
                headers.append('set-cookie', 'b=2');
                return new Response(request.body ?? 'hello', { status: 201, headers });
              },
            };
            """;

    @TempDir
    Path directory;

    @FunctionalInterface
    private interface Visit {
        void visit(Client client) throws IOException, InterruptedException;
    }

    private record Client(HttpClient http, int port) {
        HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
            return http.send(request.timeout(SOON).build(), BodyHandlers.ofString());
        }

        HttpRequest.Builder at(String path) {
            return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
        }
    }

    private void serve(String name, String source, Visit visit) throws IOException, InterruptedException {
        Files.writeString(directory.resolve(name), source);
        Files.writeString(directory.resolve("serve.mjs"), RunFiles.resource("serve.mjs"));
        var port = Ports.free();
        var builder = new ProcessBuilder("node", "serve.mjs", name)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("output").toFile());
        builder.environment().putAll(Map.of("PORT", String.valueOf(port), "HOST", "127.0.0.1"));
        var node = builder.start();
        try (var http = HttpClient.newHttpClient()) {
            var client = new Client(http, port);
            var until = System.nanoTime() + SOON.toNanos();
            while (true) {
                try {
                    client.send(client.at("/"));
                    break;
                } catch (IOException e) {
                    assertThat(node.isAlive() && System.nanoTime() < until)
                            .as(() -> "it answers; it printed " + printed())
                            .isTrue();
                    Thread.sleep(50);
                }
            }
            visit.visit(client);
        } finally {
            node.destroyForcibly().waitFor();
        }
    }

    private String printed() {
        try {
            return Files.readString(directory.resolve("output"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void whatFetchesGetsRequestsAndItsAnswersArriveWhole() throws Exception {
        serve("app.mjs", FETCHES, client -> {
            var get = client.send(client.at("/a//b?c=%20d"));
            assertThat(get.statusCode()).isEqualTo(201);
            assertThat(get.body()).isEqualTo("hello");
            assertThat(get.headers().firstValue("x-path")).contains("/a//b?c=%20d");
            assertThat(get.headers().firstValue("x-host")).contains("127.0.0.1:" + client.port());
            assertThat(get.headers().allValues("set-cookie")).containsExactly("a=1", "b=2");

            assertThat(client.send(client.at("//elsewhere.example/x")).headers().firstValue("x-host"))
                    .as("no path is taken for a host")
                    .contains("127.0.0.1:" + client.port());

            var large = "0123456789".repeat(300_000);
            var post = client.send(client.at("/").POST(BodyPublishers.ofString(large)));
            assertThat(post.headers().firstValue("x-method")).contains("POST");
            assertThat(post.body()).isEqualTo(large);

            var head = client.send(client.at("/").method("HEAD", BodyPublishers.noBody()));
            assertThat(head.statusCode()).isEqualTo(201);
            assertThat(head.body()).isEmpty();

            assertThat(client.send(client.at("/broken")).statusCode()).isEqualTo(500);
            assertThat(client.send(client.at("/")).statusCode())
                    .as("and it goes on")
                    .isEqualTo(201);
        });
        assertThat(printed()).contains("broken on purpose");
    }

    @Test
    void functionsAndServersAndWhatListensAreServedToo() throws Exception {
        serve(
                "app.cjs",
                "module.exports = (req, res) => res.end('a function');",
                client -> assertThat(client.send(client.at("/")).body()).isEqualTo("a function"));
        serve(
                "server.mjs",
                """
                import { createServer } from 'node:http';
                export default createServer((req, res) => res.end('a server'));
                """,
                client -> assertThat(client.send(client.at("/")).body()).isEqualTo("a server"));
        serve(
                "listens.mjs",
                """
                import { createServer } from 'node:http';
                export default { listen: (...given) => createServer((req, res) => res.end('it listens')).listen(...given) };
                """,
                client -> assertThat(client.send(client.at("/")).body()).isEqualTo("it listens"));
    }

    @Test
    void anAppThatStartsItsOwnServerLaterTakesOver() throws Exception {
        serve("later.mjs", """
                import { createServer } from 'node:http';
                setTimeout(() => createServer((req, res) => res.end('its own')).listen(process.env.PORT), 300);
                export default (req, res) => res.end('ours');
                """, client -> {
            var until = System.nanoTime() + SOON.toNanos();
            var last = "";
            while (!last.equals("its own") && System.nanoTime() < until) {
                last = client.send(client.at("/")).body();
                Thread.sleep(50);
            }
            assertThat(last).isEqualTo("its own");
        });
    }

    @Test
    void onlyAFileThatExportsAndDoesNotServeIsOne() {
        var manifest = """
                --- package.json
                { "type": "module", "dependencies": { "hono": "^4.8.9" } }
                --- src/index.ts
                import { Hono } from 'hono'
                const app = new Hono()
                """;
        assertThat(startOf(manifest + "export default app\n"))
                .containsExactly("node", ".codehaven-serve.mjs", "src/index.ts");
        assertThat(startOf(manifest + "// export default app\n")).containsExactly("node", "src/index.ts");
        assertThat(startOf(manifest + "serve({ fetch: app.fetch })\nexport default app\n"))
                .containsExactly("node", "src/index.ts");
    }

    private List<String> startOf(String drawing) {
        var recipe = FrameworkDetector.detect(
                Drawn.tree(directory.resolve("tree" + drawing.hashCode()), drawing), BuildSettings.DETECTED);
        return ((Running.Tree) Objects.requireNonNull(recipe.running())).start();
    }
}
