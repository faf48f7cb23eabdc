import codehaven.api.ApiServer;
import codehaven.api.ApiSettings;
import codehaven.api.SystemInfo;
import codehaven.dev.DevStack;
import codehaven.model.BuildSettings;
import codehaven.model.Checkpoint;
import codehaven.model.Commit;
import codehaven.model.CommitSha;
import codehaven.model.Deployment;
import codehaven.model.DeploymentEvent;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.DeploymentEvent.StatusChanged;
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
import codehaven.state.StateSettings;
import io.temporal.client.WorkflowClient;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.zip.GZIPInputStream;

/** Measures the dashboard over an installation with many projects: see README.md beside this file. */
final class Dashboard {

    private static final int PROJECTS = 1_000;
    private static final int DEPLOYMENTS = 10_000;
    private static final int LOG_LINES = 200_000;
    private static final int WARM_UPS = 200;
    private static final int RUNS = 100;
    private static final int LIVE = 50;

    private static final String[] WORDS =
            "fix add make keep the a basket header of for page list locale switch sessions refresh tide table colour on phones"
                    .split(" ");

    private final Random random = new Random(4);
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final State state;
    private final URI base;
    private boolean failed;

    private Dashboard(State state, URI base) {
        this.state = state;
        this.base = base;
    }

    public static void main(String[] arguments) throws Exception {
        var data = arguments.length > 0 ? Path.of(arguments[0]) : Files.createTempDirectory("codehaven-bench");
        System.setProperty("logging.level.root", "warn");
        boolean over;
        try (var stack = DevStack.start(DevStack.Plan.everything(data, List.of("ProjectSlug", "DeploymentStatus", "Branch", "CommitSha", "Environment", "Trigger")));
                var state = State.open(new StateSettings(
                        stack.mongo().uri("codehaven"),
                        stack.redis().uri(),
                        stack.s3().endpoint(),
                        "us-east-1",
                        "codehaven",
                        stack.s3().accessKey(),
                        stack.s3().secretKey(),
                        Base64.getEncoder().encodeToString(new byte[32])))) {
            var stubs = WorkflowServiceStubs.newServiceStubs(WorkflowServiceStubsOptions.newBuilder()
                    .setTarget(stack.temporal().address())
                    .build());
            var settings = new ApiSettings(
                    "127.0.0.1", 0, 0, null, "sites.localhost", URI.create("http://sites.localhost:8081"), false);
            var info = new SystemInfo(
                    "bench",
                    new SystemInfo.Backend(stack.temporal().address(), true),
                    stack.temporal().uiAddress().orElse(null),
                    new SystemInfo.Backend(stack.mongo().uri(), true),
                    new SystemInfo.Backend(stack.redis().uri(), true),
                    new SystemInfo.Backend(stack.s3().endpoint().toString(), true),
                    () -> new SystemInfo.Builds("process", null, true, null, 2),
                    data,
                    Instant.now());
            seeded(state);
            try (var server = ApiServer.start(settings, state, WorkflowClient.newInstance(stubs), info)) {
                var bench = new Dashboard(state, URI.create("http://localhost:" + server.port()));
                if (arguments.length > 1 && arguments[1].equals("--stay")) {
                    System.out.println("Look at " + bench.base + " (Ctrl-C stops it)");
                    Thread.currentThread().join();
                }
                bench.database();
                bench.pages();
                bench.log();
                bench.wire();
                bench.live();
                System.out.println(bench.failed ? "\nSome figures are over their limits." : "\nAll figures are within their limits.");
                over = bench.failed;
            } finally {
                stubs.shutdownNow();
            }
        }
        // Not before the backends are stopped.
        System.exit(over ? 1 : 0);
    }

    // --- the installation ---

    private static void seeded(State state) throws Exception {
        if (!state.projects().list(null, 1).isEmpty()) {
            return;
        }
        var start = System.nanoTime();
        var seed = new Dashboard(state, URI.create("http://localhost"));
        try (var threads = Executors.newFixedThreadPool(16)) {
            var all = new ArrayList<java.util.concurrent.Future<?>>();
            for (int p = 0; p < PROJECTS; p++) {
                var slug = slug(p);
                all.add(threads.submit(() -> state.projects()
                        .create(new Project(
                                slug,
                                "https://github.com/example/" + slug,
                                "main",
                                BuildSettings.DETECTED,
                                Instant.now().minus(300, ChronoUnit.DAYS)))));
            }
            for (var each : all) {
                each.get();
            }
            all.clear();
            for (int d = 0; d < DEPLOYMENTS; d++) {
                var deployment = seed.deployment(d);
                all.add(threads.submit(() -> {
                    state.deployments().insert(deployment);
                    if (deployment.status() == DeploymentStatus.READY && deployment.environment() == Environment.PRODUCTION) {
                        state.sites().point(new Site(
                                Host.ofProduction(deployment.project(), "sites.localhost"),
                                deployment.project(),
                                deployment.id(),
                                new Target.Files("ab".repeat(32)),
                                deployment.generation(),
                                Site.Role.PRODUCTION,
                                deployment.createdAt()));
                    }
                }));
            }
            for (var each : all) {
                each.get();
            }
        }
        var lines = new ArrayList<DeploymentEvent>();
        for (long n = 1; n <= LOG_LINES; n++) {
            lines.add(line(n));
            if (lines.size() == 500) {
                state.timeline().append(id(0), lines);
                lines.clear();
            }
        }
        System.out.printf("Seeded %,d projects, %,d deployments, a log of %,d lines in %d s%n", PROJECTS, DEPLOYMENTS, LOG_LINES, (System.nanoTime() - start) / 1_000_000_000);
    }

    private static LogLine line(long n) {
        var text = n % 997 == 0
                ? "\u001b[31merror\u001b[0m in src/app.tsx(" + n + ",7): Property 'tide' does not exist"
                : "\u001b[32m✓\u001b[0m built module " + n + " of the storefront in " + n % 90 + " ms";
        return new LogLine(Instant.now(), n, Step.BUILDING, "stdout", text, n % 997 == 0 ? Level.error : Level.info);
    }

    private static Slug slug(int p) {
        return new Slug("project-" + p);
    }

    private static String id(int d) {
        var text = Integer.toString(d, 36);
        return "bench000".substring(0, 8 - text.length()) + text;
    }

    /** The first is the newest; the first of each thousand is of another project than the one before. */
    private Deployment deployment(int d) {
        var status = d >= 1 && d <= 3
                ? DeploymentStatus.BUILDING
                : d >= 4 && d <= 8
                        ? DeploymentStatus.QUEUED
                        : d % 11 == 5 ? DeploymentStatus.FAILED : d % 37 == 5 ? DeploymentStatus.CANCELED : DeploymentStatus.READY;
        var created = Instant.now().minus(d * 13L, ChronoUnit.MINUTES).truncatedTo(ChronoUnit.MILLIS);
        var branch = d % 3 == 0 ? "main" : "feature/" + WORDS[d % WORDS.length] + "-" + d % 7;
        var sha = String.format("%040x", 0x7fff_ffffL * (d + 3));
        var commit = new Commit(new CommitSha(sha), message(), "Ada Lovelace <ada@example.org>", created);
        var steps = new ArrayList<StepRun>();
        var at = created;
        for (var step : Step.values()) {
            if (status == DeploymentStatus.QUEUED || (status == DeploymentStatus.BUILDING && step == Step.PUBLISHING)) {
                break;
            }
            var runs = status == DeploymentStatus.BUILDING && step == Step.BUILDING;
            var fails = status == DeploymentStatus.FAILED && step == Step.BUILDING;
            var end = at.plusMillis(500 + random.nextInt(20_000));
            steps.add(new StepRun(step, runs ? StepRun.State.running : fails ? StepRun.State.failed : StepRun.State.done, 1, at, runs ? null : end));
            at = end;
            if (fails) {
                break;
            }
        }
        var ready = status == DeploymentStatus.READY;
        return new Deployment(
                id(d),
                slug(d % PROJECTS),
                d % 3 == 0 ? Environment.PRODUCTION : Environment.PREVIEW,
                status,
                Trigger.API,
                new GitSource("https://github.com/example/" + slug(d % PROJECTS), branch),
                BuildSettings.DETECTED,
                DEPLOYMENTS - d,
                branch,
                commit,
                "vite",
                Kind.STATIC,
                created,
                status.isFinal() ? at : null,
                steps,
                status == DeploymentStatus.FAILED
                        ? new Failure(Step.BUILDING, FailureKind.BUILD_FAILED, "The build failed: exit code 1.")
                        : null,
                ready ? new Output(14, 214_512, 3, 12_345L, "hit") : null,
                Checkpoint.NONE,
                null,
                0);
    }

    private String message() {
        var text = new StringBuilder();
        for (int i = 0; i < 6; i++) {
            text.append(i == 0 ? "" : " ").append(WORDS[random.nextInt(WORDS.length)]);
        }
        return text.toString();
    }

    // --- what is measured ---

    private interface Work {
        void run() throws Exception;
    }

    /** What the last {@link #timed} took of the processor, for machines on which others work too. */
    private static double cpu;

    private static double[] timed(int warmUps, int runs, Work work) throws Exception {
        var times = new double[runs];
        var process = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        var before = process.getProcessCpuTime();
        for (int i = -warmUps; i < runs; i++) {
            if (i == 0) {
                before = process.getProcessCpuTime();
            }
            var start = System.nanoTime();
            work.run();
            if (i >= 0) {
                times[i] = (System.nanoTime() - start) / 1e6;
            }
        }
        cpu = (process.getProcessCpuTime() - before) / 1e6 / runs;
        Arrays.sort(times);
        return times;
    }

    private void print(String what, double[] times, double limit) {
        var p50 = times[times.length / 2];
        var p95 = times[times.length * 95 / 100];
        var over = limit > 0 && p95 > limit;
        failed |= over;
        var processor = cpu > 0 ? String.format("%8.1f", cpu) : "";
        cpu = 0;
        System.out.printf(
                "  %-44s %8.1f %8.1f %8.1f ms%s%s%n",
                what, p50, p95, times[times.length - 1], processor, over ? "   over " + Math.round(limit) : "");
    }

    /** What pages ask of the database; only to see where time goes. */
    private void database() throws Exception {
        System.out.printf("%n  %-44s %8s %8s %8s     cpu%n", "database", "p50", "p95", "max");
        var filter = new codehaven.state.Deployments.Filter(slug(7), null, null, null);
        var failedOnes = new codehaven.state.Deployments.Filter(null, null, DeploymentStatus.FAILED, null);
        print("one deployment", timed(WARM_UPS, RUNS, () -> state.deployments().find(id(77))), 0);
        print("newest of a project", timed(WARM_UPS, RUNS, () -> state.deployments().list(filter, null, 21)), 0);
        print("newest of all", timed(WARM_UPS, RUNS, () -> state.deployments().list(codehaven.state.Deployments.Filter.ANY, null, 21)), 0);
        print("newest failed ones", timed(WARM_UPS, RUNS, () -> state.deployments().list(failedOnes, null, 21)), 0);
        print("active", timed(WARM_UPS, RUNS, () -> state.deployments().active(1_000)), 0);
        print("projects, a page", timed(WARM_UPS, RUNS, () -> state.projects().list(null, 50)), 0);
        print("projects, all", timed(WARM_UPS, RUNS, () -> state.projects().list(null, 1_000)), 0);
        print("sites of a project", timed(WARM_UPS, RUNS, () -> state.sites().ofProject(slug(7))), 0);
        print("sites, all", timed(WARM_UPS, RUNS, () -> state.sites().all()), 0);
    }

    private void pages() throws Exception {
        System.out.printf("%n  %-44s %8s %8s %8s     cpu   limit 50 ms%n", "pages: HTML, on the server", "p50", "p95", "max");
        // What all pages share is compiled before any of them is measured.
        for (int n = 0; n < WARM_UPS; n++) {
            for (var path : paths()) {
                get(path);
            }
        }
        for (var path : paths()) {
            var answer = get(path);
            if (answer.statusCode() != 200) {
                System.out.printf("  %-44s answers %d%n", path, answer.statusCode());
                continue;
            }
            print(path, timed(RUNS, RUNS, () -> get(path)), 50);
        }
    }

    /** What a browser asks for as somebody scrolls through a long log, and looks for something in it. */
    private void log() throws Exception {
        System.out.printf("%n  %-44s %8s %8s %8s     cpu   limits 50 and 300 ms%n", "a log of 200,000 lines", "p50", "p95", "max");
        var log = "/deployments/" + id(0) + "/log";
        print("lines from anywhere", timed(RUNS, RUNS, () -> get(log + "?from=" + random.nextInt(1, LOG_LINES - 1_000))), 50);
        print("find what many lines have", timed(RUNS, RUNS, () -> get(log + "/find?text=transform")), 300);
        print("find what no line has", timed(RUNS, RUNS, () -> get(log + "/find?text=nothing-has-this")), 300);
        print("find the errors", timed(RUNS, RUNS, () -> get(log + "/find?level=error")), 300);
    }

    private static List<String> paths() {
        return List.of(
                "/",
                "/?q=project-7",
                "/?status=FAILED",
                "/new",
                "/projects/project-7",
                "/projects/project-7?status=FAILED",
                "/projects/project-7/env",
                "/projects/project-7/domains",
                "/projects/project-7/settings",
                "/deployments/" + id(0),
                "/deployments/" + id(0) + "?line=100000",
                "/deployments/" + id(1),
                "/deployments/" + id(5),
                "/deployments/" + id(7),
                "/deployments/" + id(0) + "/files",
                "/system");
    }

    /** A first visit with cold caches: the page, and all that it names. */
    private void wire() throws Exception {
        System.out.printf("%n  %-44s %8s   limit 100 KB%n", "over the wire at a first visit, compressed", "KB");
        for (var path : paths()) {
            var page = get(path);
            if (page.statusCode() != 200) {
                continue;
            }
            var bytes = sizeOf(page);
            var html = text(page);
            var names = new LinkedHashSet<String>();
            var found = Pattern.compile("<(?:script|link|img)\\b[^>]*?\\b(?:src|href)=\"(/[^\"]+)\"").matcher(html);
            while (found.find()) {
                names.add(found.group(1));
            }
            for (var name : names) {
                bytes += sizeOf(get(name));
            }
            var over = bytes > 100_000;
            failed |= over;
            System.out.printf("  %-44s %8.1f   %d requests%s%n", path, bytes / 1e3, names.size() + 1, over ? "   over" : "");
        }
    }

    private HttpResponse<byte[]> get(String path) throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(base.resolve(path))
                        .header("Accept", "text/html,*/*")
                        .header("Accept-Encoding", "gzip")
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
    }

    private static String text(HttpResponse<byte[]> answer) throws IOException {
        var in = new java.io.ByteArrayInputStream(answer.body());
        var zipped = answer.headers().firstValue("Content-Encoding").orElse("").equals("gzip");
        return new String((zipped ? new GZIPInputStream(in) : in).readAllBytes(), StandardCharsets.UTF_8);
    }

    private static long sizeOf(HttpResponse<byte[]> answer) {
        var headers = answer.headers().map().entrySet().stream()
                .mapToLong(each -> each.getValue().stream().mapToLong(value -> each.getKey().length() + value.length() + 4).sum())
                .sum();
        return 17 + headers + answer.body().length;
    }

    // --- live ---

    private record Heard(String name, String data, long at) {}

    private void live() throws Exception {
        System.out.printf("%n  %-44s %8s %8s %8s   limit 300 ms%n", "live: from its record to the browser's line", "p50", "p95", "max");
        var id = id(1);
        state.deployments().adopt(id, null, "bench-run");
        status("/stream", "changed", id, "a status, on lists");
        status("/deployments/" + id + "/stream", "status", id, "a status, on its page");
        status("/v1/deployments/" + id + "/events", "status", id, "a status, by REST");
        line("/deployments/" + id + "/stream", id, "a line of the log, on its page");
        line("/v1/deployments/" + id + "/events", id, "a line of the log, by REST");
    }

    private void status(String path, String name, String id, String what) throws Exception {
        var heard = listen(path, 0);
        if (heard == null) {
            System.out.printf("  %-44s is not there%n", what);
            return;
        }
        var statuses = List.of(DeploymentStatus.UPLOADING, DeploymentStatus.BUILDING);
        var times = new double[LIVE];
        for (int i = 0; i < LIVE; i++) {
            var next = statuses.get(i % 2);
            // A run of its own each time, as after a reset: no run goes back by itself.
            var run = what + i;
            var now = state.deployments().find(id).orElseThrow();
            state.deployments().adopt(id, now.run(), run);
            Thread.sleep(300);
            heard.clear();
            var start = System.nanoTime();
            state.deployments().enter(id, run, next, Checkpoint.NONE);
            state.timeline().append(id, List.of(new StatusChanged(Instant.now(), next, null)));
            state.bus().nudge(id);
            times[i] = awaited(heard, each -> each.name().equals(name) && each.data().contains(next.name()), start);
        }
        Arrays.sort(times);
        print(what, times, 300);
    }

    private void line(String path, String id, String what) throws Exception {
        var heard = listen(path, 0);
        if (heard == null) {
            System.out.printf("  %-44s is not there%n", what);
            return;
        }
        var times = new double[LIVE];
        for (int i = 0; i < LIVE; i++) {
            Thread.sleep(100);
            heard.clear();
            var n = state.timeline().lastLine(id) + 1;
            var mark = "bench-mark-" + what.length() + "-" + n;
            var start = System.nanoTime();
            state.timeline().append(id, List.of(new LogLine(Instant.now(), n, Step.BUILDING, "stdout", mark, Level.info)));
            state.bus().nudge(id);
            times[i] = awaited(heard, each -> each.data().contains(mark), start);
        }
        Arrays.sort(times);
        print(what, times, 300);
    }

    private static double awaited(LinkedBlockingQueue<Heard> heard, java.util.function.Predicate<Heard> wanted, long start) throws InterruptedException {
        while (true) {
            var each = heard.poll(10, TimeUnit.SECONDS);
            if (each == null) {
                return 10_000;
            }
            if (wanted.test(each)) {
                return (each.at() - start) / 1e6;
            }
        }
    }

    /** Null if there is no such stream. */
    private LinkedBlockingQueue<Heard> listen(String path, long after) throws Exception {
        var answer = http.send(
                HttpRequest.newBuilder(base.resolve(path))
                        .header("Accept", "text/event-stream")
                        .build(),
                HttpResponse.BodyHandlers.ofInputStream());
        if (answer.statusCode() != 200) {
            return null;
        }
        var heard = new LinkedBlockingQueue<Heard>();
        Thread.ofPlatform().daemon().start(() -> {
            try (var in = new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8))) {
                var name = "";
                for (var line = in.readLine(); line != null; line = in.readLine()) {
                    if (line.startsWith("event:")) {
                        name = line.substring(6).strip();
                    } else if (line.startsWith("data:")) {
                        heard.add(new Heard(name, line.substring(5).strip(), System.nanoTime()));
                    }
                }
            } catch (IOException e) {
                heard.clear();
            }
        });
        Thread.sleep(1_000);
        return heard;
    }
}
