package codehaven.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** The program as its users start it, in a process of its own that a test may kill. */
public final class Haven implements AutoCloseable {

    /** For what takes less than the usual pause. */
    static final Duration SHORT = Duration.ofMillis(50);

    /** Where every tenth of a second was one, asking took a third of what the program computed in the tests. */
    private static final Duration PAUSE = Duration.ofMillis(600);

    static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

    /** For tests that look at containers; others need no engine. */
    private static final class Engine {
        private static final DockerClientConfig CONFIG =
                DefaultDockerClientConfig.createDefaultConfigBuilder().build();
        static final DockerClient CLIENT = DockerClientImpl.getInstance(
                CONFIG,
                new ZerodepDockerHttpClient.Builder()
                        .dockerHost(CONFIG.getDockerHost())
                        .sslConfig(CONFIG.getSSLConfig())
                        .build());
    }

    private final Process process;
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Thread reader;

    private Haven(Process process) {
        this.process = process;
        this.reader = Thread.ofPlatform().daemon().start(this::read);
    }

    /** Starts a command; what it inherits of CODEHAVEN_… is taken away. */
    public static Haven start(Map<String, String> environment, String... arguments) throws IOException {
        var command = new ArrayList<>(List.of(
                Program.java(),
                "--enable-native-access=ALL-UNNAMED",
                // As in the tests themselves: it ends before the second compiler's work pays.
                "-XX:TieredStopAtLevel=1",
                "-XX:ReservedCodeCacheSize=240m",
                "--sun-misc-unsafe-memory-access=allow",
                "-Djdk.virtualThreadScheduler.parallelism=16",
                "-Xmx1g"));
        command.addAll(Program.arguments());
        command.addAll(Arrays.asList(arguments));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(key -> key.startsWith(Setting.PREFIX));
        builder.environment().putAll(environment);
        return new Haven(builder.start());
    }

    /** Starts {@code up} on a data directory, with ports of its own, and waits until it is ready. */
    public static Haven up(Path data, Map<String, String> environment) throws IOException {
        var haven = start(
                environment,
                "up",
                "--data",
                data.toString(),
                "--port",
                "0",
                "--edge-port",
                "0",
                "--git-allow-local",
                "true");
        haven.awaitReady();
        return haven;
    }

    private void read() {
        try (var in = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (var line = in.readLine(); line != null; line = in.readLine()) {
                lines.add(line);
            }
        } catch (IOException e) {
            lines.add("(output ended: " + e.getMessage() + ")");
        }
    }

    void awaitReady() {
        await("ready", Duration.ofMinutes(5), () -> {
            assertThat(process.isAlive() || said("ready in").isPresent())
                    .as("it ended:\n%s", output())
                    .isTrue();
            return said("ready in").isPresent();
        });
    }

    public Optional<String> said(String words) {
        return lines.stream().filter(line -> line.contains(words)).findFirst();
    }

    public String output() {
        return String.join("\n", lines);
    }

    /** The address in the ready line of the given name. */
    public URI address(String name) {
        var line = Pattern.compile("^\\s*" + Pattern.quote(name) + "\\s+(http\\S+).*");
        return lines.stream()
                .map(line::matcher)
                .filter(java.util.regex.Matcher::matches)
                .map(found -> URI.create(found.group(1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no address of " + name + " in:\n" + output()));
    }

    public int edgePort() {
        return address("sites").getPort();
    }

    Process process() {
        return process;
    }

    // --- REST ---

    public JsonNode get(String path) {
        return json(HttpRequest.newBuilder(address("dashboard").resolve(path)).GET(), 200);
    }

    HttpResponse<String> raw(HttpRequest.Builder request) {
        try {
            return HTTP.send(request.timeout(Duration.ofSeconds(60)).build(), BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(address("dashboard").resolve(path));
    }

    public JsonNode post(String path, Object body, int status) {
        return send("POST", path, body, status);
    }

    public JsonNode send(String method, String path, Object body, int status) {
        try {
            return json(
                    request(path)
                            .header("Content-Type", "application/json")
                            .method(method, BodyPublishers.ofString(JSON.writeValueAsString(body))),
                    status);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private JsonNode json(HttpRequest.Builder request, int status) {
        var answer = raw(request);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        try {
            return JSON.readTree(answer.body());
        } catch (IOException e) {
            throw new UncheckedIOException(answer.body(), e);
        }
    }

    // --- deployments ---

    public String deploy(Map<String, ?> body) {
        return post("/v1/deployments", body, 202).path("id").asText();
    }

    public JsonNode deployment(String id) {
        return get("/v1/deployments/" + id);
    }

    public String status(String id) {
        return deployment(id).path("status").asText();
    }

    public JsonNode awaitStatus(String id, String status, Duration patience) {
        return awaitDeployment(
                id, patience, status, each -> each.path("status").asText().equals(status));
    }

    public JsonNode awaitFinal(String id, Duration patience) {
        return awaitDeployment(
                id,
                patience,
                "a final status",
                each -> List.of("READY", "FAILED", "CANCELED")
                        .contains(each.path("status").asText()));
    }

    JsonNode awaitDeployment(String id, Duration patience, String wanted, Predicate<JsonNode> right) {
        var deadline = Instant.now().plus(patience);
        while (true) {
            var deployment = deployment(id);
            if (right.test(deployment)) {
                return deployment;
            }
            if (Instant.now().isAfter(deadline)) {
                throw new AssertionError("deployment " + id + " has not come to " + wanted + " within " + patience
                        + ":\n" + deployment.toPrettyString() + "\n" + log(id));
            }
            rest(PAUSE);
        }
    }

    public String log(String id) {
        return raw(request("/v1/deployments/" + id + "/log")).body();
    }

    /** The ids of the containers of this deployment on this machine's engine, running or not. */
    public static List<String> containers(String deployment) {
        return containers(Map.of("codehaven.deployment", deployment));
    }

    private static List<String> containers(Map<String, String> labels) {
        return Engine.CLIENT.listContainersCmd().withShowAll(true).withLabelFilter(labels).exec().stream()
                .map(Container::getId)
                .toList();
    }

    /** Deletes a project, and waits until the containers of its apps have gone: they outlive the program. */
    public void delete(String project) {
        send("DELETE", "/v1/projects/" + project, Map.of(), 204);
        await(
                "the containers of " + project + " are gone",
                Duration.ofMinutes(1),
                () -> containers(Map.of("codehaven.role", "app", "codehaven.project", project))
                        .isEmpty());
    }

    /** Runs a program to its good end, and returns what it printed. */
    static String run(String... command) {
        try {
            var process = new ProcessBuilder(command).redirectErrorStream(true).start();
            var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor())
                    .as(String.join(" ", command) + "\n" + output)
                    .isZero();
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    // --- visitors ---

    public HttpResponse<String> visit(String url) {
        var uri = URI.create(url);
        return visit(
                uri.getHost(),
                uri.getPort(),
                uri.getRawPath() + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery()));
    }

    static HttpResponse<String> visit(String host, int port, String path) {
        try {
            return HTTP.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                            .header("Host", host + ":" + port)
                            .timeout(Duration.ofSeconds(20))
                            .build(),
                    BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    // --- ending ---

    /** {@code kill -9}. */
    public void kill() {
        process.destroyForcibly();
        join(1);
    }

    private void join(long minutes) {
        try {
            if (!process.waitFor(minutes, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                throw new AssertionError("it did not stop within " + minutes + " min:\n" + output());
            }
            reader.join(5_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ctrl-C, and waits. */
    @Override
    public void close() {
        process.destroy();
        join(1);
    }

    int exitCode() {
        join(10);
        return process.exitValue();
    }

    public static void await(String what, Duration patience, BooleanSupplier condition) {
        await(what, patience, PAUSE, condition);
    }

    /** @param pause between two looks */
    static void await(String what, Duration patience, Duration pause, BooleanSupplier condition) {
        var deadline = Instant.now().plus(patience);
        while (!condition.getAsBoolean()) {
            if (Instant.now().isAfter(deadline)) {
                throw new AssertionError("not within " + patience + ": " + what);
            }
            rest(pause);
        }
    }

    private static void rest(Duration pause) {
        try {
            Thread.sleep(pause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
