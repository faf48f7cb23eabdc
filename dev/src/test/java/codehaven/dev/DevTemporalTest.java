package codehaven.dev;

import static org.assertj.core.api.Assertions.assertThat;

import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.client.WorkflowOptions;
import io.temporal.common.SearchAttributeKey;
import io.temporal.common.SearchAttributes;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import java.net.HttpURLConnection;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DevTemporalTest {
    private static final SearchAttributeKey<String> BRANCH = SearchAttributeKey.forKeyword("Branch");

    @TempDir
    Path directory;

    @Test
    void workflowIsFoundByItsAttributeAfterTheServerWasKilled() throws Exception {
        try (DevTemporal temporal = DevTemporal.start(directory, List.of("ProjectSlug", "Branch", "Trigger"))) {
            assertThat(temporal.kind()).isEqualTo(DevTemporal.Kind.REAL);
            withClient(temporal, client -> {
                client.newUntypedWorkflowStub(
                                "Anything",
                                WorkflowOptions.newBuilder()
                                        .setWorkflowId("deploy-1")
                                        .setTaskQueue("nobody")
                                        .setTypedSearchAttributes(SearchAttributes.newBuilder()
                                                .set(BRANCH, "main")
                                                .build())
                                        .build())
                        .start();
                assertListed(client);
            });
            HttpURLConnection ui = (HttpURLConnection)
                    temporal.uiAddress().orElseThrow().toURL().openConnection();
            assertThat(ui.getResponseCode()).isEqualTo(200);

            long pid = temporal.pid();
            ProcessHandle.of(pid).orElseThrow().destroyForcibly();
            Instant killed = Instant.now();
            while (!temporal.serves() || temporal.pid() == pid) {
                assertThat(Instant.now()).isBefore(killed.plusSeconds(30));
                Thread.sleep(20);
            }
            withClient(temporal, DevTemporalTest::assertListed);
            temporal.stop();
            temporal.start();
            withClient(temporal, DevTemporalTest::assertListed);
        }
    }

    @Test
    void withoutTheProgramATestServerStandsInAndSaysWhatItLacks() throws Exception {
        List<String> told = new ArrayList<>();
        try (DevTemporal temporal = DevTemporal.startInProcess(
                DevTemporal.Plan.of(directory, List.of("Branch")).withProgress(told::add))) {
            assertThat(temporal.kind()).isEqualTo(DevTemporal.Kind.IN_PROCESS);
            assertThat(temporal.uiAddress()).isEmpty();
            assertThat(told).singleElement().asString().contains("WARNING").contains("persistence");
            withClient(
                    temporal,
                    client -> assertThat(client.newUntypedWorkflowStub(
                                            "Anything",
                                            WorkflowOptions.newBuilder()
                                                    .setWorkflowId("deploy-1")
                                                    .setTaskQueue("nobody")
                                                    .setTypedSearchAttributes(SearchAttributes.newBuilder()
                                                            .set(BRANCH, "main")
                                                            .build())
                                                    .build())
                                    .start()
                                    .getWorkflowId())
                            .isEqualTo("deploy-1"));
        }
    }

    private static void assertListed(WorkflowClient client) {
        Instant deadline = Instant.now().plusSeconds(10);
        List<String> found;
        do {
            found = client.listExecutions("Branch = 'main'")
                    .map(execution -> execution.getExecution().getWorkflowId())
                    .toList();
        } while (found.isEmpty() && Instant.now().isBefore(deadline));
        assertThat(found).containsExactly("deploy-1");
    }

    private static void withClient(DevTemporal temporal, Consumer<WorkflowClient> use) {
        WorkflowServiceStubs service = WorkflowServiceStubs.newServiceStubs(WorkflowServiceStubsOptions.newBuilder()
                .setTarget(temporal.address())
                .build());
        try {
            use.accept(WorkflowClient.newInstance(
                    service, WorkflowClientOptions.newBuilder().build()));
        } finally {
            service.shutdownNow();
        }
    }
}
