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
import codehaven.model.FailureKind;
import codehaven.model.GitSource;
import codehaven.model.Host;
import codehaven.model.Inspection;
import codehaven.model.Inspection.Candidate;
import codehaven.model.Kind;
import codehaven.model.Project;
import codehaven.model.Site;
import codehaven.model.Slug;
import codehaven.model.Target;
import codehaven.model.Trigger;
import codehaven.state.State;
import codehaven.workflows.Inspecting;
import codehaven.workflows.InspectionRequest;
import codehaven.workflows.LookAtRepository;
import codehaven.workflows.SearchAttributes;
import codehaven.workflows.StepFailure;
import codehaven.workflows.TaskQueues;
import io.temporal.api.enums.v1.IndexedValueType;
import io.temporal.testing.TestEnvironmentOptions;
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
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The server with the dashboard on real backends, started once for all tests, and a worker that knows these
 * repositories: any is a monorepo with a shop, its documentation and a server; {@code …/missing} is not there, {@code
 * …/away} does not answer.
 */
final class NewProjectHaven {

    static final String REPOSITORIES = "https://git.example.org/ada/";
    static final CommitSha SHA = new CommitSha("a41f09c000000000000000000000000000000000");

    private static final Pattern TOKEN = Pattern.compile("<meta name=\"csrf-token\" content=\"([^\"]+)\">");
    private static @Nullable NewProjectHaven running;

    final State state;
    private final ApiServer server;
    private final HttpClient http = HttpClient.newHttpClient();
    private final AtomicInteger generation = new AtomicInteger();

    static synchronized NewProjectHaven get() {
        if (running == null) {
            try {
                running = new NewProjectHaven(Files.createTempDirectory("codehaven-new-project"));
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        return running;
    }

    private NewProjectHaven(Path data) throws IOException, InterruptedException {
        var backends = Backends.start(data);
        state = backends.state();
        var options = TestEnvironmentOptions.newBuilder();
        SearchAttributes.ALL.forEach(
                each -> options.registerSearchAttribute(each.getName(), IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD));
        var temporal = TestWorkflowEnvironment.newInstance(options.build());
        var worker = temporal.newWorker(TaskQueues.DEPLOYMENTS);
        worker.registerWorkflowImplementationTypes(LookAtRepository.class);
        worker.registerActivitiesImplementations(new Eyes());
        temporal.start();
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
                        null,
                        data,
                        Instant.now()));
        backends.closeAtExit(() -> {
            server.close();
            temporal.close();
        });
    }

    private static final class Eyes implements Inspecting {
        @Override
        public Inspection inspect(InspectionRequest request) {
            var repository = request.source().repository();
            if (repository.endsWith("/missing")) {
                throw new StepFailure(
                                FailureKind.REPOSITORY_NOT_FOUND, "There is no Git repository at " + repository + ".")
                        .crossing(1);
            }
            if (repository.endsWith("/away")) {
                throw new StepFailure(FailureKind.REPOSITORY_UNREACHABLE, "git.example.org does not answer.")
                        .crossing(2);
            }
            return new Inspection(
                    "main",
                    "main",
                    new Commit(SHA, "Keep the <b>basket</b>", "Ada", Instant.EPOCH),
                    null,
                    List.of(
                            site("apps/shop", "nextjs", "Next.js", "16", "pnpm run build", "out"),
                            site("docs", "vitepress", "VitePress", null, "pnpm run docs:build", ".vitepress/dist"),
                            new Candidate(
                                    "services/ledger",
                                    "express",
                                    "Express",
                                    "5",
                                    Kind.DYNAMIC,
                                    "services/ledger/package.json",
                                    null,
                                    null,
                                    null,
                                    null,
                                    null,
                                    new Inspection.Problem("It has to run.", "Publish only its files."))),
                    null);
        }

        private static Candidate site(
                String directory,
                String framework,
                String label,
                @Nullable String version,
                String build,
                String output) {
            return new Candidate(
                    directory,
                    framework,
                    label,
                    version,
                    Kind.STATIC,
                    directory + "/package.json",
                    "pnpm",
                    24,
                    "pnpm install --frozen-lockfile",
                    build,
                    output,
                    null);
        }
    }

    HttpResponse<String> get(String path) {
        return send(request(path));
    }

    /** As a browser that sends the form of a page that it has just opened. */
    HttpResponse<String> post(String path, Map<String, String> fields) {
        var page = get("/new");
        var cookie = page.headers().firstValue("Set-Cookie").orElseThrow().split(";", 2)[0];
        var token = TOKEN.matcher(page.body());
        if (!token.find()) {
            throw new AssertionError(page.body());
        }
        var body = fields.entrySet().stream()
                .map(each -> each.getKey() + "=" + URLEncoder.encode(each.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        return send(request(path)
                .header("Cookie", cookie)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(body + "&" + FormTokens.FIELD + "=" + token.group(1))));
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .header("Accept", "text/html");
    }

    private HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return http.send(request.build(), BodyHandlers.ofString());
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    void project(String slug, Instant at) {
        state.projects().create(new Project(new Slug(slug), REPOSITORIES + slug, "main", BuildSettings.DETECTED, at));
    }

    Deployment deployment(String id, String slug, DeploymentStatus status, String message, Instant at) {
        var deployment = new Deployment(
                id,
                new Slug(slug),
                Environment.PRODUCTION,
                status,
                Trigger.API,
                new GitSource(REPOSITORIES + slug, null),
                BuildSettings.DETECTED,
                generation.incrementAndGet(),
                "main",
                new Commit(
                        new CommitSha(String.format("%08d", id.hashCode() & 0xffffff) + "0".repeat(32)),
                        message,
                        "Ada",
                        at),
                "vite",
                Kind.STATIC,
                at.truncatedTo(ChronoUnit.MILLIS),
                status.isFinal() ? at : null,
                List.of(),
                null,
                null,
                null,
                null,
                0);
        state.deployments().insert(deployment);
        return deployment;
    }

    void live(Deployment deployment, Instant since) {
        state.sites()
                .point(new Site(
                        Host.ofProduction(deployment.project(), "sites.localhost"),
                        deployment.project(),
                        deployment.id(),
                        new Target.Files("ab".repeat(32)),
                        deployment.generation(),
                        Site.Role.PRODUCTION,
                        since));
    }
}
