package codehaven.api.apps;

import codehaven.api.apps.AppView.InstanceView;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.state.BackendUnavailable;
import codehaven.state.RuntimeLogs.Line;
import codehaven.state.State;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * Follows what an app prints and how it is, for as long as there is such an app. A nudge shortens the wait; without
 * nudges it looks each second. What is told is written before more is read, so that a slow reader slows down this and
 * nothing else.
 */
@Component
public final class RuntimeFollowing implements SmartLifecycle {

    /** Where it goes. Its methods block until the reader has taken enough. */
    public interface Sink {
        /** Lines in order, at most {@value #BATCH}. */
        void lines(List<RuntimeLine> lines) throws IOException;

        /** How the app is; told at first, and when it changed. */
        void app(AppView app) throws IOException;

        /** What was told so far is to arrive. */
        void flush() throws IOException;

        /** Nothing happened for a while; whoever is between is to know that we are still here. */
        void idle() throws IOException;
    }

    /** From here on no lines are read: the reader wants to know how the app is, and no more. */
    public static final long NO_LINES = -1;

    private static final int BATCH = 500;
    private static final long LOOK_MILLIS = 1_000;
    private static final long IDLE_NANOS = Duration.ofSeconds(10).toNanos();

    private final State state;
    private final Set<Semaphore> waiting = ConcurrentHashMap.newKeySet();
    private volatile boolean running;

    RuntimeFollowing(State state) {
        this.state = state;
    }

    /** Whether a reader who has read so far has everything there will be. */
    public boolean isExhausted(Deployment deployment, long after) {
        return deployment.status().isFinal()
                && state.apps().find(deployment.id()).isEmpty()
                && state.runtimeLogs().read(deployment.id(), after, 1).isEmpty();
    }

    /**
     * Returns when there is nothing more to tell, or when the server stops.
     *
     * @param after the number of the last line that the reader has, or {@link #NO_LINES}
     * @throws IOException when the reader is gone
     */
    public void follow(String id, long after, Sink sink) throws IOException {
        var nudged = new Semaphore(0);
        waiting.add(nudged);
        try (var _ = state.bus().onApps(nudged::release);
                var _ = state.bus().onRuntimeLog(id, nudged::release)) {
            var place = after;
            var told = Optional.<Sight>empty();
            var quietSince = System.nanoTime();
            while (running) {
                nudged.drainPermits();
                try {
                    var app = state.apps().find(id);
                    var now = app.map(found -> AppView.of(found, null));
                    var news = now.map(Sight::of);
                    var lines = place == NO_LINES
                            ? List.<Line>of()
                            : state.runtimeLogs().read(id, place, BATCH);
                    if (!lines.isEmpty()) {
                        sink.lines(lines.stream().map(RuntimeLine::of).toList());
                        place = lines.getLast().n();
                    }
                    if (now.isPresent() && !news.equals(told)) {
                        sink.app(now.get());
                    }
                    var changed = !lines.isEmpty() || !news.equals(told);
                    told = news;
                    if (changed) {
                        sink.flush();
                        quietSince = System.nanoTime();
                    }
                    if (lines.size() == BATCH) {
                        continue;
                    }
                    if (app.isEmpty() && hasEnded(id)) {
                        return;
                    }
                } catch (BackendUnavailable e) {
                    // It comes back, and the reader has lost nothing.
                }
                if (System.nanoTime() - quietSince > IDLE_NANOS) {
                    sink.idle();
                    quietSince = System.nanoTime();
                }
                var _ = nudged.tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            waiting.remove(nudged);
        }
    }

    /** Until a deployment has ended its app may still come. */
    private boolean hasEnded(String id) {
        return state.deployments()
                .find(id)
                .map(Deployment::status)
                .map(DeploymentStatus::isFinal)
                .orElse(true);
    }

    /** What of an app is worth telling: not when it was last used, which changes all the time. */
    private record Sight(AppState state, int replicas, List<InstanceView> instances) {
        static Sight of(AppView app) {
            return new Sight(app.state(), app.replicas(), app.instances());
        }
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
