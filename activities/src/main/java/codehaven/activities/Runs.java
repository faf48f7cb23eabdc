package codehaven.activities;

import codehaven.model.Deployment;
import codehaven.model.StepRun;
import codehaven.state.Deployments;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowNotFoundException;
import java.util.Optional;

/**
 * Whose turn it is: a deployment is written by its workflow's current run only, and that is Temporal's to say. So a
 * terminate, a reset or a retry from the console is followed without anybody telling us.
 */
public final class Runs {

    private static final int TRIES = 10;

    private final Deployments deployments;
    private final WorkflowClient client;

    public Runs(Deployments deployments, WorkflowClient client) {
        this.deployments = deployments;
        this.client = client;
    }

    /**
     * Makes the run the deployment's own, if Temporal says that it is the current one.
     *
     * @return the deployment as it was before, its run aside; empty if there is no such deployment any more, or if
     *     another run has its place
     */
    public Optional<Deployment> adopt(String deployment, String run) {
        for (var tries = 0; tries < TRIES; tries++) {
            var found = deployments.find(deployment);
            if (found.isEmpty() || run.equals(found.get().run())) {
                return found;
            }
            var stored = found.get().run();
            if (stored != null && !isCurrent(deployment, run)) {
                return Optional.empty();
            }
            if (deployments.adopt(deployment, stored, run)) {
                return found;
            }
        }
        throw new IllegalStateException("the run of deployment " + deployment + " keeps changing");
    }

    /** Whether the attempt may still write: nobody began another one, and the deployment has not ended. */
    boolean isOpen(String deployment, String run, StepRun begun) {
        return deployments
                .find(deployment)
                .filter(found -> run.equals(found.run()) && !found.status().isFinal())
                .filter(found -> found.steps().stream()
                        .anyMatch(each -> each.step() == begun.step() && each.attempt() == begun.attempt()))
                .isPresent();
    }

    private boolean isCurrent(String deployment, String run) {
        try {
            var described = client.newUntypedWorkflowStub(Deployment.workflowId(deployment))
                    .describe();
            return run.equals(described.getExecution().getRunId());
        } catch (WorkflowNotFoundException e) {
            return false;
        } catch (StatusRuntimeException e) {
            if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
                return false;
            }
            throw e;
        }
    }
}
