package codehaven.workflows;

import static codehaven.workflows.FakeSteps.BUILT;
import static codehaven.workflows.FakeSteps.SOURCE;
import static codehaven.workflows.FakeSteps.TREE;
import static codehaven.workflows.FakeSteps.failing;
import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.Checkpoint;
import codehaven.model.FailureKind;
import io.temporal.testing.WorkflowReplayer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Deployments that began with earlier code go on with today's: it makes the same decisions from their histories.
 *
 * <p>When this fails, the order of steps has changed for deployments that are under way. Put the change behind {@code
 * Workflow.getVersion}, keep the histories, and add new ones: {@code mvn -pl workflows -am test -Dtest=ReplayTest
 * -Dsurefire.failIfNoSpecifiedTests=false -Dcodehaven.record=<name of the change>}. Histories of a real server, from
 * {@code temporal workflow show --workflow-id deploy-<id> --output json}, may be put beside them.
 */
class ReplayTest {

    private static final Path HISTORIES = Path.of("src/test/resources/histories");

    static Stream<Path> histories() throws IOException {
        try (var files = Files.list(HISTORIES)) {
            return files.filter(each -> each.toString().endsWith(".json")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("histories")
    void todaysCodeDecidesAsTheCodeThatRecorded(Path history) throws Exception {
        WorkflowReplayer.replayWorkflowExecution(history.toFile(), BuildAndPublish.class);
    }

    @Test
    void allEndingsAreRecorded() throws Exception {
        if (System.getProperty("codehaven.record") != null) {
            record();
        }
        assertThat(histories().map(each -> each.getFileName().toString()))
                .as("histories by their ending")
                .anyMatch(each -> each.endsWith("-ready.json"))
                .anyMatch(each -> each.endsWith("-failed.json"))
                .anyMatch(each -> each.endsWith("-canceled.json"))
                .anyMatch(each -> each.endsWith("-resumed.json"));
    }

    private static void record() throws Exception {
        record("ready", Checkpoint.NONE, new FakeSteps());
        record("resumed", new Checkpoint(TREE, SOURCE, BUILT), new FakeSteps());

        var failed = new FakeSteps();
        failed.cloning = failing(2, FailureKind.REPOSITORY_UNREACHABLE, "git.example.org does not answer.");
        failed.building = failing(1, FailureKind.BUILD_FAILED, "The build command ended with exit code 1.");
        record("failed", Checkpoint.NONE, failed);

        var canceled = new FakeSteps();
        canceled.building = canceled.untilCanceled();
        try (var temporal = Temporal.with(canceled)) {
            var workflow = temporal.start(Checkpoint.NONE);
            assertThat(canceled.waiting.await(20, TimeUnit.SECONDS)).isTrue();
            workflow.cancel();
            Temporal.awaitEnd(workflow);
            write("canceled", temporal);
        }
    }

    private static void record(String ending, Checkpoint resume, FakeSteps steps) throws IOException {
        try (var temporal = Temporal.with(steps)) {
            temporal.run(resume);
            write(ending, temporal);
        }
    }

    private static void write(String ending, Temporal temporal) throws IOException {
        var name = System.getProperty("codehaven.record") + "-" + ending + ".json";
        var json = temporal.client().fetchHistory(Temporal.WORKFLOW_ID).toJson(true);
        Files.writeString(
                HISTORIES.resolve(name),
                json.replaceAll("\"identity\": \"[^\"]*\"", "\"identity\": \"worker\"") + "\n");
    }
}
