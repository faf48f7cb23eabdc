package codehaven.activities;

import codehaven.state.State;
import codehaven.workflows.BuildAndPublish;
import codehaven.workflows.Building;
import codehaven.workflows.Cloning;
import codehaven.workflows.Inspecting;
import codehaven.workflows.LookAtRepository;
import codehaven.workflows.Publishing;
import codehaven.workflows.Recording;
import codehaven.workflows.TaskQueues;
import codehaven.workflows.Uploading;
import io.temporal.client.WorkflowClient;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerOptions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes work from Temporal's queues: the workflows and light steps from one, builds from the other. */
public final class Worker implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(Worker.class);

    /** How long {@link #close} waits for steps to leave their work so that others can go on. */
    public static final Duration GRACE = Duration.ofSeconds(25);

    private static final Duration AFTER_GRACE = Duration.ofSeconds(3);
    /** The default of a second is too little for classes that are loaded cold on a busy machine. */
    private static final Duration WORKFLOW_THREAD_STUCK_AFTER = Duration.ofSeconds(10);
    /** Mostly waiting: for Git hosts, storage, the database. */
    private static final int LIGHT_STEPS = 32;

    private static final int WORKFLOW_TASKS = 50;
    private static final int POLLERS = 3;

    private final WorkerFactory factory;
    private final StepRunner runner;
    private final WorkSweep sweep;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Worker(WorkerFactory factory, StepRunner runner, WorkSweep sweep) {
        this.factory = factory;
        this.runner = runner;
        this.sweep = sweep;
    }

    /**
     * Starts polling.
     *
     * @param runner the one that the steps use
     * @throws RuntimeException if Temporal does not answer
     */
    public static Worker start(
            WorkflowClient client,
            State state,
            Settings settings,
            StepRunner runner,
            Cloning cloning,
            Uploading uploading,
            Building building,
            Publishing publishing,
            Recording recording,
            Inspecting inspecting) {
        var sweep = WorkSweep.start(settings.data().resolve("work"), state.deployments());
        var factory = WorkerFactory.newInstance(client);
        var light = factory.newWorker(
                TaskQueues.DEPLOYMENTS,
                WorkerOptions.newBuilder()
                        .setDefaultDeadlockDetectionTimeout(WORKFLOW_THREAD_STUCK_AFTER.toMillis())
                        .setMaxConcurrentActivityExecutionSize(LIGHT_STEPS)
                        .setMaxConcurrentWorkflowTaskExecutionSize(WORKFLOW_TASKS)
                        .setMaxConcurrentWorkflowTaskPollers(POLLERS)
                        .setMaxConcurrentActivityTaskPollers(POLLERS)
                        .setMaxHeartbeatThrottleInterval(Duration.ofSeconds(1))
                        .build());
        light.registerWorkflowImplementationTypes(BuildAndPublish.class, LookAtRepository.class);
        light.registerActivitiesImplementations(cloning, uploading, publishing, recording, inspecting);
        var builds = factory.newWorker(
                TaskQueues.BUILDS,
                WorkerOptions.newBuilder()
                        .setMaxConcurrentActivityExecutionSize(settings.builds())
                        .setMaxConcurrentActivityTaskPollers(1)
                        .setMaxHeartbeatThrottleInterval(Duration.ofSeconds(1))
                        .build());
        builds.registerActivitiesImplementations(building);
        factory.start();
        return new Worker(factory, runner, sweep);
    }

    /** Takes no more work, has what runs handed over to other workers, and waits for that, at most {@link #GRACE}. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        sweep.close();
        factory.shutdown();
        runner.handOver();
        // shutdown() alone does not wait for what runs (temporalio/sdk-java#2026).
        factory.awaitTermination(GRACE.toMillis(), TimeUnit.MILLISECONDS);
        if (!factory.isTerminated()) {
            LOGGER.warn(
                    "some steps did not stop within {} s; Temporal gives them to another worker", GRACE.toSeconds());
            factory.shutdownNow();
            factory.awaitTermination(AFTER_GRACE.toMillis(), TimeUnit.MILLISECONDS);
        }
    }
}
