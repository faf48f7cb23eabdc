package codehaven.workflows;

import codehaven.model.Checkpoint.ClonedTree;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityMethod;

/** Resolves the ref to a commit and brings its tree here, checked. */
@ActivityInterface
public interface Cloning {
    /** Done again, it finds the same commit where the ref still names it. */
    @ActivityMethod(name = "Cloning")
    ClonedTree clone(DeploymentRequest request);
}
