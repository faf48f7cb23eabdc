package codehaven.workflows;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.FailureKind;
import codehaven.model.Step;
import io.temporal.api.enums.v1.RetryState;
import io.temporal.api.enums.v1.TimeoutType;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.TimeoutFailure;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StepFailureTest {

    @Test
    void aStepThatNoWorkerFinishedSaysSo() {
        var thrown = failed(new TimeoutFailure("heartbeat", null, TimeoutType.TIMEOUT_TYPE_HEARTBEAT));

        assertThat(StepFailure.failureOf(thrown, Step.BUILDING)).satisfies(failure -> {
            assertThat(failure.step()).isEqualTo(Step.BUILDING);
            assertThat(failure.kind()).isEqualTo(FailureKind.UNEXPECTED);
            assertThat(failure.message())
                    .isEqualTo("The worker that ran the step stopped answering, and no other took it over.");
            assertThat(failure.hint()).contains("worker");
        });
    }

    @Test
    void aFailureOfAnotherTypeKeepsItsWords() {
        var thrown = failed(ApplicationFailure.newFailure("no such host", "java.net.UnknownHostException"));

        assertThat(StepFailure.failureOf(thrown, Step.CLONING))
                .satisfies(failure -> assertThat(failure.kind()).isEqualTo(FailureKind.UNEXPECTED))
                .satisfies(failure -> assertThat(failure.message()).contains("no such host"));
    }

    @Test
    void onlyKindsThatMayPassAreTriedAgain() {
        assertThat(new StepFailure(FailureKind.BUILD_FAILED, "no").crossing(1).isNonRetryable())
                .isTrue();
        assertThat(new StepFailure(FailureKind.STORAGE_UNAVAILABLE, "no")
                        .crossing(100)
                        .isNonRetryable())
                .isFalse();
        assertThat(new StepFailure(FailureKind.UNEXPECTED, "no").crossing(3).isNonRetryable())
                .isFalse();
        assertThat(new StepFailure(FailureKind.UNEXPECTED, "no").crossing(4).isNonRetryable())
                .as("the fourth attempt at the unexpected is the last")
                .isTrue();
    }

    private static ActivityFailure failed(@Nullable Throwable cause) {
        return new ActivityFailure(
                "activity", 1, 2, "Building", "3", RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE, "worker", cause);
    }
}
