package codehaven.edge;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** Lets one through in each stretch of time: for log lines that visitors or a full disk could write by the thousand. */
final class Sparingly {

    private final long every;
    private final AtomicLong next = new AtomicLong(System.nanoTime());

    Sparingly(Duration every) {
        this.every = every.toNanos();
    }

    void run(Runnable action) {
        var due = next.get();
        var now = System.nanoTime();
        if (now - due >= 0 && next.compareAndSet(due, now + every)) {
            action.run();
        }
    }
}
