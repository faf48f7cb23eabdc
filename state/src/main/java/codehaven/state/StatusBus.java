package codehaven.state;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.redisson.api.RTopic;
import org.redisson.api.RedissonClient;
import org.redisson.api.listener.StatusListener;
import org.redisson.client.codec.StringCodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Nudges between processes: "look again". Losing one costs a short delay, so every listener polls as well, and no
 * method here blocks or throws because Redis is away. Listeners of the same process are nudged without Redis.
 */
public final class StatusBus implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(StatusBus.class);
    private static final String TOPIC = "codehaven:nudges";
    private static final String ROUTES = "routes";
    private static final String APPS = "apps";
    private static final String RUNTIME_LOG = "runtime/";
    private static final String DEPLOYMENT = "deployment/";
    private static final Duration BETWEEN_COMPLAINTS = Duration.ofMinutes(1);

    /** Ends a listening; may be called twice. */
    public interface Listening extends AutoCloseable {
        @Override
        void close();
    }

    /** Runs its look one at a time: however many nudges arrive while it runs, it runs once more. */
    private final class Listener {
        private final Runnable look;
        private final AtomicBoolean wanted = new AtomicBoolean();
        private final AtomicBoolean running = new AtomicBoolean();
        private volatile boolean closed;

        Listener(Runnable look) {
            this.look = look;
        }

        void nudge() {
            wanted.set(true);
            try {
                looks.execute(this::run);
            } catch (RejectedExecutionException e) {
                log.debug("A nudge came after the bus was closed", e);
            }
        }

        private void run() {
            while (wanted.get() && running.compareAndSet(false, true)) {
                try {
                    wanted.set(false);
                    if (!closed) {
                        look.run();
                    }
                } catch (RuntimeException e) {
                    if (looks.isShutdown()) {
                        log.debug("A listener to nudges ended with the bus", e);
                        return;
                    }
                    log.warn("A listener to nudges failed; it goes on with the next one", e);
                } finally {
                    running.set(false);
                }
            }
        }
    }

    /** Looks at one deployment after the other: however many nudges of one arrive meanwhile, it is looked at once more. */
    private final class AnyListener {
        private final Consumer<String> look;
        private final Set<String> wanted = ConcurrentHashMap.newKeySet();
        private final Listener turns = new Listener(this::run);

        AnyListener(Consumer<String> look) {
            this.look = look;
        }

        void nudge(String deployment) {
            wanted.add(deployment);
            turns.nudge();
        }

        private void run() {
            for (var each : List.copyOf(wanted)) {
                wanted.remove(each);
                try {
                    if (!turns.closed) {
                        look.accept(each);
                    }
                } catch (RuntimeException e) {
                    if (looks.isShutdown()) {
                        throw e;
                    }
                    log.warn("A listener to all nudges failed at {}; it goes on with the next one", each, e);
                }
            }
        }
    }

    /** Tells this process's own messages, which need not come back, from those of others. */
    private final String me = UUID.randomUUID().toString();

    private final RTopic topic;
    private final ConcurrentHashMap<String, Set<Listener>> listeners = new ConcurrentHashMap<>();
    private final Set<AnyListener> anyListeners = ConcurrentHashMap.newKeySet();
    private final ExecutorService looks = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("nudge-", 0).factory());
    private final AtomicLong complained = new AtomicLong(System.nanoTime() - BETWEEN_COMPLAINTS.toNanos());

    StatusBus(RedissonClient redis) {
        topic = redis.getTopic(TOPIC, StringCodec.INSTANCE);
        complainOf(topic.addListenerAsync(String.class, (_, message) -> heard(message))
                .toCompletableFuture()
                .thenRun(this::lookAtAll));
        complainOf(topic.addListenerAsync(new StatusListener() {
                    @Override
                    public void onSubscribe(String channel) {
                        lookAtAll();
                    }

                    @Override
                    public void onUnsubscribe(String channel) {}
                })
                .toCompletableFuture());
    }

    /** The deployment's timeline has grown. */
    public void nudge(String deployment) {
        tell(DEPLOYMENT + deployment);
    }

    /** Some host points elsewhere. */
    public void nudgeRoutes() {
        tell(ROUTES);
    }

    /** Some app is wanted otherwise, or is otherwise than before. */
    public void nudgeApps() {
        tell(APPS);
    }

    /** The deployment's app has printed something. */
    public void nudgeRuntimeLog(String deployment) {
        tell(RUNTIME_LOG + deployment);
    }

    /** @param look called on a thread of its own, never twice at once */
    public Listening onDeployment(String deployment, Runnable look) {
        return listen(DEPLOYMENT + deployment, look);
    }

    /**
     * Hears of all deployments.
     *
     * @param look takes the id of one whose timeline has grown; called on a thread of its own, never twice at once
     */
    public Listening onAnyDeployment(Consumer<String> look) {
        var listener = new AnyListener(look);
        anyListeners.add(listener);
        return () -> {
            listener.turns.closed = true;
            anyListeners.remove(listener);
        };
    }

    /** @param look called on a thread of its own, never twice at once */
    public Listening onRoutes(Runnable look) {
        return listen(ROUTES, look);
    }

    /** @param look called on a thread of its own, never twice at once */
    public Listening onApps(Runnable look) {
        return listen(APPS, look);
    }

    /** @param look called on a thread of its own, never twice at once */
    public Listening onRuntimeLog(String deployment, Runnable look) {
        return listen(RUNTIME_LOG + deployment, look);
    }

    private Listening listen(String subject, Runnable look) {
        var listener = new Listener(look);
        listeners.compute(subject, (_, those) -> {
            var all = those == null ? ConcurrentHashMap.<Listener>newKeySet() : those;
            all.add(listener);
            return all;
        });
        return () -> {
            listener.closed = true;
            listeners.computeIfPresent(subject, (_, those) -> {
                those.remove(listener);
                return those.isEmpty() ? null : those;
            });
        };
    }

    private void tell(String subject) {
        dispatch(subject);
        try {
            complainOf(topic.publishAsync(me + " " + subject).toCompletableFuture());
        } catch (RuntimeException e) {
            complain(e);
        }
    }

    /** What was said before this process was connected, or while it was cut off, was not heard here. */
    private void lookAtAll() {
        listeners.values().forEach(each -> each.forEach(Listener::nudge));
    }

    private void heard(String message) {
        var space = message.indexOf(' ');
        if (space > 0 && !message.substring(0, space).equals(me)) {
            dispatch(message.substring(space + 1));
        }
    }

    private void dispatch(String subject) {
        listeners.getOrDefault(subject, Set.of()).forEach(Listener::nudge);
        if (subject.startsWith(DEPLOYMENT)) {
            anyListeners.forEach(each -> each.nudge(subject.substring(DEPLOYMENT.length())));
        }
    }

    private void complainOf(java.util.concurrent.CompletableFuture<?> sent) {
        var _ = sent.whenComplete((_, problem) -> {
            if (problem != null) {
                complain(problem);
            }
        });
    }

    private void complain(Throwable problem) {
        var last = complained.get();
        var now = System.nanoTime();
        if (now - last >= BETWEEN_COMPLAINTS.toNanos() && complained.compareAndSet(last, now)) {
            log.warn(
                    "Redis (CODEHAVEN_REDIS) is away: {}. Deployments and sites go on; what others see of them"
                            + " comes by polling, some seconds later.",
                    problem.getMessage());
        }
    }

    @Override
    public void close() {
        looks.shutdownNow();
    }
}
