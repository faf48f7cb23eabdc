package codehaven.workflows;

import codehaven.model.Checkpoint;
import codehaven.model.DeploymentStatus;
import codehaven.model.Outcome;
import codehaven.model.Output;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityMethod;
import org.jspecify.annotations.Nullable;

/** Writes down what happened, for everybody who is not the workflow. Each call may be repeated. */
@ActivityInterface
public interface Recording {
    /**
     * The deployment has reached a status that is not final.
     *
     * @param soFar what its steps have stored up to here
     */
    @ActivityMethod(name = "RecordStatus")
    void enter(String deployment, DeploymentStatus status, Checkpoint soFar);

    /**
     * The deployment has ended; its log is archived afterwards by {@link #archive}.
     *
     * @param output what was published, for {@link Outcome.Ready}
     */
    @ActivityMethod(name = "RecordOutcome")
    void finish(String deployment, Outcome outcome, Checkpoint soFar, @Nullable Output output);

    /** Moves the log of a deployment that has ended into one compressed object. */
    @ActivityMethod(name = "ArchiveLog")
    void archive(String deployment);
}
