package codehaven.activities.publishing;

import codehaven.activities.Settings;
import codehaven.activities.StepRunner;
import codehaven.activities.StepScope;
import codehaven.activities.WorkFiles;
import codehaven.model.Checkpoint.BuiltOutput;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.Environment;
import codehaven.model.FailureKind;
import codehaven.model.Host;
import codehaven.model.Manifest;
import codehaven.model.Output;
import codehaven.model.Site;
import codehaven.model.Step;
import codehaven.model.Target;
import codehaven.state.Blobs;
import codehaven.state.State;
import codehaven.workflows.DeploymentRequest;
import codehaven.workflows.Publishing;
import codehaven.workflows.StepFailure;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts a built site's files where the edge finds them, then moves the pointers: before that nobody sees anything of it. */
public final class EdgePublishing implements Publishing {

    private static final Logger LOGGER = LoggerFactory.getLogger(EdgePublishing.class);
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private final Settings settings;
    private final StepRunner runner;
    private final State state;

    public EdgePublishing(StepRunner runner, Settings settings, State state) {
        this.runner = runner;
        this.settings = settings;
        this.state = state;
    }

    @Override
    public Output publish(DeploymentRequest request, ClonedTree tree, BuiltOutput built) {
        return runner.run(Step.PUBLISHING, request, scope -> publish(request, tree, built, scope));
    }

    private Output publish(DeploymentRequest request, ClonedTree tree, BuiltOutput built, StepScope scope)
            throws IOException, InterruptedException {
        var work = WorkFiles.of(settings.data(), request.deployment());
        var mine = work.resolve("publish-" + UUID.randomUUID());
        Files.createDirectories(mine);
        Output output;
        try {
            var found = find(built, work.resolve("output"), mine, scope);
            if (found.isPresent()) {
                output = publish(request, tree, built, found.get(), mine, scope);
            } else {
                output = pointAgain(request, tree, built, scope);
            }
        } finally {
            delete(mine);
        }
        tidy(built, work);
        return output;
    }

    /** The built files: those that the builder left here, if they are whole, else the stored ones, if there are any. */
    private Optional<SiteFiles> find(BuiltOutput built, Path local, Path mine, StepScope scope) throws IOException {
        var here = SiteFiles.ofDirectory(local, built.files(), built.bytes(), settings.limits(), scope);
        if (here.isPresent()) {
            return here;
        }
        var archive = mine.resolve("output.tar.zst");
        try {
            state.blobs().download(built.outputKey(), archive);
        } catch (Blobs.NotThere e) {
            LOGGER.debug("{} is gone: it is published, or lost", built.outputKey(), e);
            return Optional.empty();
        }
        var spool = Files.createDirectory(mine.resolve("files"));
        return Optional.of(SiteFiles.ofArchive(archive, spool, settings.limits(), scope));
    }

    private Output publish(
            DeploymentRequest request, ClonedTree tree, BuiltOutput built, SiteFiles site, Path mine, StepScope scope)
            throws IOException, InterruptedException {
        if (site.files().isEmpty() && built.app() == null) {
            throw new StepFailure(FailureKind.NO_OUTPUT, "The build's output has no file that can be published.");
        }
        var earlier = earlierManifests(request, tree);
        var sending = new Sending(state.blobs(), scope, known(earlier.values()));
        var variants = sending.send(site.files(), Files.createDirectory(mine.resolve("variants")));
        var files = new TreeMap<String, Manifest.File>();
        site.files().forEach((path, file) -> {
            var type = ContentTypes.of(path);
            files.put(
                    path,
                    new Manifest.File(
                            file.sha256(),
                            file.size(),
                            type,
                            ContentTypes.isCompressible(type)
                                    ? variants.getOrDefault(file.sha256(), List.of())
                                    : List.of()));
        });
        // Behind an app's files the app itself answers, so nothing is to be made up for it.
        var alone = built.app() == null;
        var manifest = new Manifest(
                request.deployment(),
                files,
                alone && orElse(request.settings().spaFallback(), built.spa()),
                alone && cleanUrls(request));
        var key = store(manifest, earlier);
        var sent = sending.sent();
        scope.log()
                .say(String.format(
                        Locale.ROOT,
                        "%,d files (%s): %,d sent (%s), the others were stored already.",
                        files.size(),
                        size(site.bytes()),
                        sent.files(),
                        size(sent.bytes())));
        goLive(request, tree, built, key, scope);
        return new Output(files.size(), site.bytes(), sent.files(), sent.bytes(), built.cache());
    }

    /** What was done was not heard of: the files are published, only the pointers may be behind. */
    private Output pointAgain(DeploymentRequest request, ClonedTree tree, BuiltOutput built, StepScope scope)
            throws IOException, InterruptedException {
        var key = manifestOf(
                        Host.ofDeployment(request.project(), request.deployment(), settings.sitesDomain()), request)
                .orElseThrow(() -> new StepFailure(
                        FailureKind.NO_OUTPUT,
                        "What was built is no longer stored.",
                        "Redeploy: a new deployment of the same commit builds it again.",
                        null,
                        null,
                        null));
        var manifest = read(key);
        goLive(request, tree, built, key, scope);
        var sent = scope.remembered(Sending.Sent.class);
        return new Output(
                manifest.files().size(),
                manifest.files().values().stream()
                        .mapToLong(Manifest.File::size)
                        .sum(),
                sent.map(Sending.Sent::files).orElse(null),
                sent.map(Sending.Sent::bytes).orElse(null),
                built.cache());
    }

    private Optional<String> manifestOf(Host host, DeploymentRequest request) {
        return state.sites()
                .find(host)
                .filter(site -> site.deployment().equals(request.deployment()))
                .map(site -> site.target().manifest());
    }

    private void goLive(DeploymentRequest request, ClonedTree tree, BuiltOutput built, String manifest, StepScope scope)
            throws InterruptedException {
        var shared = sharedHosts(request, tree);
        var app = built.app();
        if (app == null) {
            scope.check();
            point(request, shared, new Target.Files(manifest), scope);
            return;
        }
        var launch = new AppLaunch(state, request, scope);
        List<String> addresses;
        try {
            addresses = launch.start(app, tree, address(own(request)));
        } catch (StepFailure e) {
            // It may have been live, when an earlier attempt broke off while it was new.
            launch.giveBack(shared.keySet());
            throw e;
        }
        scope.check();
        point(request, shared, new Target.Container(manifest, addresses), scope);
        launch.watch(shared.keySet());
    }

    private Host own(DeploymentRequest request) {
        return Host.ofDeployment(request.project(), request.deployment(), settings.sitesDomain());
    }

    /** The hosts that show one deployment after the other. */
    private Map<Host, Site.Role> sharedHosts(DeploymentRequest request, ClonedTree tree) {
        var hosts = new LinkedHashMap<Host, Site.Role>();
        if (request.environment() == Environment.PRODUCTION) {
            hosts.put(Host.ofProduction(request.project(), settings.sitesDomain()), Site.Role.PRODUCTION);
        }
        if (tree.branch() != null) {
            hosts.put(Host.ofBranch(request.project(), tree.branch(), settings.sitesDomain()), Site.Role.BRANCH);
        }
        return hosts;
    }

    /** From here on the site is live, at one host after the other: nothing stops it any more. */
    private void point(DeploymentRequest request, Map<Host, Site.Role> shared, Target target, StepScope scope) {
        point(own(request), Site.Role.DEPLOYMENT, request, target, scope);
        shared.forEach((host, role) -> point(host, role, request, target, scope));
        state.bus().nudgeRoutes();
    }

    private void point(Host host, Site.Role role, DeploymentRequest request, Target target, StepScope scope) {
        var now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        var site = new Site(host, request.project(), request.deployment(), target, request.generation(), role, now);
        var pointed = switch (target) {
            case Target.Files _ -> state.sites().point(site);
            case Target.Container _ -> state.sites().pointOnProbation(site);
        };
        if (pointed) {
            scope.log().say("Live at " + address(host));
        } else {
            scope.log().say(Level.warn, address(host) + " is left alone: a newer deployment is live there.");
        }
    }

    private String address(Host host) {
        var edge = settings.edgeUrl();
        return edge.getScheme() + "://" + host + (edge.getPort() < 0 ? "" : ":" + edge.getPort()) + "/";
    }

    /** By their digests, what the project's hosts show now. */
    private Map<String, Manifest> earlierManifests(DeploymentRequest request, ClonedTree tree) {
        var hosts = new ArrayList<Host>();
        hosts.add(Host.ofProduction(request.project(), settings.sitesDomain()));
        if (tree.branch() != null) {
            hosts.add(Host.ofBranch(request.project(), tree.branch(), settings.sitesDomain()));
        }
        hosts.add(Host.ofDeployment(request.project(), request.deployment(), settings.sitesDomain()));
        var manifests = new LinkedHashMap<String, Manifest>();
        for (var host : hosts) {
            state.sites().find(host).map(site -> site.target().manifest()).ifPresent(key -> {
                try {
                    manifests.put(key, read(key));
                } catch (IOException | Blobs.NotThere e) {
                    LOGGER.warn("the manifest {} of {} cannot be read", key, host, e);
                }
            });
        }
        return manifests;
    }

    private static Map<String, Manifest.File> known(Iterable<Manifest> manifests) {
        var known = new java.util.HashMap<String, Manifest.File>();
        for (var manifest : manifests) {
            for (var file : manifest.files().values()) {
                if (ContentTypes.isCompressible(file.type())) {
                    known.put(file.sha256(), file);
                } else {
                    known.putIfAbsent(file.sha256(), file);
                }
            }
        }
        return known;
    }

    private Manifest read(String key) throws IOException {
        try (var in = state.blobs().open(Blobs.blob(key))) {
            return JSON.readValue(in, Manifest.class);
        }
    }

    /** @return its digest; that of an earlier one, if it says the same */
    private String store(Manifest manifest, Map<String, Manifest> earlier) throws IOException {
        for (var each : earlier.entrySet()) {
            var other = each.getValue();
            if (other.files().equals(manifest.files())
                    && other.spa() == manifest.spa()
                    && other.cleanUrls() == manifest.cleanUrls()) {
                return each.getKey();
            }
        }
        var json = JSON.writeValueAsBytes(manifest);
        var key = sha256(json);
        if (state.blobs().size(Blobs.blob(key)).isEmpty()) {
            state.blobs().put(Blobs.blob(key), json);
        }
        return key;
    }

    private static boolean cleanUrls(DeploymentRequest request) {
        return orElse(request.settings().cleanUrls(), true);
    }

    private static boolean orElse(@Nullable Boolean given, boolean otherwise) {
        return given == null ? otherwise : given;
    }

    /** The site is live: what cannot be deleted now is a matter for the log. */
    private void tidy(BuiltOutput built, Path work) {
        try {
            state.blobs().delete(built.outputKey());
        } catch (Blobs.Unavailable e) {
            LOGGER.warn("{} could not be deleted", built.outputKey(), e);
        }
        delete(work);
    }

    private static void delete(Path directory) {
        try {
            WorkFiles.delete(directory);
        } catch (IOException e) {
            LOGGER.warn("{} could not be deleted", directory, e);
        }
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static String size(long bytes) {
        return bytes < 1_000
                ? bytes + " bytes"
                : bytes < 1_000_000
                        ? String.format(Locale.ROOT, "%.1f kB", bytes / 1e3)
                        : String.format(Locale.ROOT, "%,.1f MB", bytes / 1e6);
    }
}
