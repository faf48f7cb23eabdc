package codehaven.workflows;

import codehaven.model.DeploymentStatus;
import io.temporal.workflow.QueryMethod;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;

/** One deployment, from a Git source to a live site; its workflow id is {@code deploy-<deployment id>}. */
@WorkflowInterface
public interface DeploymentWorkflow {
    /**
     * Takes the request to READY. Completes then; fails with the failure's kind as its type when the deployment is
     * FAILED; is cancelled when the deployment is CANCELED. A run that was asked to stop when its site was live already
     * is READY, but cancelled for Temporal: its SDK ends every run so that was asked to.
     */
    @WorkflowMethod
    void deploy(DeploymentRequest request);

    /** Where the deployment is now. */
    @QueryMethod
    DeploymentStatus status();
}
