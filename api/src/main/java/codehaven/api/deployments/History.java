package codehaven.api.deployments;

import codehaven.model.Step;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What happened to a deployment since it was put into the queue last, beyond what its record says.
 *
 * @param queuedAt when that was
 * @param attempts those that did not succeed and were followed by another one of the same step, in order
 */
public record History(Instant queuedAt, List<Attempt> attempts) {

    /**
     * One attempt of a step.
     *
     * @param number counts from 1
     * @param endedAt the last that was heard of it
     * @param why what the platform said about its end, where it did
     */
    public record Attempt(
            Step step,
            int number,
            Instant startedAt,
            Instant endedAt,
            @Nullable String why) {}

    public History {
        attempts = List.copyOf(attempts);
    }
}
