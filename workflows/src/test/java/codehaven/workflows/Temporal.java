package codehaven.workflows;

import codehaven.model.BuildSettings;
import codehaven.model.Checkpoint;
import codehaven.model.Environment;
import codehaven.model.GitSource;
import codehaven.model.Slug;
import io.temporal.api.enums.v1.IndexedValueType;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.testing.TestEnvironmentOptions;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.worker.WorkerOptions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Temporal in this process, where time is skipped, with a worker for both queues. */
final class Temporal implements AutoCloseable {

    static final String WORKFLOW_ID = "deploy-k3v9x2mq";

    private final TestWorkflowEnvironment environment;

    private Temporal(TestWorkflowEnvironment environment) {
        this.environment = environment;
    }

    static Temporal with(FakeSteps steps) {
        var options = TestEnvironmentOptions.newBuilder();
        SearchAttributes.ALL.forEach(
                each -> options.registerSearchAttribute(each.getName(), IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD));
        var environment = TestWorkflowEnvironment.newInstance(options.build());
        var workerOptions = WorkerOptions.newBuilder()
                .setDefaultDeadlockDetectionTimeout(10_000)
                .setMaxHeartbeatThrottleInterval(Duration.ofMillis(50))
                .build();
        var light = environment.newWorker(TaskQueues.DEPLOYMENTS, workerOptions);
        light.registerWorkflowImplementationTypes(BuildAndPublish.class);
        light.registerActivitiesImplementations(steps);
        environment.newWorker(TaskQueues.BUILDS, workerOptions).registerActivitiesImplementations(steps);
        environment.start();
        return new Temporal(environment);
    }

    /** Starts a deployment that goes on from what an earlier run stored. */
    WorkflowStub start(Checkpoint resume) {
        var workflow = client().newUntypedWorkflowStub(
                        "DeploymentWorkflow",
                        WorkflowOptions.newBuilder()
                                .setTaskQueue(TaskQueues.DEPLOYMENTS)
                                .setWorkflowId(WORKFLOW_ID)
                                .build());
        workflow.start(new DeploymentRequest(
                "k3v9x2mq",
                new Slug("blog"),
                Environment.PRODUCTION,
                new GitSource("https://git.example.org/ada/blog", null),
                BuildSettings.DETECTED,
                1,
                resume));
        return workflow;
    }

    WorkflowClient client() {
        return environment.getWorkflowClient();
    }

    /** Starts a deployment and waits for its end, whichever it is. */
    WorkflowStub run(Checkpoint resume) {
        var workflow = start(resume);
        awaitEnd(workflow);
        return workflow;
    }

    static void awaitEnd(WorkflowStub workflow) {
        try {
            workflow.getResult(60, TimeUnit.SECONDS, Void.class);
        } catch (io.temporal.client.WorkflowFailedException e) {
            // How it ended is what the test looks at.
        } catch (java.util.concurrent.TimeoutException e) {
            throw new AssertionError("the workflow did not end within a minute", e);
        }
    }

    @Override
    public void close() {
        environment.close();
    }
}
