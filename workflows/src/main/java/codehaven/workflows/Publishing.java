package codehaven.workflows;

import codehaven.model.Checkpoint.BuiltOutput;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.Output;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityMethod;

/** Sends the blobs that are missing, the manifest last, then points the hosts at it. */
@ActivityInterface
public interface Publishing {
    /** Visitors see all of it or nothing of it; a newer deployment's hosts are left alone. */
    @ActivityMethod(name = "Publishing")
    Output publish(DeploymentRequest request, ClonedTree tree, BuiltOutput built);
}
