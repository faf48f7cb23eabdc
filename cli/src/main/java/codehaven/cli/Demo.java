package codehaven.cli;

import codehaven.dev.DevGit;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "demo",
        description = "Starts everything, deploys the example site from a Git repository made on the spot, "
                + "and fetches the page through the edge.",
        sortOptions = false)
final class Demo extends Role {

    private static final List<String> FILES =
            List.of("package.json", "build.mjs", "README.md", "src/index.html", "src/404.html", "src/style.css");
    private static final String PROJECT = "harbour";
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Made when it is first asked: other commands make this one, too, to know its options. */
    private static final class Http {
        static final HttpClient CLIENT =
                HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    }

    @Option(names = "--exit", description = "stop everything afterwards; exit 0 only if the page was served")
    boolean exit;

    @Override
    public Integer call() throws Exception {
        var started = System.nanoTime();
        var settings = settings();
        settings.take(Setting.GIT_ALLOW_LOCAL, "true", "the demo");
        settings.take(Setting.DATA, Installation.home().resolve("demo").toString(), "the demo");
        settings.take(Setting.PORT, freeOr(settings, Setting.PORT), "the demo");
        settings.take(Setting.EDGE_PORT, freeOr(settings, Setting.EDGE_PORT), "the demo");

        var installation = Installation.up(settings, this::say);
        installation.describe(this::say);
        say("ready in %.1f s".formatted((System.nanoTime() - started) / 1e9));
        var served = false;
        try {
            served = deploy(installation);
        } finally {
            if (exit || !served) {
                installation.close();
            }
        }
        if (exit || !served) {
            return served ? 0 : Main.FAILED;
        }
        say("");
        say("Ctrl-C stops it.");
        return stay(installation);
    }

    private boolean deploy(Installation installation) throws IOException, InterruptedException {
        say("");
        var remotes = installation.data().resolve("git");
        delete(remotes);
        try (var git = DevGit.start(remotes)) {
            var repository = git.create(PROJECT, exampleSite());
            var api = installation.apiUrl();
            say("deploying " + repository.url());
            // A demo before this one had its remote on another port.
            var known = send(api.resolve("/v1/projects/" + PROJECT), "PATCH", Map.of("repository", repository.url()));
            var answer = send(
                    api.resolve("/v1/deployments"),
                    "POST",
                    known.statusCode() == 200
                            ? Map.of("project", PROJECT)
                            : Map.of("repository", repository.url(), "name", PROJECT));
            if (answer.statusCode() != 202) {
                say("refused: " + answer.body());
                return false;
            }
            var deployment = follow(api, JSON.readTree(answer.body()).path("id").asText());
            printTimeline(deployment);
            if (!deployment.path("status").asText().equals("READY")) {
                say("");
                say(deployment.path("status").asText() + ": "
                        + deployment.path("failure").path("message").asText("the deployment did not end"));
                say(deployment.path("failure").path("hint").asText(""));
                return false;
            }
            return served(deployment);
        }
    }

    private HttpResponse<String> send(URI address, String method, Map<String, String> body)
            throws IOException, InterruptedException {
        return Http.CLIENT.send(
                HttpRequest.newBuilder(address)
                        .header("Content-Type", "application/json")
                        .method(method, BodyPublishers.ofString(JSON.writeValueAsString(body)))
                        .build(),
                BodyHandlers.ofString());
    }

    private static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (var all = Files.walk(directory)) {
            for (var each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }

    private static Map<String, String> exampleSite() {
        var files = new LinkedHashMap<String, String>();
        for (var file : FILES) {
            try (var in = Demo.class.getResourceAsStream("/example-site/" + file)) {
                if (in == null) {
                    throw new IllegalStateException("the program lacks its example site's " + file);
                }
                files.put(file, new String(in.readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return files;
    }

    /** Says each new status until there is a final one. */
    private JsonNode follow(URI api, String id) throws IOException, InterruptedException {
        var deadline = Instant.now().plus(PATIENCE);
        var seen = "";
        while (true) {
            var answer = Http.CLIENT.send(
                    HttpRequest.newBuilder(api.resolve("/v1/deployments/" + id)).build(), BodyHandlers.ofString());
            var deployment = JSON.readTree(answer.body());
            var status = deployment.path("status").asText();
            if (!status.equals(seen)) {
                say("  " + status);
                seen = status;
            }
            if (Set.of("READY", "FAILED", "CANCELED").contains(status)
                    || Instant.now().isAfter(deadline)) {
                return deployment;
            }
            Thread.sleep(200);
        }
    }

    private void printTimeline(JsonNode deployment) {
        say("");
        for (var step : deployment.path("steps")) {
            var time = step.has("startedAt") && step.has("endedAt")
                    ? "%6.1f s"
                            .formatted(Duration.between(
                                                    Instant.parse(step.path("startedAt")
                                                            .asText()),
                                                    Instant.parse(
                                                            step.path("endedAt").asText()))
                                            .toMillis()
                                    / 1e3)
                    : "";
            say("  %-10s  %s  %s"
                    .formatted(
                            step.path("step").asText(), time, step.path("state").asText()));
        }
        say("");
        deployment
                .path("urls")
                .properties()
                .forEach(url ->
                        say("  %-10s  %s".formatted(url.getKey(), url.getValue().asText())));
    }

    /** Whether every address answers with the page that this build made: it carries the commit and the deployment. */
    private boolean served(JsonNode deployment) throws IOException, InterruptedException {
        var commit = deployment.path("commit").path("sha").asText();
        var wanted = Set.of(commit, deployment.path("id").asText());
        var urls = new HashSet<String>();
        deployment.path("urls").forEach(url -> urls.add(url.asText()));
        say("");
        for (var url : urls) {
            var page = fetch(URI.create(url));
            var right = page.statusCode() == 200 && wanted.stream().allMatch(page.body()::contains);
            say("  GET %s  %d  %s"
                    .formatted(
                            url,
                            page.statusCode(),
                            right ? "the page of commit " + commit.substring(0, 7) : "not the page that was built"));
            if (!right) {
                return false;
            }
        }
        return !urls.isEmpty();
    }

    private HttpResponse<String> fetch(URI url) throws IOException, InterruptedException {
        var host = url.getPort() < 0 ? url.getHost() : url.getHost() + ":" + url.getPort();
        var port = url.getPort() < 0 ? "" : ":" + url.getPort();
        var address = url.getHost().endsWith(".localhost")
                ? URI.create(url.getScheme() + "://127.0.0.1" + port + url.getRawPath())
                : url;
        return Http.CLIENT.send(
                HttpRequest.newBuilder(address).header("Host", host).build(), BodyHandlers.ofString());
    }

    /** The default port where it is free; a demo does not fail because something else runs. */
    private static String freeOr(Settings settings, Setting port) {
        try (var socket = new ServerSocket(settings.port(port), 1, InetAddress.getLoopbackAddress())) {
            return String.valueOf(socket.getLocalPort());
        } catch (IOException e) {
            return "0";
        }
    }
}
