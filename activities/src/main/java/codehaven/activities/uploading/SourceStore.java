package codehaven.activities.uploading;

import codehaven.activities.Settings;
import codehaven.activities.StepScope;
import codehaven.activities.WorkFiles;
import codehaven.activities.cloning.Shown;
import codehaven.activities.cloning.Trees;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.Checkpoint.StoredSource;
import codehaven.state.Blobs;
import codehaven.state.Leases;
import codehaven.workflows.DeploymentRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** The sources in storage, each under the digest of its tar. */
final class SourceStore {

    /** Longer than most sources take to send; whoever waits in vain sends it too, which does no harm. */
    private static final Duration WAIT_FOR_THE_SAME = Duration.ofSeconds(30);

    private final Settings settings;
    private final Trees trees;
    private final Blobs blobs;
    private final Leases leases;

    SourceStore(Settings settings, Blobs blobs, Leases leases) {
        this.settings = settings;
        this.trees = new Trees(settings);
        this.blobs = blobs;
        this.leases = leases;
    }

    /** Stores the tree, unless it is there; of the trees on this machine none is left afterwards. */
    StoredSource store(DeploymentRequest request, ClonedTree cloned, StepScope scope) throws IOException {
        var earlier = scope.remembered(StoredSource.class);
        if (earlier.isPresent()) {
            var there = blobs.size(Blobs.source(earlier.get().sha256()));
            if (there.isPresent()) {
                scope.log().say("The source is stored already, by an earlier attempt");
                trees.release(request.deployment());
                return earlier.get();
            }
        }
        StoredSource stored;
        try {
            var tree = trees.tree(request, cloned, scope);
            try (var _ = leases.take("source-" + cloned.tree(), WAIT_FOR_THE_SAME)) {
                stored = send(tree, scope);
            }
        } catch (StepScope.Stopped stopped) {
            if (!scope.handingOver()) {
                trees.release(request.deployment());
            }
            throw stopped;
        }
        scope.remember(stored);
        trees.release(request.deployment());
        return stored;
    }

    private StoredSource send(Path tree, StepScope scope) throws IOException {
        scope.check();
        var directory = Files.createDirectories(WorkFiles.of(settings.data(), scope.deployment()));
        var archive = Files.createTempFile(directory, "scratch-", ".tar.zst");
        try {
            String sha256;
            try (var out = Files.newOutputStream(archive)) {
                sha256 = SourceArchive.write(tree, out, scope::check);
            }
            var key = Blobs.source(sha256);
            var there = blobs.size(key);
            if (there.isPresent()) {
                scope.log().say("The source is stored already, nothing is sent");
                return new StoredSource(sha256, there.get(), false);
            }
            scope.check();
            var bytes = Files.size(archive);
            blobs.put(key, archive);
            scope.log().say("Stored the source, " + Shown.bytes(bytes));
            return new StoredSource(sha256, bytes, true);
        } finally {
            Files.deleteIfExists(archive);
        }
    }
}
