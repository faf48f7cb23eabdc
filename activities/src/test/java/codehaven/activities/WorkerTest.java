package codehaven.activities;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.Checkpoint.BuiltOutput;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.DeploymentEvent.StatusChanged;
import codehaven.model.DeploymentEvent.StepChanged;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.FailureKind;
import codehaven.model.Output;
import codehaven.model.Step;
import codehaven.model.StepRun;
import codehaven.workflows.DeploymentRequest;
import codehaven.workflows.Publishing;
import codehaven.workflows.StepFailure;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.EventType;
import io.temporal.api.workflowservice.v1.ResetWorkflowExecutionRequest;
import io.temporal.client.WorkflowStub;
import io.temporal.common.WorkflowExecutionHistory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkerTest {

    private static final Duration SOON = Duration.ofMinutes(1);

    private static Stage stage;

    @TempDir
    private Path data;

    private DeploymentRequest request;

    @BeforeAll
    static void open() throws Exception {
        stage = Stage.open();
    }

    @BeforeEach
    void queue() {
        request = stage.queued(stage.project(), Environment.PRODUCTION);
    }

    private List<String> story() {
        return stage.events(request).stream()
                .map(event -> switch (event) {
                    case StatusChanged changed -> changed.status().name();
                    case StepChanged changed ->
                        changed.run().step() + " " + changed.run().state();
                    case LogLine line -> "\"" + line.text() + "\"";
                })
                .toList();
    }

    private static void print(StepScope scope, String text) {
        var bytes = text.getBytes(UTF_8);
        scope.log().output("stdout", bytes, 0, bytes.length);
    }

    private static Function<StepRunner, Publishing> publishing(StepRunner.Work<Output> work) {
        return runner -> new Publishing() {
            @Override
            public Output publish(DeploymentRequest request, ClonedTree tree, BuiltOutput built) {
                return runner.run(Step.PUBLISHING, request, work);
            }
        };
    }

    @Test
    void aDeploymentIsToldFromItsBeginningToItsEnd() throws Exception {
        try (var _ = stage.cast(data, scope -> {
            print(scope, "building\n");
            return Stage.built(request, 1, 10);
        })) {
            stage.start(request).getResult(Void.class);
        }

        assertThat(story())
                .containsExactly(
                        "CLONING",
                        "CLONING running",
                        "CLONING done",
                        "UPLOADING",
                        "UPLOADING running",
                        "UPLOADING done",
                        "BUILDING",
                        "BUILDING running",
                        "\"building\"",
                        "BUILDING done",
                        "PUBLISHING",
                        "PUBLISHING running",
                        "PUBLISHING done",
                        "READY");
        var deployment = stage.deployment(request);
        assertThat(deployment.status()).isEqualTo(DeploymentStatus.READY);
        assertThat(deployment.steps()).extracting(StepRun::state).containsOnly(StepRun.State.done);
        assertThat(deployment.steps()).extracting(StepRun::attempt).containsOnly(1);
        assertThat(deployment.output()).isEqualTo(new Output(1, 10, 1, 10L, "none"));
        assertThat(deployment.archivedThrough()).isEqualTo(14);
        assertThat(stage.state.projects().find(request.project()).orElseThrow().productionBranch())
                .isEqualTo("main");
    }

    @Test
    void cancellationStopsTheWorkWithinThreeSeconds() throws Exception {
        var working = new CountDownLatch(1);
        var stopped = new AtomicLong();
        try (var _ = stage.cast(data, scope -> {
            try (var _ = scope.onStop(() -> stopped.set(System.nanoTime()))) {
                print(scope, "working\n");
                working.countDown();
                new CountDownLatch(1).await();
                throw new AssertionError("unreachable");
            }
        })) {
            var workflow = stage.start(request);
            assertThat(working.await(20, TimeUnit.SECONDS)).isTrue();
            var canceled = System.nanoTime();
            workflow.cancel();
            var end = stage.await(request, DeploymentStatus.CANCELED, Duration.ofSeconds(5));
            assertThat(stopped.get() - canceled)
                    .as("nanoseconds until the work was told")
                    .isPositive()
                    .isLessThan(Duration.ofSeconds(3).toNanos());
            assertThat(end.steps().getLast().state()).isEqualTo(StepRun.State.canceled);
            Stage.await("archive", SOON, () -> stage.deployment(request).archivedThrough() > 0);
        }
        assertThat(story())
                .endsWith("BUILDING running", "\"working\"", "\"Canceled.\"", "BUILDING canceled", "CANCELED");
    }

    @Test
    void aSiteThatIsLiveIsNotCalledCanceled() throws Exception {
        var pointed = new CountDownLatch(1);
        try (var _ = stage.cast(data, scope -> Stage.built(request, 1, 10), publishing(scope -> {
            pointed.countDown();
            while (!scope.stopping()) {
                LockSupport.parkNanos(1_000_000);
            }
            return new Output(1, 10, 0, 0L, "none");
        }))) {
            var workflow = stage.start(request);
            assertThat(pointed.await(20, TimeUnit.SECONDS)).isTrue();
            workflow.cancel();
            stage.await(request, DeploymentStatus.READY, SOON);
        }
    }

    @Test
    void aWorkerThatShutsDownHandsItsWorkOver() throws Exception {
        record Progress(int count) {}
        var working = new CountDownLatch(1);
        var handingOver = new ConcurrentLinkedQueue<Boolean>();
        var remembered = new ConcurrentLinkedQueue<Integer>();
        StepRunner.Work<BuiltOutput> building = scope -> {
            var before = scope.remembered(Progress.class);
            if (before.isPresent()) {
                remembered.add(before.get().count());
                return Stage.built(request, 1, 10);
            }
            scope.remember(new Progress(7));
            try (var _ = scope.onStop(() -> handingOver.add(scope.handingOver()))) {
                working.countDown();
                while (true) {
                    scope.check();
                    Thread.sleep(20);
                }
            }
        };
        var first = stage.cast(data, building);
        stage.start(request);
        assertThat(working.await(20, TimeUnit.SECONDS)).isTrue();
        var beat = System.nanoTime();
        Stage.await(
                "a heartbeat",
                SOON,
                () -> System.nanoTime() - beat > Duration.ofMillis(1_500).toNanos());
        var closing = System.nanoTime();
        first.close();
        assertThat(System.nanoTime() - closing)
                .isLessThan(Duration.ofSeconds(20).toNanos());
        assertThat(stage.deployment(request).status()).isEqualTo(DeploymentStatus.BUILDING);
        try (var _ = stage.cast(data, building)) {
            stage.await(request, DeploymentStatus.READY, SOON);
        }
        assertThat(handingOver).containsExactly(true);
        assertThat(remembered).containsExactly(7);
        assertThat(stage.deployment(request).steps())
                .filteredOn(step -> step.step() == Step.BUILDING)
                .extracting(StepRun::attempt)
                .containsExactly(2);
    }

    @Test
    void withTheDatabaseAwayLinesWaitInOrder() throws Exception {
        var lines = 400;
        try (var _ = stage.cast(data, scope -> {
            for (var n = 1; n <= lines; n++) {
                print(scope, "line " + n + "\n");
                Thread.sleep(20);
            }
            return Stage.built(request, 1, 10);
        })) {
            stage.start(request);
            Stage.await("lines", SOON, () -> stage.lines(request).size() > 20);
            stage.mongoLine.cut();
            try {
                Thread.sleep(9_000);
            } finally {
                stage.mongoLine.mend();
            }
            stage.await(request, DeploymentStatus.READY, Duration.ofSeconds(40));
        }
        var written = stage.lines(request);
        assertThat(written)
                .filteredOn(line -> line.stream().equals("stdout"))
                .extracting(LogLine::text)
                .containsExactlyElementsOf(IntStream.rangeClosed(1, lines)
                        .mapToObj(n -> "line " + n)
                        .toList());
        assertThat(written).extracting(LogLine::n).doesNotHaveDuplicates().isSorted();
    }

    @Test
    void aFailureIsToldWithItsHintAndWithoutSecrets() throws Exception {
        try (var _ = stage.cast(data, scope -> {
            scope.log().mask(List.of("t0p-s3cret"));
            throw new StepFailure(
                    FailureKind.BUILD_FAILED,
                    "The command failed with t0p-s3cret.",
                    new IllegalStateException("t0p-s3cret"));
        })) {
            var workflow = stage.start(request);
            var failed = stage.await(request, DeploymentStatus.FAILED, SOON);
            var failure = Objects.requireNonNull(failed.failure());
            assertThat(failure.kind()).isEqualTo(FailureKind.BUILD_FAILED);
            assertThat(failure.step()).isEqualTo(Step.BUILDING);
            assertThat(failure.message()).isEqualTo("The command failed with ••••••.");
            assertThat(failed.steps().getLast().state()).isEqualTo(StepRun.State.failed);
            Stage.await("archive", SOON, () -> stage.deployment(request).archivedThrough() > 0);
            assertThat(history(workflow)).doesNotContain("t0p-s3cret").contains("BUILD_FAILED");
        }
        assertThat(story())
                .endsWith(
                        "BUILDING failed",
                        "\"The command failed with ••••••.\"",
                        "\"" + FailureKind.BUILD_FAILED.hint() + "\"",
                        "FAILED");
        assertThat(stage.lines(request)).extracting(LogLine::level).containsOnly(Level.error);
    }

    @Test
    void whatTryingAgainCuresIsTriedAgain() throws Exception {
        var attempts = new AtomicInteger();
        try (var _ = stage.cast(data, scope -> {
            if (attempts.incrementAndGet() == 1) {
                throw new StepFailure(FailureKind.DOCKER_UNAVAILABLE, "The engine does not answer.");
            }
            return Stage.built(request, 1, 10);
        })) {
            stage.start(request);
            stage.await(request, DeploymentStatus.READY, SOON);
        }
        assertThat(story())
                .containsSubsequence(
                        "BUILDING running",
                        "\"The engine does not answer. It is tried again.\"",
                        "BUILDING running",
                        "BUILDING done",
                        "READY")
                .doesNotContain("BUILDING failed");
    }

    @Test
    void aTerminatedRunWritesNothingMoreAndAResetRunTakesOver() throws Exception {
        var attempts = new AtomicInteger();
        var working = new CountDownLatch(1);
        var ended = new CountDownLatch(1);
        try (var _ = stage.cast(data, scope -> {
            if (attempts.incrementAndGet() > 1) {
                return Stage.built(request, 1, 10);
            }
            working.countDown();
            try {
                while (true) {
                    print(scope, "zombie\n");
                    Thread.sleep(50);
                }
            } finally {
                ended.countDown();
            }
        })) {
            var workflow = stage.start(request);
            assertThat(working.await(20, TimeUnit.SECONDS)).isTrue();
            var run = workflow.getExecution().getRunId();
            var building = stage.client.fetchHistory(workflow.getExecution().getWorkflowId(), run).getEvents().stream()
                    .filter(event -> event.getEventType() == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
                    .toList()
                    .getLast()
                    .getEventId();
            stage.client
                    .getWorkflowServiceStubs()
                    .blockingStub()
                    .resetWorkflowExecution(ResetWorkflowExecutionRequest.newBuilder()
                            .setNamespace(stage.client.getOptions().getNamespace())
                            .setWorkflowExecution(WorkflowExecution.newBuilder()
                                    .setWorkflowId(workflow.getExecution().getWorkflowId())
                                    .setRunId(run))
                            .setWorkflowTaskFinishEventId(building)
                            .setRequestId(UUID.randomUUID().toString())
                            .setReason("test")
                            .build());
            assertThat(ended.await(5, TimeUnit.SECONDS))
                    .as("the old attempt stops")
                    .isTrue();
            var ready = stage.await(request, DeploymentStatus.READY, SOON);
            assertThat(ready.run()).isNotEqualTo(run);
        }
        var after = new ArrayList<>(story());
        var second = after.lastIndexOf("BUILDING running");
        assertThat(after.subList(second, after.size()))
                .doesNotContain("\"zombie\"")
                .endsWith("READY");
    }

    @Test
    void withTemporalAwayTheWorkGoesOn() throws Exception {
        var attempts = new AtomicInteger();
        var stopped = new AtomicInteger();
        var release = new CountDownLatch(1);
        try (var _ = stage.cast(data, scope -> {
            attempts.incrementAndGet();
            try (var _ = scope.onStop(() -> stopped.incrementAndGet())) {
                release.await();
            }
            return Stage.built(request, 1, 10);
        })) {
            stage.start(request);
            Stage.await("the build", SOON, () -> attempts.get() == 1);
            stage.temporalLine.cut();
            try {
                // With the beat before it and the way back, on a busy machine, less than the silence of a dead worker.
                Thread.sleep(3_000);
                assertThat(stopped).hasValue(0);
            } finally {
                stage.temporalLine.mend();
            }
            Thread.sleep(1_500);
            release.countDown();
            stage.await(request, DeploymentStatus.READY, Duration.ofSeconds(40));
        }
        assertThat(attempts).as("a short absence costs nothing").hasValue(1);
    }

    @Test
    void whatEndedDeploymentsLeftBehindIsRemovedAtTheStart() throws Exception {
        var active = WorkFiles.of(data, request.deployment());
        var ended = WorkFiles.of(data, "gone1234");
        Files.createDirectories(active.resolve("output"));
        Files.createDirectories(ended.resolve("output/deep"));
        Files.writeString(ended.resolve("output/deep/file"), "x");
        try (var _ = stage.cast(data, scope -> Stage.built(request, 1, 10))) {
            assertThat(active).exists();
            assertThat(ended).doesNotExist();
        }
    }

    private static String history(WorkflowStub workflow) {
        WorkflowExecutionHistory history = stage.client.fetchHistory(
                workflow.getExecution().getWorkflowId(), workflow.getExecution().getRunId());
        return history.toJson(true);
    }
}
