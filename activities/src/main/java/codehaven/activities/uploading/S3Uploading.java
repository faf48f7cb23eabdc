package codehaven.activities.uploading;

import codehaven.activities.Settings;
import codehaven.activities.StepRunner;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.Checkpoint.StoredSource;
import codehaven.model.Step;
import codehaven.state.Blobs;
import codehaven.state.Leases;
import codehaven.workflows.DeploymentRequest;
import codehaven.workflows.Uploading;

/** Stores a tree as one archive under the digest of what is in it; equal trees are stored once. */
public final class S3Uploading implements Uploading {

    private final StepRunner runner;
    private final SourceStore sources;

    public S3Uploading(StepRunner runner, Settings settings, Blobs blobs, Leases leases) {
        this.runner = runner;
        this.sources = new SourceStore(settings, blobs, leases);
    }

    @Override
    public StoredSource upload(DeploymentRequest request, ClonedTree cloned) {
        return runner.run(Step.UPLOADING, request, scope -> sources.store(request, cloned, scope));
    }
}
