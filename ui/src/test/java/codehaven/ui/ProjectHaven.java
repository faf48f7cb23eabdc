package codehaven.ui;

import codehaven.api.ApiServer;
import codehaven.api.ApiSettings;
import codehaven.api.SystemInfo;
import codehaven.model.BuildSettings;
import codehaven.model.Commit;
import codehaven.model.CommitSha;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.Failure;
import codehaven.model.FailureKind;
import codehaven.model.GitSource;
import codehaven.model.Host;
import codehaven.model.Kind;
import codehaven.model.Output;
import codehaven.model.Project;
import codehaven.model.Site;
import codehaven.model.Slug;
import codehaven.model.Step;
import codehaven.model.StepRun;
import codehaven.model.Target;
import codehaven.model.Trigger;
import codehaven.state.State;
import io.temporal.client.WorkflowClient;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import java.io.IOException;
import java.net.CookieManager;
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
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The dashboard on real backends, with projects whose past is written by hand; Temporal is not there. */
final class ProjectHaven {

    static final String DOMAIN = "sites.localhost";

    /** From a deployment's making to its build. */
    static final Duration BEFORE_BUILDING = Duration.ofMillis(3_200);

    private static final Pattern TOKEN = Pattern.compile("name=\"_csrf\" value=\"([^\"]+)\"");
    private static @Nullable ProjectHaven running;

    final State state;
    final ApiServer server;
    private final HttpClient http = HttpClient.newBuilder()
            .cookieHandler(new CookieManager())
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    static synchronized ProjectHaven get() {
        if (running == null) {
            try {
                running = new ProjectHaven(Files.createTempDirectory("codehaven-projects"), 0);
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        return running;
    }

    ProjectHaven(Path directory, int port) throws IOException, InterruptedException {
        var backends = Backends.start(directory);
        state = backends.state();
        var stubs = WorkflowServiceStubs.newServiceStubs(WorkflowServiceStubsOptions.newBuilder()
                .setTarget("127.0.0.1:1")
                .build());
        var embedded = new SystemInfo.Backend("embedded", true);
        server = ApiServer.start(
                new ApiSettings(
                        "127.0.0.1",
                        port,
                        0,
                        URI.create("http://localhost"),
                        DOMAIN,
                        URI.create("http://" + DOMAIN + ":8081"),
                        false),
                state,
                WorkflowClient.newInstance(stubs),
                new SystemInfo(
                        "0.1.0-test",
                        embedded,
                        null,
                        embedded,
                        embedded,
                        embedded,
                        () -> new SystemInfo.Builds("process", null, true, "A sandbox", 2)));
        backends.closeAtExit(() -> {
            server.close();
            stubs.shutdownNow();
        });
    }

    // --- what there is ---

    Slug project(String slug) {
        var name = new Slug(slug);
        state.projects()
                .create(new Project(
                        name,
                        "https://github.com/example/" + slug,
                        "main",
                        BuildSettings.DETECTED,
                        Instant.now().truncatedTo(ChronoUnit.MILLIS)));
        return name;
    }

    /** A past, told step by step. */
    Past past(Slug project, String id) {
        return new Past(project, id);
    }

    /** What became of a deployment; a READY one has its own address. */
    final class Past {
        private final Slug project;
        private final String id;
        private DeploymentStatus status = DeploymentStatus.READY;
        private Environment environment = Environment.PRODUCTION;
        private String branch = "main";
        private String message = "A commit";
        private String author = "tidewatcher";
        private String sha = "5f1b8a2000000000000000000000000000000000";
        private Instant at = Instant.now().minusSeconds(600);
        private Duration builds = Duration.ofSeconds(70);
        private boolean begun = true;

        private Past(Slug project, String id) {
            this.project = project;
            this.id = id;
        }

        Past is(DeploymentStatus how) {
            status = how;
            return this;
        }

        Past on(String name) {
            branch = name;
            environment = name.equals("main") ? Environment.PRODUCTION : Environment.PREVIEW;
            return this;
        }

        Past says(String text, String by, String commit) {
            message = text;
            author = by;
            sha = (commit + "0".repeat(40)).substring(0, 40);
            return this;
        }

        Past ago(Duration time) {
            at = Instant.now().minus(time).truncatedTo(ChronoUnit.MILLIS);
            return this;
        }

        Past takes(Duration time) {
            builds = time;
            return this;
        }

        Past notBegun() {
            begun = false;
            return this;
        }

        Past put() {
            var steps = steps();
            var ended = status.isFinal() ? last(steps) : null;
            state.deployments()
                    .insert(new Deployment(
                            id,
                            project,
                            environment,
                            status,
                            Trigger.API,
                            new GitSource("https://github.com/example/" + project, branch),
                            BuildSettings.DETECTED,
                            state.projects().nextGeneration(project),
                            branch,
                            new Commit(new CommitSha(sha), message, author, at),
                            "nextjs",
                            Kind.STATIC,
                            at,
                            ended,
                            steps,
                            status == DeploymentStatus.FAILED
                                    ? new Failure(
                                            Step.BUILDING,
                                            FailureKind.BUILD_FAILED,
                                            "The build command pnpm build ended with code 1.")
                                    : null,
                            status == DeploymentStatus.READY ? new Output(214, 3_104_200, 8, 81_200L, "hit") : null,
                            null,
                            null,
                            0));
            if (status == DeploymentStatus.READY) {
                point(Host.ofDeployment(project, id, DOMAIN), Site.Role.DEPLOYMENT, at);
                point(Host.ofBranch(project, branch, DOMAIN), Site.Role.BRANCH, at);
            }
            return this;
        }

        /** Production shows it since then. */
        void live(Duration since) {
            point(
                    Host.ofProduction(project, DOMAIN),
                    Site.Role.PRODUCTION,
                    Instant.now().minus(since));
        }

        private void point(Host host, Site.Role role, Instant when) {
            state.sites()
                    .point(new Site(
                            host,
                            project,
                            id,
                            new Target.Files("a".repeat(64)),
                            state.projects().nextGeneration(project),
                            role,
                            when.truncatedTo(ChronoUnit.MILLIS)));
        }

        private Instant last(List<StepRun> steps) {
            var end = steps.isEmpty() ? null : steps.getLast().endedAt();
            return end == null ? at : end;
        }

        private List<StepRun> steps() {
            var all = new ArrayList<StepRun>();
            if (!begun) {
                return all;
            }
            var from = at.plusMillis(400);
            for (var each : Step.values()) {
                var isBuild = each == Step.BUILDING;
                var to = from.plusMillis(isBuild ? builds.toMillis() : 1_200);
                var runs = isBuild && !status.isFinal();
                var how = runs
                        ? StepRun.State.running
                        : isBuild && status == DeploymentStatus.FAILED
                                ? StepRun.State.failed
                                : isBuild && status == DeploymentStatus.CANCELED
                                        ? StepRun.State.canceled
                                        : StepRun.State.done;
                all.add(new StepRun(each, how, 1, from, runs ? null : to));
                if (how != StepRun.State.done) {
                    return all;
                }
                from = to.plusMillis(200);
            }
            return all;
        }
    }

    // --- what a browser does ---

    URI at(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    HttpResponse<String> get(String path) {
        return send(HttpRequest.newBuilder(at(path)).header("Accept", "text/html"));
    }

    /** Sends a form of the page at the path; names and values take turns. */
    HttpResponse<String> post(String page, String action, String... fields) {
        var token = TOKEN.matcher(get(page).body());
        if (!token.find()) {
            throw new AssertionError("no form at " + page);
        }
        var form = new StringBuilder("_csrf=").append(token.group(1));
        for (int i = 0; i < fields.length; i += 2) {
            form.append('&')
                    .append(fields[i])
                    .append('=')
                    .append(URLEncoder.encode(fields[i + 1], StandardCharsets.UTF_8));
        }
        return send(HttpRequest.newBuilder(at(action))
                .header("Accept", "text/html")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(form.toString())));
    }

    static String location(HttpResponse<String> response) {
        return response.headers()
                .firstValue("Location")
                .map(each -> URI.create(each))
                .map(each -> each.getRawPath() + (each.getRawQuery() == null ? "" : "?" + each.getRawQuery()))
                .orElse("");
    }

    private HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return http.send(request.timeout(Duration.ofSeconds(30)).build(), BodyHandlers.ofString());
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
