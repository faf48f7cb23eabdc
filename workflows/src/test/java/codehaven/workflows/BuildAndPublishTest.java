package codehaven.workflows;

import static codehaven.workflows.FakeSteps.BUILT;
import static codehaven.workflows.FakeSteps.OUTPUT;
import static codehaven.workflows.FakeSteps.SOURCE;
import static codehaven.workflows.FakeSteps.TREE;
import static codehaven.workflows.FakeSteps.failing;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import codehaven.model.Checkpoint;
import codehaven.model.DeploymentStatus;
import codehaven.model.Failure;
import codehaven.model.FailureKind;
import codehaven.model.Outcome;
import codehaven.model.Step;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.api.sdk.v1.WorkflowMetadata;
import io.temporal.client.ActivityCompletionException;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowStub;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class BuildAndPublishTest {

    private final FakeSteps steps = new FakeSteps();
    private final Temporal temporal = Temporal.with(steps);

    @AfterEach
    void close() {
        temporal.close();
    }

    @Test
    void aDeploymentGoesThroughItsStepsInOrder() {
        var workflow = temporal.run(Checkpoint.NONE);

        assertThat(steps.told)
                .containsExactly(
                        "enter CLONING",
                        "clone",
                        "enter UPLOADING",
                        "upload",
                        "enter BUILDING",
                        "build",
                        "enter PUBLISHING",
                        "publish",
                        "finish READY",
                        "archive");
        assertThat(steps.stored).isEqualTo(new Checkpoint(TREE, SOURCE, BUILT));
        assertThat(steps.published).isEqualTo(OUTPUT);
        assertThat(statusOf(workflow)).isEqualTo(WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED);
        assertThat(workflow.query("status", DeploymentStatus.class)).isEqualTo(DeploymentStatus.READY);
    }

    @Test
    void whatAnEarlierRunStoredIsNotDoneAgain() {
        temporal.run(new Checkpoint(TREE, SOURCE, null));

        assertThat(steps.told).startsWith("enter BUILDING", "build", "enter PUBLISHING", "publish", "finish READY");
    }

    @Test
    void aBuildThatIsStoredIsOnlyPublished() {
        temporal.run(new Checkpoint(TREE, SOURCE, BUILT));

        assertThat(steps.told).containsExactly("enter PUBLISHING", "publish", "finish READY", "archive");
    }

    @Test
    void aCloneWithoutItsArchiveIsDoneAgain() {
        temporal.run(new Checkpoint(TREE, null, null));

        assertThat(steps.told).startsWith("enter CLONING", "clone", "enter UPLOADING", "upload", "enter BUILDING");
    }

    @Test
    void aFailureThatNobodyCanWaitForEndsIt() {
        steps.building = () -> {
            throw new StepFailure(
                    FailureKind.BUILD_FAILED,
                    "The build command ended with exit code 1.",
                    "Correct the import.",
                    new Failure.Lines(12, 14),
                    new Failure.Source("src/main.tsx", 3),
                    null);
        };

        var workflow = temporal.run(Checkpoint.NONE);

        assertThat(steps.told).containsOnlyOnce("build").endsWith("build", "finish FAILED", "archive");
        assertThat(steps.outcome)
                .isEqualTo(new Outcome.Failed(new Failure(
                        Step.BUILDING,
                        FailureKind.BUILD_FAILED,
                        "The build command ended with exit code 1.",
                        "Correct the import.",
                        new Failure.Lines(12, 14),
                        new Failure.Source("src/main.tsx", 3))));
        assertThat(steps.stored).as("for the retry").isEqualTo(new Checkpoint(TREE, SOURCE, null));
        assertThatExceptionOfType(WorkflowFailedException.class)
                .isThrownBy(() -> workflow.getResult(Void.class))
                .havingCause()
                .asInstanceOf(type(ApplicationFailure.class))
                .satisfies(failure -> {
                    assertThat(failure.getType()).isEqualTo("BUILD_FAILED");
                    assertThat(failure.getOriginalMessage()).isEqualTo("The build command ended with exit code 1.");
                });
        assertThat(workflow.query("status", DeploymentStatus.class)).isEqualTo(DeploymentStatus.FAILED);
    }

    @Test
    void aFailureThatPassesIsWaitedFor() {
        steps.cloning = failing(3, FailureKind.REPOSITORY_UNREACHABLE, "git.example.org does not answer.");

        temporal.run(Checkpoint.NONE);

        assertThat(steps.told).filteredOn("clone"::equals).hasSize(4);
        assertThat(steps.outcome).isEqualTo(new Outcome.Ready());
    }

    @Test
    void patienceEndsWithTheLastReason() {
        steps.cloning =
                failing(Integer.MAX_VALUE, FailureKind.REPOSITORY_UNREACHABLE, "git.example.org does not answer.");

        temporal.run(Checkpoint.NONE);

        assertThat(steps.outcome)
                .isEqualTo(new Outcome.Failed(new Failure(
                        Step.CLONING, FailureKind.REPOSITORY_UNREACHABLE, "git.example.org does not answer.")));
    }

    @Test
    void whatNobodyForesawIsTriedAFewTimes() {
        steps.uploading = failing(Integer.MAX_VALUE, FailureKind.UNEXPECTED, "index 3 out of bounds");

        temporal.run(Checkpoint.NONE);

        assertThat(steps.told).filteredOn("upload"::equals).hasSize(4);
        assertThat(steps.outcome)
                .isEqualTo(new Outcome.Failed(
                        new Failure(Step.UPLOADING, FailureKind.UNEXPECTED, "index 3 out of bounds")));
    }

    @ParameterizedTest
    @EnumSource(Step.class)
    void aCancellationEndsAnyStep(Step step) throws InterruptedException {
        switch (step) {
            case CLONING -> steps.cloning = steps.untilCanceled();
            case UPLOADING -> steps.uploading = steps.untilCanceled();
            case BUILDING -> steps.building = steps.untilCanceled();
            case PUBLISHING -> steps.publishing = steps.untilCanceled();
        }
        var workflow = temporal.start(Checkpoint.NONE);
        awaitWork();
        assertThat(workflow.query("status", DeploymentStatus.class)).isEqualTo(step.status());

        workflow.cancel();
        Temporal.awaitEnd(workflow);

        assertThat(steps.outcome).isEqualTo(new Outcome.Canceled());
        assertThat(steps.told).endsWith("finish CANCELED", "archive");
        assertThat(statusOf(workflow)).isEqualTo(WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED);
        assertThatExceptionOfType(WorkflowFailedException.class)
                .isThrownBy(() -> workflow.getResult(Void.class))
                .withCauseInstanceOf(CanceledFailure.class);
        assertThat(workflow.query("status", DeploymentStatus.class)).isEqualTo(DeploymentStatus.CANCELED);
    }

    @Test
    void whatBreaksBecauseItWasStoppedIsNoFailure() throws InterruptedException {
        steps.building = () -> {
            try {
                steps.untilCanceled().run();
            } catch (ActivityCompletionException e) {
                throw new StepFailure(FailureKind.BUILD_FAILED, "The container was killed.");
            }
        };
        var workflow = temporal.start(Checkpoint.NONE);
        awaitWork();

        workflow.cancel();
        Temporal.awaitEnd(workflow);

        assertThat(steps.outcome).isEqualTo(new Outcome.Canceled());
    }

    @Test
    void aCancellationBeforeAnyStepIsRecordedToo() throws InterruptedException {
        steps.entering = steps.untilCanceled();
        var workflow = temporal.start(Checkpoint.NONE);
        awaitWork();

        workflow.cancel();
        Temporal.awaitEnd(workflow);

        assertThat(steps.told).doesNotContain("clone").endsWith("finish CANCELED", "archive");
    }

    @Test
    void aLiveSiteIsNeverCalledCanceled() throws InterruptedException {
        steps.publishing = steps.doneInSpiteOfCancellation();
        var workflow = temporal.start(Checkpoint.NONE);
        awaitWork();

        workflow.cancel();
        Temporal.awaitEnd(workflow);

        assertThat(steps.told).endsWith("publish", "heard of the cancellation", "finish READY", "archive");
        assertThat(steps.published).isEqualTo(OUTPUT);
        assertThat(workflow.query("status", DeploymentStatus.class)).isEqualTo(DeploymentStatus.READY);
    }

    @Test
    void aLogThatCannotBeArchivedDoesNotFailTheDeployment() {
        steps.archiving = failing(Integer.MAX_VALUE, FailureKind.TERMINATED, "S3 refuses.");

        var workflow = temporal.run(Checkpoint.NONE);

        assertThat(steps.outcome).isEqualTo(new Outcome.Ready());
        assertThat(statusOf(workflow)).isEqualTo(WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED);
    }

    @Test
    void theConsoleCanFindItAndSeeWhereItIs() {
        var workflow = temporal.run(Checkpoint.NONE);

        var attributes = temporal.client()
                .newUntypedWorkflowStub(Temporal.WORKFLOW_ID)
                .describe()
                .getTypedSearchAttributes();
        assertThat(attributes.get(SearchAttributes.DEPLOYMENT_STATUS)).isEqualTo("READY");
        assertThat(attributes.get(SearchAttributes.BRANCH)).isEqualTo("main");
        assertThat(attributes.get(SearchAttributes.COMMIT_SHA)).isEqualTo("a".repeat(40));
        assertThat(workflow.query("__temporal_workflow_metadata", WorkflowMetadata.class)
                        .getCurrentDetails())
                .isEqualTo("**READY** · blog · the default branch of https://git.example.org/ada/blog");
        assertThat(temporal.client().fetchHistory(Temporal.WORKFLOW_ID).getEvents())
                .filteredOn(event -> event.hasActivityTaskScheduledEventAttributes())
                .extracting(
                        event -> event.getUserMetadata().getSummary().getData().toStringUtf8())
                .contains(
                        "\"Clone the default branch of https://git.example.org/ada/blog\"",
                        "\"Store the source of aaaaaaa\"",
                        "\"Build aaaaaaa\"",
                        "\"Publish 14 files of blog\"",
                        "\"Record READY\"");
    }

    private void awaitWork() throws InterruptedException {
        assertThat(steps.waiting.await(20, TimeUnit.SECONDS)).as("a step works").isTrue();
    }

    private WorkflowExecutionStatus statusOf(WorkflowStub workflow) {
        return workflow.describe().getStatus();
    }
}
