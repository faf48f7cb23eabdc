package codehaven.workflows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import codehaven.model.Commit;
import codehaven.model.CommitSha;
import codehaven.model.Failure;
import codehaven.model.FailureKind;
import codehaven.model.GitSource;
import codehaven.model.Inspection;
import codehaven.model.Inspection.Candidate;
import codehaven.model.Kind;
import io.temporal.activity.Activity;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowOptions;
import io.temporal.failure.ApplicationFailure;
import io.temporal.testing.TestWorkflowEnvironment;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LookAtRepositoryTest {

    private static final InspectionRequest REQUEST =
            new InspectionRequest(new GitSource("https://git.example.org/ada/blog", null), null);
    private static final Inspection SEEN = new Inspection(
            "main",
            "main",
            new Commit(new CommitSha("a".repeat(40)), "Say hello", "Ada", Instant.EPOCH),
            "",
            List.of(new Candidate(
                    "",
                    "vite",
                    "Vite",
                    "7",
                    Kind.STATIC,
                    "package.json",
                    "npm",
                    22,
                    "npm ci",
                    "npm run build",
                    "dist",
                    null)),
            null);

    /** Answers each attempt as the test says. */
    private static final class Eyes implements Inspecting {
        final AtomicInteger looks = new AtomicInteger();
        volatile IntFunction<Inspection> answer = attempt -> SEEN;

        @Override
        public Inspection inspect(InspectionRequest request) {
            looks.incrementAndGet();
            var attempt = Activity.getExecutionContext().getInfo().getAttempt();
            try {
                return answer.apply(attempt);
            } catch (StepFailure failure) {
                throw failure.crossing(attempt);
            }
        }
    }

    private final Eyes eyes = new Eyes();
    private final TestWorkflowEnvironment temporal = TestWorkflowEnvironment.newInstance();

    @AfterEach
    void close() {
        temporal.close();
    }

    @Test
    void whatTheWorkerSeesIsTheAnswer() {
        assertThat(look(true)).isEqualTo(SEEN);
        assertThat(eyes.looks).hasValue(1);
    }

    @Test
    void aConnectionThatBrokeIsTriedOnceMore() {
        eyes.answer = attempt -> {
            if (attempt == 1) {
                throw new StepFailure(FailureKind.REPOSITORY_UNREACHABLE, "git.example.org ended the connection.");
            }
            return SEEN;
        };

        assertThat(look(true)).isEqualTo(SEEN);
    }

    @Test
    void aHostThatIsAwayIsTriedOnceMoreAndThenSaidToBe() {
        eyes.answer = attempt -> {
            throw new StepFailure(FailureKind.REPOSITORY_UNREACHABLE, "git.example.org does not answer.");
        };

        assertThat(failure().message()).isEqualTo("git.example.org does not answer.");
        assertThat(eyes.looks).hasValue(2);
    }

    @Test
    void aRefusalIsFinalAndKeepsItsWords() {
        eyes.answer = attempt -> {
            throw new StepFailure(FailureKind.REPOSITORY_NOT_FOUND, "There is no Git repository there.");
        };

        assertThat(failure())
                .isEqualTo(new Failure(null, FailureKind.REPOSITORY_NOT_FOUND, "There is no Git repository there."));
        assertThat(eyes.looks).hasValue(1);
    }

    @Test
    void nobodyIsWaitedForWithoutAWorkerThatLooks() {
        assertThatExceptionOfType(WorkflowFailedException.class)
                .isThrownBy(() -> look(false))
                .havingCause()
                .asInstanceOf(type(ApplicationFailure.class))
                .satisfies(failed -> assertThat(
                                failed.getDetails().get(Failure.class).message())
                        .isEqualTo("No worker took the step up in time."));
    }

    private Failure failure() {
        try {
            throw new AssertionError("it was seen: " + look(true));
        } catch (WorkflowFailedException e) {
            if (e.getCause() instanceof ApplicationFailure failed) {
                return failed.getDetails().get(Failure.class);
            }
            throw e;
        }
    }

    /** @param seeing whether the worker has the activity as well */
    private Inspection look(boolean seeing) {
        var worker = temporal.newWorker(seeing ? TaskQueues.DEPLOYMENTS : "workflows");
        worker.registerWorkflowImplementationTypes(LookAtRepository.class);
        if (seeing) {
            worker.registerActivitiesImplementations(eyes);
        }
        temporal.start();
        var options = WorkflowOptions.newBuilder()
                .setTaskQueue(worker.getTaskQueue())
                .setWorkflowId("inspect-0123456789abcdef0123")
                .build();
        return temporal.getWorkflowClient()
                .newWorkflowStub(InspectionWorkflow.class, options)
                .inspect(REQUEST);
    }
}
