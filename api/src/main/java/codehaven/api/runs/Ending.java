package codehaven.api.runs;

import codehaven.model.Deployment;
import codehaven.model.Failure;
import codehaven.model.FailureKind;
import codehaven.model.Outcome;
import codehaven.model.Step;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.api.workflow.v1.WorkflowExecutionInfo;
import io.temporal.api.workflowservice.v1.GetWorkflowExecutionHistoryReverseRequest;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowTargetOptions;
import io.temporal.failure.ApplicationFailure;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Reads from a closed workflow run how its deployment ended, for when the run could not write that down itself. */
final class Ending {

    private static final List<FailureKind> KINDS = List.of(FailureKind.values());

    private static final String UNTOLD = "The deployment's workflow failed.";

    private Ending() {}

    static Optional<Outcome> of(WorkflowClient client, Deployment deployment, WorkflowExecutionInfo run) {
        return switch (run.getStatus()) {
            case WORKFLOW_EXECUTION_STATUS_COMPLETED -> Optional.of(new Outcome.Ready());
            case WORKFLOW_EXECUTION_STATUS_CANCELED -> Optional.of(new Outcome.Canceled());
            case WORKFLOW_EXECUTION_STATUS_TERMINATED ->
                Optional.of(new Outcome.Failed(
                        new Failure(stepOf(deployment), FailureKind.TERMINATED, terminated(closing(client, run)))));
            case WORKFLOW_EXECUTION_STATUS_TIMED_OUT ->
                Optional.of(new Outcome.Failed(new Failure(
                        stepOf(deployment), FailureKind.UNEXPECTED, "The deployment's workflow ran out of time.")));
            case WORKFLOW_EXECUTION_STATUS_FAILED -> Optional.of(new Outcome.Failed(failure(client, deployment, run)));
            default -> Optional.empty();
        };
    }

    private static String terminated(@Nullable HistoryEvent closing) {
        var reason = closing == null
                ? ""
                : closing.getWorkflowExecutionTerminatedEventAttributes().getReason();
        return reason.isBlank()
                ? "The deployment's workflow was terminated."
                : "The deployment's workflow was terminated: " + reason;
    }

    private static Failure failure(WorkflowClient client, Deployment deployment, WorkflowExecutionInfo run) {
        var step = stepOf(deployment);
        try {
            client.newUntypedWorkflowStub(WorkflowTargetOptions.newBuilder()
                            .setWorkflowExecution(run.getExecution())
                            .build())
                    .getResult(2, TimeUnit.SECONDS, Void.class);
        } catch (WorkflowFailedException e) {
            var told = told(e);
            if (told.isPresent()) {
                var failure = told.get();
                return new Failure(
                        step, failure.kind(), failure.message(), failure.hint(), failure.lines(), failure.source());
            }
            return new Failure(step, FailureKind.UNEXPECTED, innermost(e));
        } catch (TimeoutException e) {
            return new Failure(step, FailureKind.UNEXPECTED, UNTOLD);
        }
        return new Failure(step, FailureKind.UNEXPECTED, UNTOLD);
    }

    /** What the workflow itself says of its failure, if it does. */
    static Optional<Failure> told(WorkflowFailedException failed) {
        for (@Nullable Throwable each = failed; each != null; each = each.getCause()) {
            if (each instanceof ApplicationFailure told) {
                var kind = KINDS.stream()
                        .filter(one -> one.name().equals(told.getType()))
                        .findFirst();
                if (kind.isPresent()) {
                    return Optional.of(
                            told.getDetails().getSize() == 0
                                    ? new Failure(null, kind.get(), told.getOriginalMessage())
                                    : told.getDetails().get(Failure.class));
                }
            }
        }
        return Optional.empty();
    }

    private static String innermost(WorkflowFailedException failed) {
        var message = UNTOLD;
        for (@Nullable Throwable each = failed; each != null; each = each.getCause()) {
            if (each instanceof ApplicationFailure told) {
                message = told.getOriginalMessage();
            }
        }
        return message;
    }

    private static @Nullable HistoryEvent closing(WorkflowClient client, WorkflowExecutionInfo run) {
        var request = GetWorkflowExecutionHistoryReverseRequest.newBuilder()
                .setNamespace(client.getOptions().getNamespace())
                .setExecution(run.getExecution())
                .setMaximumPageSize(1)
                .build();
        var events = client.getWorkflowServiceStubs()
                .blockingStub()
                .getWorkflowExecutionHistoryReverse(request)
                .getHistory()
                .getEventsList();
        return events.isEmpty() ? null : events.getFirst();
    }

    private static @Nullable Step stepOf(Deployment deployment) {
        for (var step : Step.values()) {
            if (step.status() == deployment.status()) {
                return step;
            }
        }
        return null;
    }
}
