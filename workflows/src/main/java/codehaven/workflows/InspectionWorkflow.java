package codehaven.workflows;

import codehaven.model.Inspection;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;

/** One look at a repository, for somebody who waits for it; its workflow id is {@code inspect-<hash of the request>}. */
@WorkflowInterface
public interface InspectionWorkflow {
    /** Fails with the failure's kind as its type when the repository cannot be looked at. */
    @WorkflowMethod
    Inspection inspect(InspectionRequest request);
}
