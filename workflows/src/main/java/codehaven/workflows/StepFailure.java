package codehaven.workflows;

import codehaven.model.Failure;
import codehaven.model.FailureKind;
import codehaven.model.Step;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.TemporalFailure;
import io.temporal.failure.TimeoutFailure;
import org.jspecify.annotations.Nullable;

/** Why a step could not do its work. The only class that knows how a {@link FailureKind} crosses Temporal. */
public final class StepFailure extends RuntimeException {

    /** After so many attempts, a failure that nobody foresaw is taken for one that trying again does not cure. */
    private static final int ATTEMPTS_AT_THE_UNEXPECTED = 4;

    private final FailureKind kind;
    private final String hint;
    private final Failure.@Nullable Lines lines;
    private final Failure.@Nullable Source source;

    /**
     * @param message one sentence with the facts, without secrets
     */
    public StepFailure(FailureKind kind, String message) {
        this(kind, message, kind.hint(), null, null, null);
    }

    public StepFailure(FailureKind kind, String message, Throwable cause) {
        this(kind, message, kind.hint(), null, null, cause);
    }

    public StepFailure(
            FailureKind kind,
            String message,
            String hint,
            Failure.@Nullable Lines lines,
            Failure.@Nullable Source source,
            @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.hint = hint;
        this.lines = lines;
        this.source = source;
    }

    public FailureKind kind() {
        return kind;
    }

    /** What to do. */
    public String hint() {
        return hint;
    }

    /** The log's lines that matter, where known. */
    public Failure.@Nullable Lines lines() {
        return lines;
    }

    /** The place in the repository's own code, where known. */
    public Failure.@Nullable Source source() {
        return source;
    }

    /**
     * The same failure in Temporal's form, for an activity to throw.
     *
     * @param attempt which attempt of the activity this was, from 1
     */
    public ApplicationFailure crossing(int attempt) {
        var again = kind.retryable() && (kind != FailureKind.UNEXPECTED || attempt < ATTEMPTS_AT_THE_UNEXPECTED);
        return ApplicationFailure.newBuilder()
                .setType(kind.name())
                .setMessage(getMessage())
                .setNonRetryable(!again)
                .setDetails(new Failure(null, kind, String.valueOf(getMessage()), hint, lines, source))
                .setCause(getCause())
                .build();
    }

    /** How the workflow itself fails, so that the console shows kind and facts without opening the step. */
    static ApplicationFailure ending(Failure failure, TemporalFailure thrown) {
        return ApplicationFailure.newBuilder()
                .setType(failure.kind().name())
                .setMessage(failure.message())
                .setNonRetryable(true)
                .setDetails(failure)
                .setCause(thrown)
                .build();
    }

    /** What a failed activity or child of the given step tells about the deployment. */
    static Failure failureOf(TemporalFailure thrown, @Nullable Step step) {
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            if (each instanceof ApplicationFailure failure && isKind(failure.getType())) {
                var told = failure.getDetails().getSize() == 0
                        ? new Failure(step, FailureKind.valueOf(failure.getType()), failure.getOriginalMessage())
                        : failure.getDetails().get(Failure.class);
                return new Failure(step, told.kind(), told.message(), told.hint(), told.lines(), told.source());
            }
        }
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            if (each instanceof TimeoutFailure timeout) {
                return new Failure(
                        step,
                        FailureKind.UNEXPECTED,
                        sentenceOf(timeout),
                        "Check that a worker runs and is healthy, then retry.",
                        null,
                        null);
            }
        }
        Throwable root = thrown;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return new Failure(step, FailureKind.UNEXPECTED, String.valueOf(root.getMessage()));
    }

    private static String sentenceOf(TimeoutFailure timeout) {
        return switch (timeout.getTimeoutType()) {
            case TIMEOUT_TYPE_HEARTBEAT -> "The worker that ran the step stopped answering, and no other took it over.";
            case TIMEOUT_TYPE_SCHEDULE_TO_START -> "No worker took the step up in time.";
            case TIMEOUT_TYPE_START_TO_CLOSE -> "The step took longer than any should.";
            case TIMEOUT_TYPE_SCHEDULE_TO_CLOSE, TIMEOUT_TYPE_UNSPECIFIED, UNRECOGNIZED ->
                "No worker finished the step in time.";
        };
    }

    private static boolean isKind(String type) {
        for (var each : FailureKind.values()) {
            if (each.name().equals(type)) {
                return true;
            }
        }
        return false;
    }
}
