package codehaven.activities.building;

import codehaven.activities.SecretValues;
import codehaven.activities.Settings;
import codehaven.activities.StepRunner;
import codehaven.activities.StepScope;
import codehaven.activities.WorkFiles;
import codehaven.model.Checkpoint.BuiltOutput;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.Checkpoint.StoredSource;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.Host;
import codehaven.model.Kind;
import codehaven.model.Step;
import codehaven.state.Blobs;
import codehaven.state.State;
import codehaven.workflows.Building;
import codehaven.workflows.DeploymentRequest;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.github.luben.zstd.ZstdInputStream;
import io.temporal.activity.Activity;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** Builds sites and apps in containers, or, for a single user without a Docker engine, in processes of this machine. */
public final class DockerBuilding implements Building, AutoCloseable {

    private static final int PAGE = 500;
    private static final ObjectMapper JSON = new JsonMapper();

    private final StepRunner runner;
    private final Settings settings;
    private final State state;
    private final DockerEngine engine;
    private final Sources sources;
    private final BuildCaches caches;
    private final BuildSweep sweep;
    private final ImageSweep imageSweep;

    /** What an archive of output begins with. */
    record Done(String run, BuiltOutput built) {}

    /**
     * Prepares to build; neither the engine nor storage need be there yet.
     *
     * @throws IllegalArgumentException when {@link Settings#dockerHost} is no address of an engine
     */
    public DockerBuilding(StepRunner runner, Settings settings, State state) {
        this.runner = runner;
        this.settings = settings;
        this.state = state;
        engine = DockerEngine.open(settings);
        sources = new Sources(state.blobs(), settings.data().resolve("sources"));
        caches = new BuildCaches(state.blobs(), settings.data().resolve("caches"));
        sweep = BuildSweep.start(engine, state.deployments());
        imageSweep = ImageSweep.start(engine, state);
    }

    /** How builds run here, by asking the engine. */
    public DockerEngine.Description describe() {
        return engine.describe();
    }

    @Override
    public BuiltOutput build(DeploymentRequest request, ClonedTree tree, StoredSource source) {
        var info = Activity.getExecutionContext().getInfo();
        var run = Objects.requireNonNull(info.getWorkflowRunId(), "an activity of a workflow");
        var attempt = info.getAttempt();
        return runner.run(Step.BUILDING, request, scope -> build(request, tree, source, run, attempt, scope));
    }

    private BuiltOutput build(
            DeploymentRequest request, ClonedTree tree, StoredSource source, String run, int attempt, StepScope scope)
            throws IOException {
        var done = done(request.deployment(), run);
        if (done.isPresent()) {
            scope.log().say("Built already, by an earlier attempt.");
            return done.get();
        }
        var own = state.variables().resolve(request.project(), request.environment());
        scope.log().mask(secrets(request, own));
        var url = url(request);
        Function<Recipe, Map<String, String>> variables = recipe -> BuildVariables.of(request, tree, url, recipe, own);
        try (var archive = sources.fetch(source.sha256())) {
            scope.check();
            var task = new SiteBuild.Task(
                    request.deployment(),
                    request.project().text(),
                    run,
                    attempt,
                    request.settings(),
                    archive.file(),
                    variables,
                    sensitive(request),
                    before -> logged(request.deployment(), before));
            var made = new SiteBuild(engine, settings, caches, task, scope).make();
            return store(request, run, made, scope);
        }
    }

    private BuiltOutput store(DeploymentRequest request, String run, SiteBuild.Made made, StepScope scope)
            throws IOException {
        var basket = made.basket();
        var spa = request.settings().spaFallback() == null
                ? made.spa()
                : request.settings().spaFallback();
        var key = Blobs.output(request.deployment());
        var built = new BuiltOutput(
                key,
                made.recipe().framework().id(),
                made.app() == null ? Kind.STATIC : Kind.DYNAMIC,
                basket.count(),
                basket.bytes(),
                spa,
                made.cache(),
                made.app());
        var work = WorkFiles.of(settings.data(), request.deployment());
        var archive = work.resolve("output.tar.zst");
        try {
            basket.archive(archive, JSON.writeValueAsString(new Done(run, built)));
            scope.check();
            state.blobs().put(key, archive);
            var left = work.resolve("output");
            WorkFiles.delete(left);
            if (basket.directory().isPresent()) {
                Files.move(basket.directory().get(), left, StandardCopyOption.ATOMIC_MOVE);
            }
        } finally {
            Files.deleteIfExists(archive);
            basket.tidy();
        }
        if (built.app() != null) {
            scope.log()
                    .say(
                            built.files() == 0
                                    ? "All requests are answered by the app."
                                    : String.format(
                                            Locale.ROOT,
                                            "%,d files of the app, %s, are served without it.",
                                            built.files(),
                                            size(built.bytes())));
            return built;
        }
        scope.log()
                .say(String.format(
                        Locale.ROOT,
                        "The output has %,d %s, %s.",
                        built.files(),
                        built.files() == 1 ? "file" : "files",
                        size(built.bytes())));
        return built;
    }

    private static String size(long bytes) {
        return bytes < 1_000_000
                ? String.format(Locale.ROOT, "%.1f kB", bytes / 1e3)
                : String.format(Locale.ROOT, "%,.1f MB", bytes / 1e6);
    }

    /** What an earlier attempt of this run stored, whose answer got lost. */
    private Optional<BuiltOutput> done(String deployment, String run) throws IOException {
        try (var stored = state.blobs().open(Blobs.output(deployment));
                var tar = new TarArchiveInputStream(new ZstdInputStream(stored), "UTF-8")) {
            // A global header belongs to every entry after it.
            var first = tar.getNextEntry();
            var record = first == null ? null : first.getExtraPaxHeader(OutputBasket.RECORD);
            if (record == null) {
                return Optional.empty();
            }
            var read = JSON.readValue(record, Done.class);
            return read.run().equals(run) ? Optional.of(read.built()) : Optional.empty();
        } catch (Blobs.NotThere | JsonProcessingException e) {
            return Optional.empty();
        }
    }

    private Set<String> secrets(DeploymentRequest request, Map<String, String> own) {
        return SecretValues.of(own, sensitive(request));
    }

    private Set<String> sensitive(DeploymentRequest request) {
        return state.variables().list(request.project()).stream()
                .filter(each -> each.sensitive())
                .map(each -> each.key())
                .collect(Collectors.toSet());
    }

    private URI url(DeploymentRequest request) {
        var edge = settings.edgeUrl();
        var host = Host.ofDeployment(request.project(), request.deployment(), settings.sitesDomain());
        return URI.create(edge.getScheme() + "://" + host + (edge.getPort() < 0 ? "" : ":" + edge.getPort()) + "/");
    }

    /** How many lines of output are in the log after a line. */
    private long logged(String deployment, long line) {
        var count = 0L;
        var after = 0L;
        while (true) {
            var page = state.timeline().read(deployment, after, PAGE);
            for (var each : page) {
                if (each.event() instanceof LogLine log
                        && log.n() > line
                        && log.step() == Step.BUILDING
                        && !"system".equals(log.stream())) {
                    count++;
                }
            }
            if (page.size() < PAGE) {
                return count;
            }
            after = page.getLast().position();
        }
    }

    /** Ends the sweeps and the connections to the engine; running builds hear of it from their own worker. */
    @Override
    public void close() {
        sweep.close();
        imageSweep.close();
        engine.close();
    }
}
