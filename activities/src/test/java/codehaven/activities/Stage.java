package codehaven.activities;

import codehaven.activities.recording.StateRecording;
import codehaven.dev.DevMongo;
import codehaven.dev.DevRedis;
import codehaven.dev.DevS3;
import codehaven.dev.DevTemporal;
import codehaven.model.BuildSettings;
import codehaven.model.Checkpoint;
import codehaven.model.Checkpoint.BuiltOutput;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.Checkpoint.StoredSource;
import codehaven.model.Commit;
import codehaven.model.CommitSha;
import codehaven.model.Deployment;
import codehaven.model.DeploymentEvent;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.DeploymentEvent.Placed;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.GitSource;
import codehaven.model.Inspection;
import codehaven.model.Kind;
import codehaven.model.Output;
import codehaven.model.Project;
import codehaven.model.Slug;
import codehaven.model.Step;
import codehaven.model.Trigger;
import codehaven.state.Blobs;
import codehaven.state.State;
import codehaven.state.StateSettings;
import codehaven.workflows.Building;
import codehaven.workflows.Cloning;
import codehaven.workflows.DeploymentRequest;
import codehaven.workflows.DeploymentWorkflow;
import codehaven.workflows.Inspecting;
import codehaven.workflows.InspectionRequest;
import codehaven.workflows.Publishing;
import codehaven.workflows.TaskQueues;
import codehaven.workflows.Uploading;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Real backends for the tests of this module, started once, and the steps of a deployment to be played on them. */
public final class Stage {

    public static final Settings.Limits LIMITS = Settings.Limits.DEFAULT;

    private static @Nullable Stage shared;

    final Wire temporalLine;
    final Wire mongoLine;

    /** Where the backends listen on this machine. */
    public final List<Integer> ports;

    public final State state;
    public final WorkflowClient client;
    public final Path directory;

    public static synchronized Stage open() throws Exception {
        if (shared == null) {
            shared = new Stage();
        }
        return shared;
    }

    private Stage() throws Exception {
        directory = Files.createTempDirectory("codehaven-activities-");
        var temporal = DevTemporal.start(directory.resolve("temporal"), Set.of());
        temporalLine = new Wire(Integer.parseInt(temporal.address().replaceFirst(".*:", "")));
        var mongo = DevMongo.start(directory.resolve("mongo"));
        mongoLine = new Wire(mongo.port());
        var redis = DevRedis.start(directory.resolve("redis"));
        var s3 = DevS3.start(directory.resolve("s3"), "key", "secret");
        ports = List.of(
                temporalLine.port(),
                mongoLine.port(),
                mongo.port(),
                redis.port(),
                s3.endpoint().getPort());
        state = State.open(new StateSettings(
                "mongodb://127.0.0.1:" + mongoLine.port() + "/codehaven",
                redis.uri(),
                s3.endpoint(),
                "auto",
                "codehaven",
                s3.accessKey(),
                s3.secretKey(),
                Base64.getEncoder().encodeToString(new byte[32])));
        var stubs = WorkflowServiceStubs.newServiceStubs(WorkflowServiceStubsOptions.newBuilder()
                .setTarget("127.0.0.1:" + temporalLine.port())
                .setRpcTimeout(Duration.ofSeconds(5))
                .build());
        client = WorkflowClient.newInstance(stubs);
        SearchAttributeRegistration.ensure(client);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            stubs.shutdownNow();
            state.close();
            temporal.close();
            s3.close();
            redis.close();
            mongo.close();
            try {
                WorkFiles.delete(directory);
            } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }));
    }

    public Settings settings(Path data) {
        return new Settings(
                data, null, false, 2, true, "sites.localhost", URI.create("http://sites.localhost:8081"), LIMITS);
    }

    /** A project of its own, so that tests do not meet. */
    public Project project() {
        var project = new Project(
                new Slug("p" + UUID.randomUUID().toString().substring(0, 8)),
                "https://example.com/site.git",
                null,
                BuildSettings.DETECTED,
                now());
        state.projects().create(project);
        return project;
    }

    public DeploymentRequest queued(Project project, Environment environment) {
        var id = UUID.randomUUID().toString().replace("-", "").substring(0, 8);
        var source = new GitSource(project.repository(), "main");
        var generation = state.projects().nextGeneration(project.slug());
        state.deployments()
                .insert(new Deployment(
                        id,
                        project.slug(),
                        environment,
                        DeploymentStatus.QUEUED,
                        Trigger.API,
                        source,
                        project.settings(),
                        generation,
                        null,
                        null,
                        null,
                        null,
                        now(),
                        null,
                        List.of(),
                        null,
                        null,
                        null,
                        null,
                        0));
        return new DeploymentRequest(
                id, project.slug(), environment, source, project.settings(), generation, Checkpoint.NONE);
    }

    public WorkflowStub start(DeploymentRequest request) {
        var workflow = client.newWorkflowStub(
                DeploymentWorkflow.class,
                WorkflowOptions.newBuilder()
                        .setWorkflowId(Deployment.workflowId(request.deployment()))
                        .setTaskQueue(TaskQueues.DEPLOYMENTS)
                        .build());
        WorkflowClient.start(workflow::deploy, request);
        return WorkflowStub.fromTyped(workflow);
    }

    public Deployment deployment(DeploymentRequest request) {
        return state.deployments().find(request.deployment()).orElseThrow();
    }

    public List<DeploymentEvent> events(DeploymentRequest request) {
        var events = new ArrayList<DeploymentEvent>();
        var position = 0L;
        while (true) {
            var page = state.timeline().read(request.deployment(), position, 1_000);
            if (page.isEmpty()) {
                return events;
            }
            for (Placed each : page) {
                if (each.position() != ++position) {
                    throw new AssertionError("position " + each.position() + " where " + position + " is due");
                }
                events.add(each.event());
            }
        }
    }

    public List<LogLine> lines(DeploymentRequest request) {
        return events(request).stream()
                .filter(LogLine.class::isInstance)
                .map(LogLine.class::cast)
                .toList();
    }

    /** Waits until the status is reached, or fails with what happened instead. */
    public Deployment await(DeploymentRequest request, DeploymentStatus status, Duration within) throws Exception {
        var deadline = System.nanoTime() + within.toNanos();
        while (true) {
            var now = deployment(request);
            if (now.status() == status) {
                return now;
            }
            if (System.nanoTime() > deadline || now.status().isFinal()) {
                throw new AssertionError("not " + status + " but " + now + "\n" + events(request));
            }
            Thread.sleep(50);
        }
    }

    /** Waits until the condition holds. */
    public static void await(String what, Duration within, Callable<Boolean> condition) throws Exception {
        var deadline = System.nanoTime() + within.toNanos();
        while (!condition.call()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("still waiting: " + what);
            }
            Thread.sleep(50);
        }
    }

    public static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }

    public static ClonedTree tree() {
        return new ClonedTree(
                new Commit(new CommitSha("a".repeat(40)), "A commit", "Ann", now()),
                "main",
                "main",
                "b".repeat(40),
                1,
                10);
    }

    public static BuiltOutput built(DeploymentRequest request, int files, long bytes) {
        return new BuiltOutput(
                Blobs.output(request.deployment()), "static", Kind.STATIC, files, bytes, false, "none", null);
    }

    /** A worker whose steps are what the test says; those that it does not care for succeed at once. */
    public final class Cast implements AutoCloseable {

        private final StepRunner runner;
        private final Worker worker;

        Cast(Path data, StepRunner.Work<BuiltOutput> building, @Nullable Function<StepRunner, Publishing> publishing) {
            var settings = settings(data);
            runner = new StepRunner(state, client, settings, Clock.systemUTC());
            worker = Worker.start(
                    client,
                    state,
                    settings,
                    runner,
                    new Cloning() {
                        @Override
                        public ClonedTree clone(DeploymentRequest request) {
                            return runner.run(Step.CLONING, request, scope -> tree());
                        }
                    },
                    new Uploading() {
                        @Override
                        public StoredSource upload(DeploymentRequest request, ClonedTree tree) {
                            return runner.run(
                                    Step.UPLOADING, request, scope -> new StoredSource("c".repeat(64), 10, true));
                        }
                    },
                    new Building() {
                        @Override
                        public BuiltOutput build(DeploymentRequest request, ClonedTree tree, StoredSource source) {
                            return runner.run(Step.BUILDING, request, building);
                        }
                    },
                    publishing != null
                            ? publishing.apply(runner)
                            : new Publishing() {
                                @Override
                                public Output publish(DeploymentRequest request, ClonedTree tree, BuiltOutput built) {
                                    return runner.run(
                                            Step.PUBLISHING, request, scope -> new Output(1, 10, 1, 10L, "none"));
                                }
                            },
                    new StateRecording(state, client),
                    new Inspecting() {
                        @Override
                        public Inspection inspect(InspectionRequest request) {
                            throw new AssertionError("nobody looks at a repository here");
                        }
                    });
        }

        @Override
        public void close() {
            worker.close();
        }
    }

    public Cast cast(Path data, StepRunner.Work<BuiltOutput> building) {
        return new Cast(data, building, null);
    }

    public Cast cast(Path data, StepRunner.Work<BuiltOutput> building, Function<StepRunner, Publishing> publishing) {
        return new Cast(data, building, publishing);
    }
}
