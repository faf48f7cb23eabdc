package codehaven.edge;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.netty.channel.EventLoopGroup;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Requests that wait for their app: because it sleeps, or because none of its addresses takes a connection. It is woken
 * once, however many wait.
 */
final class Waiting {

    private static final Logger LOG = LoggerFactory.getLogger(Waiting.class);

    /** Requests per deployment; more would only pile up in front of an app that just starts. */
    static final int MOST = 1_000;
    /** Where some wait all the time, whoever comes so much later wakes it again: it may have fallen asleep since. */
    private static final Duration AWAKE = Duration.ofSeconds(10);

    private static final Duration WAKE_AGAIN = Duration.ofSeconds(1);

    private final Backend backend;
    private final EventLoopGroup loops;
    private final Duration probe;
    private final Map<String, Group> groups = new HashMap<>();
    /** Of which a moment ago it was said that they are not to run: their visitors need not ask the database each. */
    private final Cache<String, Boolean> stopped = Caffeine.newBuilder()
            .maximumSize(10_000)
            .expireAfterWrite(Duration.ofSeconds(1))
            .build();

    private final Sparingly complaints = new Sparingly(Duration.ofSeconds(5));

    /** A request that waits. All may be called on any thread, and when it waits no more. */
    interface Held {

        /** The app may take connections again: try it. */
        void tryAgain();

        /** There are new routes. */
        void lookAgain();

        /** The app is not to run. */
        void isStopped();
    }

    enum Outcome {
        HELD,
        /** The app is not to run. */
        STOPPED,
        TOO_MANY
    }

    /** Those of one deployment. */
    private static final class Group {
        private final Set<Held> asleep = new LinkedHashSet<>();
        /** In the order in which they try to connect. */
        private final Set<Held> refused = new LinkedHashSet<>();

        private long wokenAt;
        private boolean woken;
        private boolean waking;
        private boolean probing;

        private int size() {
            return asleep.size() + refused.size();
        }

        private boolean has(Held held) {
            return asleep.contains(held) || refused.contains(held);
        }

        private List<Held> all() {
            var all = new ArrayList<>(asleep);
            all.addAll(refused);
            return all;
        }
    }

    Waiting(Backend backend, EventLoopGroup loops, Duration probe) {
        this.backend = backend;
        this.loops = loops;
        this.probe = probe;
    }

    /**
     * Has the request wait until it {@link #leave leaves}, and wakes the app. One that waits already goes on to.
     *
     * @param refused whether it has addresses, of which none takes a connection
     */
    Outcome hold(String deployment, Held held, boolean refused) {
        if (stopped.getIfPresent(deployment) != null) {
            return Outcome.STOPPED;
        }
        var wake = false;
        synchronized (groups) {
            var group = groups.computeIfAbsent(deployment, _ -> new Group());
            if (group.size() >= MOST && !group.has(held)) {
                return Outcome.TOO_MANY;
            }
            (refused ? group.asleep : group.refused).remove(held);
            (refused ? group.refused : group.asleep).add(held);
            if (refused && !group.probing) {
                group.probing = true;
                probeLater(deployment, group);
            }
            var due = !group.woken || System.nanoTime() - group.wokenAt > AWAKE.toNanos();
            if (due && !group.waking) {
                group.waking = true;
                wake = true;
            }
        }
        if (wake) {
            Thread.ofVirtual().name("edge-wake").start(() -> wake(deployment));
        }
        return Outcome.HELD;
    }

    void leave(String deployment, Held held) {
        synchronized (groups) {
            var group = groups.get(deployment);
            if (group != null) {
                group.asleep.remove(held);
                group.refused.remove(held);
                if (group.size() == 0 && !group.waking && !group.probing) {
                    groups.remove(deployment);
                }
            }
        }
    }

    /** The routes have changed. */
    void lookAgain() {
        List<Held> all = new ArrayList<>();
        synchronized (groups) {
            groups.values().forEach(group -> all.addAll(group.all()));
        }
        all.forEach(Held::lookAgain);
    }

    /** The app takes connections again. */
    void healed(String deployment) {
        List<Held> all;
        synchronized (groups) {
            var group = groups.get(deployment);
            all = group == null ? List.of() : new ArrayList<>(group.refused);
        }
        all.forEach(Held::tryAgain);
    }

    /** One at a time tries to connect, so that those who wait do not become a flood. */
    private void probeLater(String deployment, Group group) {
        try {
            var _ = loops.next().schedule(() -> probe(deployment, group), probe.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("the edge ends while requests wait");
        }
    }

    private void probe(String deployment, Group group) {
        Held first = null;
        synchronized (groups) {
            if (group.size() == 0) {
                group.probing = false;
                if (!group.waking) {
                    groups.remove(deployment, group);
                }
                return;
            }
            var those = group.refused.iterator();
            if (those.hasNext()) {
                first = those.next();
                those.remove();
                group.refused.add(first);
            }
        }
        if (first != null) {
            first.tryAgain();
        }
        probeLater(deployment, group);
    }

    /** On a thread that may wait. */
    private void wake(String deployment) {
        while (true) {
            var runs = tryToWake(deployment);
            List<Held> told = List.of();
            if (Boolean.FALSE.equals(runs)) {
                stopped.put(deployment, true);
            }
            synchronized (groups) {
                var group = groups.get(deployment);
                if (group == null) {
                    return;
                }
                if (runs != null || group.size() == 0) {
                    group.waking = false;
                    group.woken = Boolean.TRUE.equals(runs);
                    group.wokenAt = System.nanoTime();
                    if (Boolean.FALSE.equals(runs)) {
                        told = group.all();
                    }
                    if (group.size() == 0 && !group.probing) {
                        groups.remove(deployment);
                    }
                    runs = runs == null ? Boolean.TRUE : runs;
                }
            }
            told.forEach(Held::isStopped);
            if (runs != null) {
                return;
            }
            try {
                Thread.sleep(WAKE_AGAIN);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** Null if nobody answers. */
    private @Nullable Boolean tryToWake(String deployment) {
        var source = backend.now();
        if (source == null) {
            return null;
        }
        try {
            return source.wake().test(deployment, Instant.now());
        } catch (RuntimeException e) {
            complaints.run(() -> LOG.warn("cannot wake the app of {} yet: {}", deployment, e.toString()));
            return null;
        }
    }
}
