package codehaven.activities;

import codehaven.model.Step;
import codehaven.workflows.DeploymentRequest;

/**
 * What every step has in common: makes the workflow run the deployment's current one, notes the step's start and end,
 * beats, listens for cancellation, and lets failures cross Temporal.
 */
public final class StepRunner {

    /** A step's own work. */
    @FunctionalInterface
    public interface Work<T> {
        T run(StepScope scope) throws Exception;
    }

    /**
     * Runs the work of one attempt; called from within an activity.
     *
     * @throws io.temporal.failure.ApplicationFailure when the work throws; a {@code StepFailure} keeps its kind, any
     *     other exception becomes {@code UNEXPECTED} (storage and database faults: {@code STORAGE_UNAVAILABLE} and a
     *     retry)
     * @throws io.temporal.failure.CanceledFailure when the deployment was cancelled; the work has been stopped then
     */
    public <T> T run(Step step, DeploymentRequest request, Work<T> work) {
        throw new UnsupportedOperationException();
    }
}
