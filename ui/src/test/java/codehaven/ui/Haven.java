package codehaven.ui;

import codehaven.api.ApiServer;
import codehaven.api.ApiSettings;
import codehaven.api.SystemInfo;
import codehaven.model.App;
import codehaven.model.AppImage;
import codehaven.model.BuildSettings;
import codehaven.model.Checkpoint;
import codehaven.model.Commit;
import codehaven.model.CommitSha;
import codehaven.model.Deployment;
import codehaven.model.DeploymentEvent;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.Failure;
import codehaven.model.GitSource;
import codehaven.model.Host;
import codehaven.model.Kind;
import codehaven.model.Manifest;
import codehaven.model.Output;
import codehaven.model.Project;
import codehaven.model.Site;
import codehaven.model.Slug;
import codehaven.model.Step;
import codehaven.model.StepRun;
import codehaven.model.Target;
import codehaven.model.Trigger;
import codehaven.state.Blobs;
import codehaven.state.RuntimeLogs.Line;
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
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** The dashboard on real backends, with deployments whose past is told by tests. There is no Temporal, so nothing goes on by itself. */
final class Haven {

    static final String DOMAIN = "sites.localhost";
    private static final Pattern TOKEN = Pattern.compile("name=\"_csrf\" value=\"([^\"]+)\"");
    private static @Nullable Haven running;

    final State state;
    final ApiServer server;
    private final HttpClient http = HttpClient.newBuilder()
            .cookieHandler(new CookieManager())
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    static synchronized Haven get() {
        if (running == null) {
            try {
                running = new Haven();
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        return running;
    }

    private Haven() throws IOException, InterruptedException {
        var directory = Files.createTempDirectory("codehaven-ui");
        var backends = Backends.start(directory);
        state = backends.state();
        var stubs = WorkflowServiceStubs.newServiceStubs(WorkflowServiceStubsOptions.newBuilder()
                .setTarget("127.0.0.1:1")
                .build());
        var embedded = new SystemInfo.Backend("embedded", true);
        var sites = URI.create("http://" + DOMAIN + ":8081");
        server = ApiServer.start(
                new ApiSettings("127.0.0.1", Integer.getInteger("haven.port", 0), 0, null, DOMAIN, sites, false),
                state,
                WorkflowClient.newInstance(stubs),
                new SystemInfo(
                        "0.1.0-test",
                        embedded,
                        URI.create("http://localhost:8233"),
                        embedded,
                        embedded,
                        embedded,
                        () -> new SystemInfo.Builds("process", null, true, "A sandbox", 2)));
        backends.closeAtExit(() -> {
            server.close();
            stubs.shutdownNow();
        });
    }

    Slug project(String slug) {
        var name = new Slug(slug);
        state.projects()
                .create(new Project(
                        name, "https://github.com/example/" + slug, "main", BuildSettings.DETECTED, Instant.now()));
        return name;
    }

    Past past(Slug project, String id) {
        return new Past(project, id);
    }

    /** What became of a deployment; by default it was READY ten minutes ago, in production, and is shown nowhere. */
    final class Past {
        private final Slug project;
        private final String id;
        private final List<StepRun> steps = new ArrayList<>();
        private final List<DeploymentEvent> events = new ArrayList<>();
        private final TreeMap<String, Manifest.File> files = new TreeMap<>();
        private DeploymentStatus status = DeploymentStatus.READY;
        private Environment environment = Environment.PRODUCTION;
        private String repository;
        private @Nullable String branch = "main";
        private String message = "Basket: survive a locale switch";
        private String author = "tidewatcher";
        private Instant at = now().minusSeconds(600);
        private @Nullable Failure failure;
        private boolean live;
        private boolean dynamic;
        private int replicas = 1;
        private App.Wanted wanted = App.Wanted.RUNNING;

        private Past(Slug project, String id) {
            this.project = project;
            this.id = id;
            repository = "https://github.com/example/" + project;
        }

        Past is(DeploymentStatus how) {
            status = how;
            return this;
        }

        Past of(String where) {
            repository = where;
            return this;
        }

        Past preview(@Nullable String of) {
            environment = Environment.PREVIEW;
            branch = of;
            return this;
        }

        Past says(String text, String by) {
            message = text;
            author = by;
            return this;
        }

        Past ago(Duration time) {
            at = now().minus(time);
            return this;
        }

        /** Times are counted from when it was made; without an end it still runs. */
        Past step(Step step, StepRun.State how, int attempt, Duration from, @Nullable Duration to) {
            steps.add(new StepRun(step, how, attempt, at.plus(from), to == null ? null : at.plus(to)));
            return this;
        }

        /** All four, in so many seconds. */
        Past steps(int... seconds) {
            var from = Duration.ofMillis(400);
            var all = Step.values();
            for (int i = 0; i < all.length; i++) {
                var to = from.plusSeconds(seconds[i]);
                step(all[i], StepRun.State.done, 1, from, to);
                from = to.plusMillis(50);
            }
            return this;
        }

        Past happened(DeploymentEvent event) {
            events.add(event);
            return this;
        }

        Instant after(Duration time) {
            return at.plus(time);
        }

        Past failed(Failure how) {
            status = DeploymentStatus.FAILED;
            failure = how;
            return this;
        }

        Past file(String path, String content) {
            var bytes = content.getBytes(StandardCharsets.UTF_8);
            files.put(path, new Manifest.File(sha256(bytes), bytes.length, "text/plain; charset=utf-8", List.of()));
            return this;
        }

        /** An app runs behind it; its containers are told by {@link Haven#container}. */
        Past app(App.Wanted how, int containers) {
            dynamic = true;
            wanted = how;
            replicas = containers;
            return this;
        }

        Past live() {
            live = true;
            return this;
        }

        String put() {
            var sha = new CommitSha(sha256(id.getBytes(StandardCharsets.UTF_8)).substring(0, 40));
            var commit = status == DeploymentStatus.QUEUED || status == DeploymentStatus.SUPERSEDED
                    ? null
                    : new Commit(sha, message, author, at);
            var ended = steps.isEmpty() ? at.plusSeconds(3) : steps.getLast().endedAt();
            var ready = status == DeploymentStatus.READY;
            var bytes = files.values().stream().mapToLong(Manifest.File::size).sum();
            state.deployments()
                    .insert(new Deployment(
                            id,
                            project,
                            environment,
                            status,
                            Trigger.PUSH,
                            new GitSource(repository, branch),
                            BuildSettings.DETECTED,
                            state.projects().nextGeneration(project),
                            branch,
                            commit,
                            ready ? dynamic ? "express" : "nextjs" : null,
                            ready ? dynamic ? Kind.DYNAMIC : Kind.STATIC : null,
                            at,
                            status.isFinal() ? ended : null,
                            steps,
                            failure,
                            ready ? new Output(files.size(), bytes, 1, 12L, "hit") : null,
                            commit == null
                                    ? null
                                    : new Checkpoint(
                                            new Checkpoint.ClonedTree(
                                                    commit, branch, "main", sha.text(), 1_904, 12_400_000),
                                            new Checkpoint.StoredSource("aa", 4_100, true),
                                            null),
                            null,
                            0));
            state.timeline().append(id, events);
            if (ready) {
                publish();
            }
            return id;
        }

        private void publish() {
            var json = JsonMapper.shared().writeValueAsBytes(new Manifest(id, files, false, true));
            var manifest = sha256(json);
            var target = dynamic ? new Target.Container(manifest, List.of()) : new Target.Files(manifest);
            if (dynamic) {
                putApp();
            }
            state.blobs().put(Blobs.blob(target.manifest()), json);
            point(Host.ofDeployment(project, id, DOMAIN), target, Site.Role.DEPLOYMENT);
            if (branch != null) {
                point(Host.ofBranch(project, branch, DOMAIN), target, Site.Role.BRANCH);
            }
            if (live) {
                point(Host.ofProduction(project, DOMAIN), target, Site.Role.PRODUCTION);
            }
        }

        private void putApp() {
            var digest = "sha256:" + sha256(id.getBytes(StandardCharsets.UTF_8));
            var tag = project + ":" + id;
            var image = new AppImage("registry.example/" + project + "@" + digest, tag, digest, 3000, 182_000_000);
            var used = now().minusSeconds(180);
            state.apps()
                    .put(
                            new App(
                                    id,
                                    project,
                                    environment,
                                    image,
                                    BuildSettings.DETECTED,
                                    wanted,
                                    replicas,
                                    1,
                                    used,
                                    used,
                                    Map.of()),
                            Map.of());
        }

        private void point(Host host, Target target, Site.Role role) {
            var generation = state.projects().nextGeneration(project);
            state.sites().point(new Site(host, project, id, target, generation, role, now()));
        }
    }

    /** Says how a container is, as whoever runs it would. */
    void container(String id, int n, App.State how, Duration ago, int restarts, @Nullable String reason) {
        var address = how == App.State.HEALTHY ? "172.18.0." + (n + 3) + ":3000" : null;
        state.apps()
                .report(
                        id,
                        new App.Instance(
                                n, "app-" + id + "-" + n, "engine", address, how, now().minus(ago), restarts, reason));
        state.bus().nudgeApps();
    }

    /** What it prints. */
    void prints(String id, Line... lines) {
        state.runtimeLogs().append(id, List.of(lines));
        state.bus().nudgeRuntimeLog(id);
    }

    static Line line(int instance, String stream, String text) {
        return new Line(0, now(), instance, stream, text);
    }

    static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    URI at(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    HttpResponse<String> get(String path, String... headers) {
        var request = HttpRequest.newBuilder(at(path)).header("Accept", "text/html");
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    /** Sends a form of the page at the path. */
    HttpResponse<String> post(String page, String action, Map<String, String> fields) {
        var token = TOKEN.matcher(get(page).body());
        if (!token.find()) {
            throw new AssertionError("no form at " + page);
        }
        var form = new StringBuilder("_csrf=" + token.group(1));
        fields.forEach((name, value) ->
                form.append('&').append(name).append('=').append(URLEncoder.encode(value, StandardCharsets.UTF_8)));
        return send(HttpRequest.newBuilder(at(action))
                .header("Accept", "text/html")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(form.toString())));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return http.send(request.timeout(Duration.ofSeconds(30)).build(), BodyHandlers.ofString());
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
