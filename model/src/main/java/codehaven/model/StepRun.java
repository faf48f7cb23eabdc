package codehaven.model;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What became of one step.
 *
 * @param attempt counts from 1; grows with each retry of the step
 */
public record StepRun(
        Step step,
        State state,
        int attempt,
        @Nullable Instant startedAt,
        @Nullable Instant endedAt) {

    /** How a step stands; written in lower case in JSON. */
    public enum State {
        running,
        done,
        failed,
        canceled,
        /** Its result of an earlier run was used again. */
        reused
    }

    public StepRun {
        if (attempt < 1) {
            throw new IllegalArgumentException("an attempt counts from 1, not " + attempt);
        }
    }
}
