package codehaven.api.runs;

import codehaven.api.problems.Problem;
import codehaven.model.Checkpoint;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Failure;
import codehaven.model.Inspection;
import codehaven.model.Outcome;
import codehaven.workflows.DeploymentRequest;
import codehaven.workflows.DeploymentWorkflow;
import codehaven.workflows.InspectionRequest;
import codehaven.workflows.InspectionWorkflow;
import codehaven.workflows.Patience;
import codehaven.workflows.SearchAttributes;
import codehaven.workflows.TaskQueues;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.PendingActivityState;
import io.temporal.api.enums.v1.TaskQueueType;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.api.enums.v1.WorkflowIdConflictPolicy;
import io.temporal.api.enums.v1.WorkflowIdReusePolicy;
import io.temporal.api.taskqueue.v1.PollerInfo;
import io.temporal.api.taskqueue.v1.TaskQueue;
import io.temporal.api.workflow.v1.PendingActivityInfo;
import io.temporal.api.workflow.v1.WorkflowExecutionInfo;
import io.temporal.api.workflowservice.v1.DescribeTaskQueueRequest;
import io.temporal.api.workflowservice.v1.DescribeWorkflowExecutionRequest;
import io.temporal.api.workflowservice.v1.GetSystemInfoRequest;
import io.temporal.api.workflowservice.v1.ListWorkflowExecutionsRequest;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowException;
import io.temporal.client.WorkflowExecutionAlreadyStarted;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowNotFoundException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowServiceException;
import io.temporal.client.WorkflowStub;
import io.temporal.client.WorkflowTargetOptions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.stereotype.Component;

/** The workflow runs of deployments. Every call answers within a few seconds or throws {@link TemporalAway}. */
@Component
public final class Runs implements DisposableBean {

    /** A person waits behind most calls; Temporal that is up answers within milliseconds. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    /** The workflow ends by itself before that, unless no worker is there. */
    private static final Duration INSPECTION = Patience.INSPECTION.plusSeconds(3);

    private final WorkflowClient client;
    private final ScheduledExecutorService deadlines = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("temporal-deadlines").factory());

    Runs(WorkflowClient client) {
        this.client = client;
    }

    /** Temporal did not answer; what was asked may or may not have been done. */
    public static final class TemporalAway extends RuntimeException {
        TemporalAway(Throwable cause) {
            super("Temporal does not answer", cause);
        }

        /** For a caller of the API. */
        public Problem problem() {
            return Problem.unavailable("The workflow engine does not answer right now. Try again shortly.");
        }
    }

    /** What became of {@link #start}. */
    public sealed interface Start {
        /**
         * @param run the new run's id
         */
        record Started(String run) implements Start {}

        /** A run of the same deployment is still open. */
        record StillOpen() implements Start {}

        /**
         * Temporal does not take it, now or later.
         *
         * @param reason for the log
         */
        record Refused(String reason) implements Start {}
    }

    /** Starts the deployment's workflow, beginning after what its checkpoint holds. */
    public Start start(Deployment deployment) {
        var source = deployment.source();
        var ref = source.ref() == null ? "the default branch" : source.ref();
        var attributes = io.temporal.common.SearchAttributes.newBuilder()
                .set(SearchAttributes.PROJECT_SLUG, deployment.project().text())
                .set(SearchAttributes.DEPLOYMENT_STATUS, DeploymentStatus.QUEUED.name())
                .set(SearchAttributes.ENVIRONMENT, deployment.environment().text())
                .set(SearchAttributes.TRIGGER, deployment.trigger().text());
        if (deployment.branch() != null) {
            attributes.set(SearchAttributes.BRANCH, deployment.branch());
        }
        var options = WorkflowOptions.newBuilder()
                .setWorkflowId(deployment.workflowId())
                .setTaskQueue(TaskQueues.DEPLOYMENTS)
                .setWorkflowIdReusePolicy(WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE)
                .setWorkflowIdConflictPolicy(WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL)
                .setTypedSearchAttributes(attributes.build())
                .setStaticSummary(deployment.project() + " · " + ref + " · "
                        + deployment.environment().text())
                .setStaticDetails("Deployment " + deployment.id() + " of " + source.repository() + ", started by "
                        + deployment.trigger().text() + ". Cancel here cancels the deployment.")
                .build();
        var resume = deployment.checkpoint();
        var request = new DeploymentRequest(
                deployment.id(),
                deployment.project(),
                deployment.environment(),
                source,
                deployment.settings(),
                deployment.generation(),
                resume == null ? Checkpoint.NONE : resume);
        return asked(() -> {
            try {
                var workflow = client.newWorkflowStub(DeploymentWorkflow.class, options);
                return new Start.Started(
                        WorkflowClient.start(workflow::deploy, request).getRunId());
            } catch (WorkflowExecutionAlreadyStarted e) {
                return new Start.StillOpen();
            } catch (WorkflowServiceException e) {
                if (isAway(e)) {
                    throw e;
                }
                return new Start.Refused(String.valueOf(e.getCause()));
            }
        });
    }

    /** What became of {@link #inspect}. */
    public sealed interface Look {
        record Seen(Inspection inspection) implements Look {}

        /** It cannot be looked at. */
        record Failed(Failure failure) implements Look {}

        /** Nobody did it in time. */
        record Late() implements Look {}
    }

    /** Looks at a repository and waits for that; the same look by several at once is one. */
    public Look inspect(String workflow, InspectionRequest request) {
        var options = WorkflowOptions.newBuilder()
                .setWorkflowId(workflow)
                .setTaskQueue(TaskQueues.DEPLOYMENTS)
                .setWorkflowIdReusePolicy(WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE)
                .setWorkflowIdConflictPolicy(WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING)
                .setWorkflowRunTimeout(INSPECTION)
                .setStaticSummary("Look at " + request.source().repository())
                .build();
        var run = asked(() ->
                WorkflowClient.start(client.newWorkflowStub(InspectionWorkflow.class, options)::inspect, request));
        try {
            return new Look.Seen(stub(run.getWorkflowId(), run.getRunId())
                    .getResult(INSPECTION.toMillis(), TimeUnit.MILLISECONDS, Inspection.class));
        } catch (TimeoutException e) {
            return new Look.Late();
        } catch (WorkflowFailedException e) {
            return Ending.told(e).<Look>map(Look.Failed::new).orElseGet(Look.Late::new);
        } catch (StatusRuntimeException | WorkflowException e) {
            if (isAway(e)) {
                throw new TemporalAway(e);
            }
            throw e;
        }
    }

    /** The newest run of the deployment, if Temporal knows any. */
    public Optional<WorkflowExecutionInfo> newest(Deployment deployment) {
        return asked(() -> {
            try {
                return Optional.of(
                        stub(deployment.workflowId(), null).describe().getWorkflowExecutionInfo());
            } catch (WorkflowNotFoundException e) {
                return Optional.empty();
            }
        });
    }

    public boolean isOpen(Deployment deployment) {
        return newest(deployment).map(Runs::isOpen).orElse(false);
    }

    public static boolean isOpen(WorkflowExecutionInfo run) {
        return run.getStatus() == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING;
    }

    /** Asks the open run to stop; false if none is open. */
    public boolean cancel(Deployment deployment, String reason) {
        return asked(() -> {
            try {
                stub(deployment.workflowId(), null).cancel(reason);
                return true;
            } catch (WorkflowNotFoundException e) {
                return false;
            }
        });
    }

    /** Ends a run at once; does nothing if it is closed. */
    public void terminate(Deployment deployment, String run, String reason) {
        asked(() -> {
            try {
                stub(deployment.workflowId(), run).terminate(reason);
            } catch (WorkflowNotFoundException e) {
                return false;
            }
            return true;
        });
    }

    /** Where the run itself says that it is; empty if no worker answers. */
    public Optional<DeploymentStatus> statusOf(String workflow, String run) {
        try {
            return asked(() -> Optional.of(client.newWorkflowStub(DeploymentWorkflow.class, target(workflow, run))
                    .status()));
        } catch (TemporalAway | WorkflowException e) {
            return Optional.empty();
        }
    }

    /** How a closed run ended; empty if it is open. */
    public Optional<Outcome> ending(Deployment deployment, WorkflowExecutionInfo run) {
        return asked(() -> Ending.of(client, deployment, run));
    }

    /** The open runs of deployments, newest first. */
    public List<WorkflowExecutionInfo> open(int limit) {
        var request = ListWorkflowExecutionsRequest.newBuilder()
                .setNamespace(client.getOptions().getNamespace())
                .setPageSize(limit)
                .setQuery("WorkflowType=\"DeploymentWorkflow\" AND ExecutionStatus=\"Running\"")
                .build();
        return listed(() -> client.getWorkflowServiceStubs()
                .blockingStub()
                .listWorkflowExecutions(request)
                .getExecutionsList());
    }

    /** Who polls the queue. */
    public List<PollerInfo> pollers(String queue, TaskQueueType type) {
        var request = DescribeTaskQueueRequest.newBuilder()
                .setNamespace(client.getOptions().getNamespace())
                .setTaskQueue(TaskQueue.newBuilder().setName(queue))
                .setTaskQueueType(type)
                .build();
        return listed(() -> client.getWorkflowServiceStubs()
                .blockingStub()
                .describeTaskQueue(request)
                .getPollersList());
    }

    /** The worker that has begun with the activity that is open now; empty if there is none, or nobody took it yet. */
    public Optional<String> workerOf(Deployment deployment) {
        var request = DescribeWorkflowExecutionRequest.newBuilder()
                .setNamespace(client.getOptions().getNamespace())
                .setExecution(WorkflowExecution.newBuilder().setWorkflowId(deployment.workflowId()))
                .build();
        return listed(() -> client.getWorkflowServiceStubs()
                        .blockingStub()
                        .describeWorkflowExecution(request)
                        .getPendingActivitiesList())
                .stream()
                .filter(each -> each.getState() == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED)
                .map(PendingActivityInfo::getLastWorkerIdentity)
                .findFirst();
    }

    /** The server's version, if it answers. */
    public Optional<String> serverVersion() {
        try {
            return Optional.of(asked(() -> client.getWorkflowServiceStubs()
                    .blockingStub()
                    .getSystemInfo(GetSystemInfoRequest.getDefaultInstance())
                    .getServerVersion()));
        } catch (TemporalAway e) {
            return Optional.empty();
        }
    }

    private WorkflowStub stub(String workflow, @Nullable String run) {
        return client.newUntypedWorkflowStub(target(workflow, run));
    }

    private static WorkflowTargetOptions target(String workflow, @Nullable String run) {
        var target = WorkflowTargetOptions.newBuilder().setWorkflowId(workflow);
        return run == null ? target.build() : target.setRunId(run).build();
    }

    /** The test server that stands in where no real one can be had knows no lists. */
    private <T> List<T> listed(Supplier<List<T>> call) {
        try {
            return asked(call);
        } catch (StatusRuntimeException e) {
            var code = e.getStatus().getCode();
            if (code == Status.Code.UNIMPLEMENTED || code == Status.Code.NOT_FOUND) {
                return List.of();
            }
            throw e;
        }
    }

    private <T> T asked(Supplier<T> call) {
        var context = Context.current().withDeadlineAfter(PATIENCE.toMillis(), TimeUnit.MILLISECONDS, deadlines);
        var before = context.attach();
        try {
            return call.get();
        } catch (StatusRuntimeException | WorkflowException e) {
            if (isAway(e)) {
                throw new TemporalAway(e);
            }
            throw e;
        } finally {
            context.detach(before);
            context.cancel(null);
        }
    }

    private static boolean isAway(Throwable thrown) {
        for (@Nullable Throwable each = thrown; each != null; each = each.getCause()) {
            if (each instanceof StatusRuntimeException refused) {
                var code = refused.getStatus().getCode();
                return code == Status.Code.UNAVAILABLE
                        || code == Status.Code.DEADLINE_EXCEEDED
                        || code == Status.Code.CANCELLED
                        || code == Status.Code.RESOURCE_EXHAUSTED;
            }
        }
        return false;
    }

    @Override
    public void destroy() {
        deadlines.shutdownNow();
    }
}
