package codehaven.state;

import java.time.Duration;

/** Locks that save duplicate work and nothing more: correctness never rests on one. */
public final class Leases {

    /** Held until closed, or until its process dies. */
    public interface Lease extends AutoCloseable {
        @Override
        void close();
    }

    /** Waits at most so long, then goes on without; also when Redis is away. */
    public Lease take(String name, Duration wait) {
        throw new UnsupportedOperationException();
    }
}
