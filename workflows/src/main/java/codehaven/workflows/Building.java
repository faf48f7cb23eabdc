package codehaven.workflows;

import codehaven.model.Checkpoint.BuiltOutput;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.Checkpoint.StoredSource;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityMethod;

/** Turns the source into a site's files, walled off from everything else. */
@ActivityInterface
public interface Building {
    /** A later attempt goes on with the container that an earlier one left running. */
    @ActivityMethod(name = "Building")
    BuiltOutput build(DeploymentRequest request, ClonedTree tree, StoredSource source);
}
