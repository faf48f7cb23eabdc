package codehaven.workflows;

import codehaven.model.Inspection;
import io.temporal.failure.CanceledFailure;
import io.temporal.failure.TemporalFailure;
import io.temporal.workflow.Workflow;

/** Looks at a repository once: a workflow only so that the worker, which alone sees Git, is asked like for all else. */
public final class LookAtRepository implements InspectionWorkflow {

    @Override
    public Inspection inspect(InspectionRequest request) {
        var summary = "Look at " + request.source().repository();
        Workflow.setCurrentDetails(summary);
        try {
            return Workflow.newActivityStub(Inspecting.class, Patience.inspecting(summary))
                    .inspect(request);
        } catch (TemporalFailure thrown) {
            if (thrown instanceof CanceledFailure || thrown.getCause() instanceof CanceledFailure) {
                throw thrown;
            }
            throw StepFailure.ending(StepFailure.failureOf(thrown, null), thrown);
        }
    }
}
