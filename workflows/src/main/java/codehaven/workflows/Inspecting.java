package codehaven.workflows;

import codehaven.model.Inspection;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityMethod;

/** Resolves the ref, brings the tree for a moment and says what could be deployed from it. */
@ActivityInterface
public interface Inspecting {
    /** Leaves nothing behind; done again, it finds the same where the ref still names the same commit. */
    @ActivityMethod(name = "Inspecting")
    Inspection inspect(InspectionRequest request);
}
