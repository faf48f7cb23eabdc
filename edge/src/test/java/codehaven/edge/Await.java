package codehaven.edge;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;

/** Waits for what happens in the background, up to a deadline. */
final class Await {

    private Await() {}

    static void until(Callable<Boolean> condition) {
        until(Duration.ofSeconds(15), condition);
    }

    static void until(Duration most, Callable<Boolean> condition) {
        var deadline = Instant.now().plus(most);
        try {
            while (!condition.call()) {
                if (Instant.now().isAfter(deadline)) {
                    throw new AssertionError("it did not happen within " + most.toSeconds() + " seconds");
                }
                Thread.sleep(10);
            }
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
