package codehaven.state;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.redisson.api.RLock;
import org.redisson.api.RedissonClient;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Locks that save duplicate work and nothing more: correctness never rests on one. */
public final class Leases {

    private static final Logger log = LoggerFactory.getLogger(Leases.class);
    private static final String PREFIX = "codehaven:lease:";

    /** How much longer than asked for the answer is waited for: what Redis needs to say no. */
    private static final Duration GRACE = Duration.ofSeconds(2);

    private static final Lease NONE = () -> {};

    /** Held until closed, or until its process dies. */
    public interface Lease extends AutoCloseable {
        /** May be called twice, and on any thread. */
        @Override
        void close();
    }

    private final RedissonClient redis;

    Leases(RedissonClient redis) {
        this.redis = redis;
    }

    /** Waits at most so long (and two seconds more when Redis is away), then goes on without. */
    public Lease take(String name, Duration wait) {
        var lock = redis.getLock(PREFIX + name);
        // Redisson's owner is a thread's id; ours may end on another thread, so the owner is a number of its own.
        var owner = ThreadLocalRandom.current().nextLong(Long.MAX_VALUE);
        CompletableFuture<Boolean> answer;
        try {
            answer = lock.tryLockAsync(wait.toMillis(), -1, TimeUnit.MILLISECONDS, owner)
                    .toCompletableFuture();
        } catch (RuntimeException e) {
            log.debug("Went on without the lease {}", name, e);
            return NONE;
        }
        try {
            return answer.get(wait.plus(GRACE).toMillis(), TimeUnit.MILLISECONDS) ? held(lock, owner) : NONE;
        } catch (InterruptedException e) {
            giveBackWhenTaken(answer, lock, owner);
            Thread.currentThread().interrupt();
            return NONE;
        } catch (TimeoutException | ExecutionException e) {
            log.debug("Went on without the lease {}", name, e);
            giveBackWhenTaken(answer, lock, owner);
            return NONE;
        }
    }

    private static Lease held(RLock lock, long owner) {
        var closed = new AtomicBoolean();
        return () -> {
            if (closed.compareAndSet(false, true)) {
                unlock(lock, owner);
            }
        };
    }

    private static void giveBackWhenTaken(CompletableFuture<Boolean> answer, RLock lock, long owner) {
        var _ = answer.thenAccept(taken -> {
            if (taken) {
                unlock(lock, owner);
            }
        });
    }

    private static void unlock(RLock lock, long owner) {
        try {
            var _ = lock.unlockAsync(owner).whenComplete((_, problem) -> {
                if (problem != null) {
                    log.debug("The lease {} ends by itself", lock.getName(), problem);
                }
            });
        } catch (RuntimeException e) {
            log.debug("The lease {} ends by itself", lock.getName(), e);
        }
    }
}
