package codehaven.api;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.BuildSettings;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.GitSource;
import codehaven.model.Slug;
import codehaven.model.Trigger;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.workflowservice.v1.ResetWorkflowExecutionRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What is done to a deployment while it runs, from here and from the workflow console. */
class RunsTest {

    private final Installation api = Installation.get();

    @Test
    void aCancelledBuildIsCanceledWithinFiveSeconds() {
        var id = building("hang-cancel");
        var asked = Instant.now();
        assertThat(api.post("/v1/deployments/" + id + "/cancel", "").status()).isEqualTo(202);
        var ended = api.awaitStatus(id, "CANCELED");
        assertThat(Duration.between(asked, Instant.now())).isLessThan(Duration.ofSeconds(5));
        assertThat(ended.at("/failure").isMissingNode()).isTrue();
        var again = api.post("/v1/deployments/" + id + "/cancel", "");
        assertThat(again.status()).isEqualTo(409);
        assertThat(again.text("/detail")).contains("CANCELED already");
    }

    @Test
    void aCancelFromTheConsoleIsTheSame() {
        var id = building("hang-console");
        api.client.newUntypedWorkflowStub("deploy-" + id).cancel();
        api.awaitStatus(id, "CANCELED");
    }

    @Test
    void aTerminatedRunIsFailedWithTheReasonAndCanBeRetried() {
        var id = building("hang-terminate");
        api.client.newUntypedWorkflowStub("deploy-" + id).terminate("the mouse slipped");
        var failed = api.awaitStatus(id, "FAILED");
        assertThat(failed.at("/failure/kind").asString()).isEqualTo("TERMINATED");
        assertThat(failed.at("/failure/step").asString()).isEqualTo("BUILDING");
        assertThat(failed.at("/failure/message").asString()).contains("the mouse slipped");
        assertThat(failed.at("/steps/2/state").asString()).isIn("failed", "canceled");

        assertThat(api.post("/v1/deployments/" + id + "/retry", "").status()).isEqualTo(202);
        api.awaitStatus(id, "BUILDING");
        assertThat(api.steps.clones.get(id))
                .as("cloned once, though it runs a second time")
                .isEqualTo(1);
        api.post("/v1/deployments/" + id + "/cancel", "");
        api.awaitStatus(id, "CANCELED");
    }

    @Test
    void aResetRunIsFollowed() {
        var id = building("hang-reset");
        api.post("/v1/deployments/" + id + "/cancel", "");
        api.awaitStatus(id, "CANCELED");
        var workflow = api.client.newUntypedWorkflowStub("deploy-" + id);
        var run = workflow.describe().getExecution();
        awaitClosed(id);
        var firstTask = api.client
                .streamHistory(run.getWorkflowId())
                .filter(event -> event.getEventType() == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
                .findFirst()
                .orElseThrow()
                .getEventId();
        api.client
                .getWorkflowServiceStubs()
                .blockingStub()
                .resetWorkflowExecution(ResetWorkflowExecutionRequest.newBuilder()
                        .setNamespace("default")
                        .setWorkflowExecution(WorkflowExecution.newBuilder(run))
                        .setWorkflowTaskFinishEventId(firstTask)
                        .setRequestId(UUID.randomUUID().toString())
                        .setReason("once more")
                        .build());
        api.awaitStatus(id, "BUILDING");
        api.post("/v1/deployments/" + id + "/cancel", "");
        api.awaitStatus(id, "CANCELED");
    }

    @Test
    void aFailedBuildIsRetriedAtOnceAlsoWhileItsLogIsStillBeingArchived() {
        api.steps.archiving.set(false);
        try {
            var id = api.deploy("https://github.com/haven/retried", "fail-once");
            var failed = api.awaitStatus(id, "FAILED");
            assertThat(failed.at("/failure/kind").asString()).isEqualTo("BUILD_FAILED");
            assertThat(failed.at("/failure/hint").asString()).isNotEmpty();
            api.steps.failing.set(false);
            var retried = api.post("/v1/deployments/" + id + "/retry", "");
            assertThat(retried.status()).as(retried.raw().body()).isEqualTo(202);
            assertThat(retried.text("/status")).isEqualTo("QUEUED");
            api.awaitStatus(id, "READY");
            assertThat(api.steps.clones.get(id)).isEqualTo(1);
            var ready = api.post("/v1/deployments/" + id + "/retry", "");
            assertThat(ready.status()).isEqualTo(409);
            assertThat(ready.text("/detail")).contains("Redeploy");
        } finally {
            api.steps.failing.set(true);
            api.steps.archiving.set(true);
        }
    }

    @Test
    void whatWasRecordedButNotStartedIsStarted() {
        var id = recorded("nostart1", "topic");
        api.awaitStatus(id, "READY");
    }

    @Test
    void whatWasNeverStartedIsCanceledAtOnce() {
        var id = recorded("nostart2", "hang-never");
        assertThat(api.post("/v1/deployments/" + id + "/cancel", "").text("/status"))
                .isEqualTo("CANCELED");
    }

    private String recorded(String id, String ref) {
        var slug = new Slug("not-started");
        api.state
                .deployments()
                .insert(new Deployment(
                        id,
                        slug,
                        Environment.PREVIEW,
                        DeploymentStatus.QUEUED,
                        Trigger.API,
                        new GitSource("https://github.com/haven/x", ref),
                        BuildSettings.DETECTED,
                        api.state.projects().nextGeneration(slug),
                        null,
                        null,
                        null,
                        null,
                        Instant.now(),
                        null,
                        List.of(),
                        null,
                        null,
                        null,
                        null,
                        0));
        return id;
    }

    private String building(String ref) {
        var id = api.deploy("https://github.com/haven/runs", ref);
        api.await(id, body -> body.at("/steps/2/state").asString("").equals("running"));
        return id;
    }

    private void awaitClosed(String id) {
        while (api.client.newUntypedWorkflowStub("deploy-" + id).describe().getCloseTime() == null) {
            Installation.pause();
        }
    }
}
