package codehaven.activities.uploading;

import codehaven.activities.Settings;
import codehaven.activities.StepRunner;
import codehaven.activities.StepScope;
import codehaven.activities.WorkFiles;
import codehaven.activities.cloning.Workspace;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.Checkpoint.StoredSource;
import codehaven.model.Step;
import codehaven.state.Blobs;
import codehaven.state.Leases;
import codehaven.workflows.DeploymentRequest;
import codehaven.workflows.Uploading;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** Stores a tree as one archive under the digest of what is in it; equal trees are stored once. */
public final class S3Uploading implements Uploading {

    /** Longer than most sources take to send; whoever waits in vain sends it too, which does no harm. */
    private static final Duration WAIT_FOR_THE_SAME = Duration.ofSeconds(30);

    private final StepRunner runner;
    private final Settings settings;
    private final Workspace workspace;
    private final Blobs blobs;
    private final Leases leases;

    public S3Uploading(StepRunner runner, Settings settings, Blobs blobs, Leases leases) {
        this.runner = runner;
        this.settings = settings;
        this.workspace = new Workspace(settings);
        this.blobs = blobs;
        this.leases = leases;
    }

    @Override
    public StoredSource upload(DeploymentRequest request, ClonedTree cloned) {
        return runner.run(Step.UPLOADING, request, scope -> upload(request, cloned, scope));
    }

    StoredSource upload(DeploymentRequest request, ClonedTree cloned, StepScope scope) throws IOException {
        var earlier = scope.remembered(StoredSource.class);
        if (earlier.isPresent()) {
            var there = blobs.size(Blobs.source(earlier.get().sha256()));
            if (there.isPresent()) {
                scope.log().say("The source is stored already, by an earlier attempt");
                workspace.release(request.deployment());
                return earlier.get();
            }
        }
        var tree = workspace.tree(request, cloned, scope);
        StoredSource stored;
        try (var _ = leases.take("source-" + cloned.tree(), WAIT_FOR_THE_SAME)) {
            stored = store(tree, scope);
        }
        scope.remember(stored);
        workspace.release(request.deployment());
        return stored;
    }

    private StoredSource store(Path tree, StepScope scope) throws IOException {
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
            scope.log().say("Stored the source, " + bytes + " bytes");
            return new StoredSource(sha256, bytes, true);
        } finally {
            Files.deleteIfExists(archive);
        }
    }
}
