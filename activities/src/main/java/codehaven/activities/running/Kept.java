package codehaven.activities.running;

import codehaven.activities.running.AppEngine.Condition;
import codehaven.activities.running.AppEngine.Seen;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What a keeper knows of one container and has at work on it. */
final class Kept implements AutoCloseable {

    private Seen seen;

    @Nullable
    Condition condition;

    @Nullable
    HealthWatch health;

    @Nullable
    RuntimeFeed feed;

    /** Why it ended last: a sentence. */
    @Nullable
    String fault;

    /** How often it was told to end because it was not healthy. */
    int lost;

    /** Whether it is being stopped, by a thread of its own. */
    volatile boolean leaving;

    /** Whether something happened to it since the last closer look. */
    volatile boolean dirty = true;

    volatile boolean outOfMemory;

    /** What it ended with last, where an event told so: by the time of a look it may run again. */
    volatile @Nullable String exit;

    private long lookedAt;

    Kept(Seen seen) {
        this.seen = seen;
    }

    Seen seen() {
        return seen;
    }

    void see(Seen now) {
        dirty |= !now.state().equals(seen.state());
        seen = now;
    }

    /** Whether a closer look is due. */
    boolean isUnclear(Duration atLeast) {
        return dirty || condition == null || System.nanoTime() - lookedAt > atLeast.toNanos();
    }

    void looked(@Nullable Condition now) {
        condition = now;
        lookedAt = System.nanoTime();
    }

    void forgetHealth() {
        if (health != null) {
            health.close();
            health = null;
        }
    }

    @Override
    public void close() {
        forgetHealth();
        if (feed != null) {
            feed.close();
            feed = null;
        }
    }
}
