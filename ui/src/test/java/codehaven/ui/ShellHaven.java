package codehaven.ui;

import codehaven.api.ApiServer;
import codehaven.api.ApiSettings;
import codehaven.api.SystemInfo;
import codehaven.dev.DevMongo;
import codehaven.model.BuildSettings;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.GitSource;
import codehaven.model.Project;
import codehaven.model.Slug;
import codehaven.model.Trigger;
import codehaven.state.State;
import io.temporal.testing.TestWorkflowEnvironment;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The server with the dashboard, on real backends, started once for all tests; no worker. */
final class ShellHaven {

    /** How a browser asks for a page. */
    static final String PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    private static final Pattern TOKEN = Pattern.compile("<meta name=\"csrf-token\" content=\"([^\"]+)\">");
    private static @Nullable ShellHaven running;

    final DevMongo mongo;
    final State state;
    final ApiServer server;
    final AtomicReference<SystemInfo.Builds> builds =
            new AtomicReference<>(new SystemInfo.Builds("docker", "unix:///run/docker.sock", true, "Docker 29.", 2));
    final HttpClient http = HttpClient.newHttpClient();

    private final AtomicInteger generation = new AtomicInteger();

    static synchronized ShellHaven get() {
        if (running == null) {
            try {
                running = new ShellHaven(Files.createTempDirectory("codehaven-shell"));
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        return running;
    }

    private ShellHaven(Path data) throws IOException, InterruptedException {
        var backends = Backends.start(data);
        mongo = backends.mongo();
        state = backends.state();
        var temporal = TestWorkflowEnvironment.newInstance();
        server = ApiServer.start(
                new ApiSettings(
                        "127.0.0.1", 0, 0, null, "sites.localhost", URI.create("http://sites.localhost:8081"), false),
                state,
                temporal.getWorkflowClient(),
                new SystemInfo(
                        "0.1.0-test",
                        new SystemInfo.Backend("in memory", true),
                        null,
                        new SystemInfo.Backend(backends.mongo().uri(), true),
                        new SystemInfo.Backend(backends.redis().uri(), true),
                        new SystemInfo.Backend(backends.s3().endpoint().toString(), true),
                        builds::get,
                        data,
                        Instant.now().minus(2, ChronoUnit.HOURS)));
        backends.closeAtExit(() -> {
            server.close();
            temporal.close();
        });
    }

    URI at(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(at(path));
    }

    HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return http.send(request.build(), BodyHandlers.ofString());
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** As a browser that opens it. */
    HttpResponse<String> page(String path) {
        return send(request(path).header("Accept", PAGE));
    }

    /** A visit with the token of its forms. */
    record Visit(String cookie, String token) {}

    Visit visit() {
        var page = page("/");
        var cookie = page.headers().firstValue("Set-Cookie").orElseThrow().split(";", 2)[0];
        var token = TOKEN.matcher(page.body());
        if (!token.find()) {
            throw new AssertionError(page.body());
        }
        return new Visit(cookie, token.group(1));
    }

    /** As a browser that sends a form; without its token where there is no visit. */
    HttpRequest.Builder form(String path, @Nullable Visit visit, Map<String, String> fields) {
        var body = fields.entrySet().stream()
                .map(each -> each.getKey() + "=" + URLEncoder.encode(each.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        var request = request(path).header("Accept", PAGE).header("Content-Type", "application/x-www-form-urlencoded");
        if (visit != null) {
            body += "&" + FormTokens.FIELD + "=" + visit.token();
            request.header("Cookie", visit.cookie());
        }
        return request.POST(BodyPublishers.ofString(body));
    }

    Project project(String slug) {
        var project = new Project(
                new Slug(slug), "https://example.org/" + slug + ".git", "main", BuildSettings.DETECTED, Instant.now());
        state.projects().create(project);
        return project;
    }

    Deployment queued(String id, String project) {
        var deployment = new Deployment(
                id,
                new Slug(project),
                Environment.PRODUCTION,
                DeploymentStatus.QUEUED,
                Trigger.API,
                new GitSource("https://example.org/" + project + ".git", "main"),
                BuildSettings.DETECTED,
                generation.incrementAndGet(),
                "main",
                null,
                null,
                null,
                Instant.now().truncatedTo(ChronoUnit.MILLIS),
                null,
                List.of(),
                null,
                null,
                null,
                null,
                0);
        state.deployments().insert(deployment);
        return deployment;
    }
}
