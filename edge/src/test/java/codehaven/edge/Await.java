package codehaven.edge;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;

/** Waits for what happens in the background, up to a deadline. */
final class Await {

    private Await() {}

    static void until(Callable<Boolean> condition) {
        var deadline = Instant.now().plus(Duration.ofSeconds(15));
        try {
            while (!condition.call()) {
                if (Instant.now().isAfter(deadline)) {
                    throw new AssertionError("it did not happen within 15 seconds");
                }
                Thread.sleep(10);
            }
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
