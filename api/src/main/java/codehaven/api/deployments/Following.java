package codehaven.api.deployments;

import codehaven.model.Deployment;
import codehaven.model.DeploymentEvent.Placed;
import codehaven.model.DeploymentEvent.StatusChanged;
import codehaven.state.BackendUnavailable;
import codehaven.state.State;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * Follows a deployment's timeline from a place on, until the deployment has ended and all of it was told. A nudge
 * shortens the wait; without nudges it looks each second. What is told is written before more is read, so that a slow
 * reader slows down this and nothing else.
 */
@Component
public final class Following implements SmartLifecycle {

    /** Where events go. Its methods block until the reader has taken enough. */
    public interface Sink {
        void event(Placed event) throws IOException;

        /** What was told so far is to arrive. */
        void flush() throws IOException;

        /** Nothing happened for a while; whoever is between is to know that we are still here. */
        void idle() throws IOException;
    }

    private static final int BATCH = 500;
    private static final long LOOK_MILLIS = 1_000;
    private static final long IDLE_NANOS = Duration.ofSeconds(10).toNanos();

    /** The final status is in the record a moment before it is in the timeline. */
    private static final Duration TOLD = Duration.ofSeconds(5);

    private final State state;
    private final Set<Semaphore> waiting = ConcurrentHashMap.newKeySet();
    private volatile boolean running;

    Following(State state) {
        this.state = state;
    }

    /** Whether a reader who has read so far has everything there will be. */
    public boolean isExhausted(Deployment deployment, long after) {
        return hasEnded(deployment, false)
                && state.timeline().read(deployment.id(), after, 1).isEmpty();
    }

    /**
     * Returns when there is nothing more to tell, when the deployment is gone, or when the server stops.
     *
     * @param stop checked at least each second
     * @throws IOException when the reader is gone
     */
    public void follow(String id, long after, Sink sink, BooleanSupplier stop) throws IOException {
        var nudged = new Semaphore(0);
        waiting.add(nudged);
        try (var _ = state.bus().onDeployment(id, nudged::release)) {
            var place = after;
            var finalTold = false;
            var quietSince = System.nanoTime();
            while (running && !stop.getAsBoolean()) {
                nudged.drainPermits();
                try {
                    var deployment = state.deployments().find(id);
                    if (deployment.isEmpty()) {
                        return;
                    }
                    var batch = state.timeline().read(id, place, BATCH);
                    for (var each : batch) {
                        sink.event(each);
                        place = each.position();
                        if (each.event() instanceof StatusChanged changed) {
                            finalTold = changed.status().isFinal();
                        }
                    }
                    if (!batch.isEmpty()) {
                        sink.flush();
                        quietSince = System.nanoTime();
                        continue;
                    }
                    if (hasEnded(deployment.get(), finalTold)) {
                        return;
                    }
                } catch (BackendUnavailable e) {
                    // It comes back, and the reader has lost nothing.
                }
                if (System.nanoTime() - quietSince > IDLE_NANOS) {
                    sink.idle();
                    quietSince = System.nanoTime();
                }
                nudged.tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            waiting.remove(nudged);
        }
    }

    private static boolean hasEnded(Deployment deployment, boolean finalTold) {
        var finished = deployment.finishedAt();
        return deployment.status().isFinal()
                && (finalTold || finished == null || finished.plus(TOLD).isBefore(Instant.now()));
    }

    @Override
    public void start() {
        running = true;
    }

    /** Before the web server waits for requests that last. */
    @Override
    public void stop() {
        running = false;
        waiting.forEach(Semaphore::release);
    }

    @Override
    public boolean isRunning() {
        return running;
    }
}
