package codehaven.api;

import codehaven.model.App;
import codehaven.model.AppImage;
import codehaven.model.Checkpoint;
import codehaven.model.Checkpoint.BuiltOutput;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.Checkpoint.StoredSource;
import codehaven.model.Commit;
import codehaven.model.CommitSha;
import codehaven.model.DeploymentEvent;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.DeploymentEvent.StatusChanged;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.FailureKind;
import codehaven.model.Host;
import codehaven.model.Inspection;
import codehaven.model.Kind;
import codehaven.model.Manifest;
import codehaven.model.Outcome;
import codehaven.model.Output;
import codehaven.model.Site;
import codehaven.model.Step;
import codehaven.model.StepRun;
import codehaven.model.Target;
import codehaven.state.Blobs;
import codehaven.state.State;
import codehaven.workflows.Building;
import codehaven.workflows.Cloning;
import codehaven.workflows.DeploymentRequest;
import codehaven.workflows.Inspecting;
import codehaven.workflows.InspectionRequest;
import codehaven.workflows.Publishing;
import codehaven.workflows.Recording;
import codehaven.workflows.StepFailure;
import codehaven.workflows.Uploading;
import io.temporal.activity.Activity;
import io.temporal.client.ActivityCompletionException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Steps that need neither Git nor Docker; the ref says how they go: {@code hang…} builds until cancelled,
 * {@code fail…} fails in the build as long as {@link #failing}, {@code lines-N} prints N lines,
 * {@code app…} makes an app, {@code app-sick…} one that is never healthy as long as {@link #failing}, which tests keep.
 */
final class FakeSteps implements Cloning, Uploading, Building, Publishing, Recording, Inspecting {

    private static final String DOMAIN = "sites.localhost";

    private final State state;
    final AtomicBoolean failing = new AtomicBoolean(true);
    final AtomicBoolean archiving = new AtomicBoolean(true);
    final Map<String, Integer> clones = new ConcurrentHashMap<>();
    final Map<String, Integer> looks = new ConcurrentHashMap<>();
    final Map<String, Integer> builds = new ConcurrentHashMap<>();

    FakeSteps(State state) {
        this.state = state;
    }

    @Override
    public ClonedTree clone(DeploymentRequest request) {
        clones.merge(request.deployment(), 1, Integer::sum);
        step(request, Step.CLONING, StepRun.State.done);
        var ref = request.source().ref();
        var branch = ref == null ? "main" : ref.matches("[0-9a-f]{40}") ? null : ref;
        var sha = new CommitSha("0123456789abcdef0123456789abcdef01234567");
        var commit = new Commit(sha, "A commit", "Somebody", Instant.EPOCH);
        return new ClonedTree(commit, branch, "main", sha.text(), 1, 5);
    }

    /** The name of the repository says what is seen. */
    @Override
    public Inspection inspect(InspectionRequest request) {
        var repository = request.source().repository();
        var name = repository.substring(repository.lastIndexOf('/') + 1);
        for (var kind : FailureKind.values()) {
            if (kind.name().equalsIgnoreCase(name.replace('-', '_'))) {
                throw new StepFailure(kind, "What " + name + " says.").crossing(2);
            }
        }
        looks.merge(repository, 1, Integer::sum);
        var sha = new CommitSha("0123456789abcdef0123456789abcdef01234567");
        var site = new Inspection.Candidate(
                "apps/web",
                "vite",
                "Vite",
                "7",
                Kind.STATIC,
                "apps/web/package.json",
                "npm",
                22,
                "npm ci",
                "npm run build",
                "dist",
                null);
        return new Inspection(
                request.source().ref() == null ? "main" : request.source().ref(),
                "main",
                new Commit(sha, "A commit", "Somebody", Instant.EPOCH),
                request.rootDirectory(),
                List.of(site),
                null);
    }

    @Override
    public StoredSource upload(DeploymentRequest request, ClonedTree tree) {
        step(request, Step.UPLOADING, StepRun.State.done);
        return new StoredSource("aa", 5, true);
    }

    @Override
    public BuiltOutput build(DeploymentRequest request, ClonedTree tree, StoredSource source) {
        builds.merge(request.deployment(), 1, Integer::sum);
        step(request, Step.BUILDING, StepRun.State.running);
        var ref = String.valueOf(request.source().ref());
        if (ref.startsWith("lines-")) {
            print(request.deployment(), Integer.parseInt(ref.substring(6)));
        }
        while (ref.startsWith("hang")) {
            try {
                Thread.sleep(100);
                Activity.getExecutionContext().heartbeat(null);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            } catch (ActivityCompletionException e) {
                step(request, Step.BUILDING, StepRun.State.canceled);
                throw e;
            }
        }
        if (ref.startsWith("fail") && failing.get()) {
            throw new StepFailure(FailureKind.BUILD_FAILED, "The build command ended with 1.").crossing(1);
        }
        step(request, Step.BUILDING, StepRun.State.done);
        if (ref.startsWith("app")) {
            var tag = request.project() + ":" + request.deployment();
            var digest = "sha256:" + "d".repeat(64);
            var image =
                    new AppImage("registry.example/" + request.project() + "@" + digest, tag, digest, 3000, 90_000_000);
            return new BuiltOutput("outputs/x", "express", Kind.DYNAMIC, 0, 0, false, "none", image);
        }
        return new BuiltOutput("outputs/x", "vite", Kind.STATIC, 1, 5, true, "none", null);
    }

    private void print(String deployment, int count) {
        var n = state.timeline().lastLine(deployment);
        while (n < count) {
            var lines = new ArrayList<LogLine>();
            while (n < count && lines.size() < 200) {
                n++;
                lines.add(new LogLine(
                        Instant.now(), n, Step.BUILDING, "stdout", "\u001b[32mline\u001b[0m " + n, Level.info));
            }
            state.timeline().append(deployment, lines);
            state.bus().nudge(deployment);
        }
    }

    @Override
    public Output publish(DeploymentRequest request, ClonedTree tree, BuiltOutput built) {
        if (String.valueOf(request.source().ref()).startsWith("app-sick") && failing.get()) {
            throw new StepFailure(FailureKind.HEALTH_CHECK_FAILED, "GET / answered 404.").crossing(1);
        }
        var file = new Manifest.File("b".repeat(64), 5, "text/html; charset=utf-8", List.of());
        var files = new TreeMap<>(Map.of("index.html", file, "about/index.html", file, "a b.txt", file));
        var json = manifestJson(new Manifest(request.deployment(), files, true, true));
        var digest = sha256(json);
        state.blobs().put(Blobs.blob(digest), json);
        var image = built.app();
        var target = image == null ? new Target.Files(digest) : new Target.Container(digest, List.of());
        if (image != null) {
            var app = new App(
                    request.deployment(),
                    request.project(),
                    request.environment(),
                    image,
                    request.settings(),
                    App.Wanted.RUNNING,
                    1,
                    1,
                    Instant.now(),
                    Instant.now(),
                    Map.of());
            state.apps().put(app, Map.of("SECRET", "never shown"));
        }
        point(
                request,
                Host.ofDeployment(request.project(), request.deployment(), DOMAIN),
                target,
                Site.Role.DEPLOYMENT);
        if (request.environment() == Environment.PRODUCTION) {
            point(request, Host.ofProduction(request.project(), DOMAIN), target, Site.Role.PRODUCTION);
        }
        state.bus().nudgeRoutes();
        step(request, Step.PUBLISHING, StepRun.State.done);
        return new Output(3, 15, 1, 5L, "none");
    }

    private void point(DeploymentRequest request, Host host, Target target, Site.Role role) {
        state.sites()
                .point(new Site(
                        host,
                        request.project(),
                        request.deployment(),
                        target,
                        request.generation(),
                        role,
                        Instant.now()));
    }

    @Override
    public void enter(String deployment, DeploymentStatus status, Checkpoint soFar) {
        if (state.deployments().enter(deployment, adopted(deployment), status, soFar)) {
            tell(deployment, new StatusChanged(Instant.now(), status, null));
        }
    }

    @Override
    public void finish(String deployment, Outcome outcome, Checkpoint soFar, @Nullable Output output) {
        if (state.deployments().finish(deployment, adopted(deployment), outcome, soFar, output, Instant.now())) {
            var failure = outcome instanceof Outcome.Failed failed ? failed.failure() : null;
            tell(deployment, new StatusChanged(Instant.now(), outcome.status(), failure));
        }
    }

    @Override
    public void archive(String deployment) {
        if (!archiving.get()) {
            throw new IllegalStateException("storage is away");
        }
        state.timeline().archive(deployment);
    }

    private void step(DeploymentRequest request, Step step, StepRun.State how) {
        var run = adopted(request.deployment());
        var ended = how == StepRun.State.running ? null : Instant.now();
        var written =
                new StepRun(step, how, Activity.getExecutionContext().getInfo().getAttempt(), Instant.now(), ended);
        if (state.deployments().step(request.deployment(), run, written)) {
            tell(request.deployment(), new DeploymentEvent.StepChanged(Instant.now(), written));
        }
    }

    private String adopted(String deployment) {
        var run = String.valueOf(Activity.getExecutionContext().getInfo().getWorkflowRunId());
        state.deployments()
                .find(deployment)
                .ifPresent(found -> state.deployments().adopt(deployment, found.run(), run));
        return run;
    }

    private void tell(String deployment, DeploymentEvent event) {
        state.timeline().append(deployment, List.of(event));
        state.bus().nudge(deployment);
    }

    private static byte[] manifestJson(Manifest manifest) {
        return tools.jackson.databind.json.JsonMapper.shared().writeValueAsBytes(manifest);
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
