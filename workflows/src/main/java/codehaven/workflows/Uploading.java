package codehaven.workflows;

import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.Checkpoint.StoredSource;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityMethod;

/** Stores the commit's tree as one content-addressed archive, so that any worker can build it. */
@ActivityInterface
public interface Uploading {
    /** Sends nothing when the archive is there. Clones again when another worker has the tree. */
    @ActivityMethod(name = "Uploading")
    StoredSource upload(DeploymentRequest request, ClonedTree tree);
}
