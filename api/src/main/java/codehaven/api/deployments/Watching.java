package codehaven.api.deployments;

import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.state.BackendUnavailable;
import codehaven.state.Deployments.Filter;
import codehaven.state.State;
import codehaven.state.StatusBus;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * Watches all deployments at once, for lists: tells which one changed, when its status or a step did, not for each line
 * of its log. Looks when it is nudged, and every two seconds besides. While nobody watches, it does nothing.
 *
 * <p>The last changes are kept once for all readers, each of whom has a place among them: a reader that is slow or away
 * costs nothing, and who was away for too long is told that anything may have changed.
 */
@Component
public final class Watching implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(Watching.class);

    private static final int KEPT = 512;
    private static final int ACTIVE = 1_000;
    private static final int NEWEST = 20;
    private static final Duration LOOK = Duration.ofSeconds(2);

    /** For those that began and ended unheard of; it reads all there are. */
    private static final Duration LOOK_AT_NEWEST = Duration.ofSeconds(20);

    private static final Duration HEARTBEAT = Duration.ofSeconds(10);

    /** Of one deployment no more often than this: a person sees no more, and steps can be quick. */
    private static final Duration APART = Duration.ofMillis(250);

    /** Whoever opens a page joins a moment after it was made. */
    private static final Duration BEFORE = Duration.ofSeconds(5);

    /**
     * Something that changed.
     *
     * @param id its place, for {@link #follow}
     * @param deployment absent when it is not known which one: look at all
     */
    public record Change(
            String id,
            @Nullable String deployment,
            @Nullable String project,
            @Nullable DeploymentStatus status) {}

    /** Where changes go. Its methods block until the reader has taken enough. */
    public interface Reader {
        void changed(Change change) throws IOException;

        /** Nothing happened for a while; the reader is to know that we are still here. */
        void idle() throws IOException;
    }

    private record Kept(long place, long at, Change change) {}

    private final State state;

    /** Places of another process, or of this one before a restart, mean nothing here. */
    private final String me = HexFormat.of().toHexDigits(new SecureRandom().nextInt());

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Kept> kept = new ArrayDeque<>();
    private final Set<String> nudged = new HashSet<>();
    private long place;
    private int readers;
    private boolean moved;
    private volatile boolean running;
    private @Nullable Thread thread;
    private StatusBus.@Nullable Listening deployments;
    private StatusBus.@Nullable Listening routes;
    private StatusBus.@Nullable Listening apps;

    Watching(State state) {
        this.state = state;
    }

    /**
     * Tells what changes, until the server stops.
     *
     * @param last the id of the last change that the reader knows, if any
     * @throws IOException when the reader is gone
     */
    public void follow(@Nullable String last, Reader reader) throws IOException {
        join();
        try {
            var next = placeAfter(last);
            if (next < 0) {
                next = placeNow();
                reader.changed(new Change(me + "-" + next, null, null, null));
            }
            while (running) {
                var news = awaitAfter(next);
                if (news.isEmpty() && running) {
                    reader.idle();
                }
                for (var each : news) {
                    if (each.place() != next + 1) {
                        // Some went by meanwhile.
                        reader.changed(new Change(me + "-" + (each.place() - 1), null, null, null));
                    }
                    reader.changed(each.change());
                    next = each.place();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            leave();
        }
    }

    private void join() {
        lock.lock();
        try {
            if (readers++ == 0) {
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void leave() {
        lock.lock();
        try {
            readers--;
        } finally {
            lock.unlock();
        }
    }

    /** Where to go on; -1 if what came after it is not known here. */
    private long placeAfter(@Nullable String last) {
        lock.lock();
        try {
            if (last == null) {
                var from = System.nanoTime() - BEFORE.toNanos();
                return kept.stream()
                        .filter(each -> each.at() - from > 0)
                        .findFirst()
                        .map(each -> each.place() - 1)
                        .orElse(place);
            }
            if (!last.matches(me + "-\\d{1,18}")) {
                return -1;
            }
            var known = Long.parseLong(last.substring(me.length() + 1));
            var oldest = kept.isEmpty() ? place : kept.getFirst().place() - 1;
            return known >= oldest && known <= place ? known : -1;
        } finally {
            lock.unlock();
        }
    }

    private long placeNow() {
        lock.lock();
        try {
            return place;
        } finally {
            lock.unlock();
        }
    }

    private List<Kept> awaitAfter(long known) throws InterruptedException {
        lock.lock();
        try {
            var left = HEARTBEAT.toNanos();
            while (running && place == known && left > 0) {
                left = changed.awaitNanos(left);
            }
            return kept.stream().filter(each -> each.place() > known).toList();
        } finally {
            lock.unlock();
        }
    }

    // --- looking ---

    /** What of a deployment a list shows and that can change. */
    private record Sight(Deployment deployment) {
        boolean isSame(@Nullable Sight other) {
            if (other == null) {
                return false;
            }
            var before = other.deployment;
            return before.status() == deployment.status()
                    && before.steps().equals(deployment.steps())
                    && Objects.equals(before.commit(), deployment.commit())
                    && Objects.equals(before.finishedAt(), deployment.finishedAt());
        }
    }

    /** One thread looks for all readers. */
    private void run() {
        var sights = new HashMap<String, Sight>();
        var looked = new HashMap<String, Long>();
        var all = 0L;
        var newest = 0L;
        var alone = true;
        while (running) {
            try {
                var due = awaitWork(looked, all, alone);
                if (due.isIdle()) {
                    sights.clear();
                    looked.clear();
                    alone = true;
                    continue;
                }
                if (due.moved()) {
                    tell(null);
                }
                for (var id : due.ids()) {
                    looked.put(id, System.nanoTime());
                    state.deployments().find(id).ifPresent(found -> see(found, sights, true));
                }
                if (alone || System.nanoTime() - all >= LOOK.toNanos()) {
                    // The first look only learns what there is, and tells what a page made just before may not show.
                    var since = alone ? Instant.now().minus(BEFORE) : Instant.MIN;
                    var newestToo = alone || System.nanoTime() - newest >= LOOK_AT_NEWEST.toNanos();
                    lookAtAll(sights, since, newestToo);
                    newest = newestToo ? System.nanoTime() : newest;
                    looked.keySet().retainAll(sights.keySet());
                    all = System.nanoTime();
                    alone = false;
                }
            } catch (BackendUnavailable e) {
                log.debug("The database is away; looking again", e);
                all = System.nanoTime();
            } catch (RuntimeException e) {
                log.error("Watching deployments failed; it goes on", e);
                all = System.nanoTime();
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private record Due(boolean isIdle, boolean moved, List<String> ids) {}

    /** Returns when a nudged deployment may be looked at again, or when all are to be looked at. */
    private Due awaitWork(Map<String, Long> looked, long all, boolean alone) throws InterruptedException {
        lock.lock();
        try {
            while (running) {
                if (readers == 0) {
                    nudged.clear();
                    moved = false;
                    if (!alone) {
                        return new Due(true, false, List.of());
                    }
                    changed.await();
                    continue;
                }
                if (alone) {
                    return new Due(false, false, List.of());
                }
                var now = System.nanoTime();
                var due = new ArrayList<String>();
                var wait = Math.max(0, all + LOOK.toNanos() - now);
                for (var each : nudged) {
                    var last = looked.get(each);
                    var left = last == null ? 0 : last + APART.toNanos() - now;
                    if (left <= 0) {
                        due.add(each);
                    } else {
                        wait = Math.min(wait, left);
                    }
                }
                if (!due.isEmpty() || moved || wait == 0) {
                    due.forEach(nudged::remove);
                    var sites = moved;
                    moved = false;
                    return new Due(false, sites, due);
                }
                var _ = changed.awaitNanos(wait);
            }
            return new Due(true, false, List.of());
        } finally {
            lock.unlock();
        }
    }

    private void lookAtAll(Map<String, Sight> sights, Instant since, boolean newestToo) {
        var unfinished = new HashSet<String>();
        sights.forEach((id, sight) -> {
            if (!sight.deployment().status().isFinal()) {
                unfinished.add(id);
            }
        });
        for (var each : state.deployments().active(ACTIVE)) {
            unfinished.remove(each.id());
            see(each, sights, isAfter(each, since));
        }
        for (var id : unfinished) {
            state.deployments().find(id).ifPresentOrElse(each -> see(each, sights, true), () -> sights.remove(id));
        }
        if (newestToo) {
            var newest = new HashSet<String>();
            for (var each : state.deployments().list(Filter.ANY, null, NEWEST)) {
                newest.add(each.id());
                see(each, sights, isAfter(each, since));
            }
            sights.entrySet()
                    .removeIf(
                            each -> each.getValue().deployment().status().isFinal() && !newest.contains(each.getKey()));
        }
    }

    private static boolean isAfter(Deployment deployment, Instant since) {
        return Stream.concat(
                                Stream.ofNullable(deployment.finishedAt()),
                                deployment.steps().stream()
                                        .flatMap(step -> Stream.concat(
                                                Stream.ofNullable(step.startedAt()),
                                                Stream.ofNullable(step.endedAt()))))
                        .anyMatch(at -> at.isAfter(since))
                || deployment.createdAt().isAfter(since);
    }

    private void see(Deployment found, Map<String, Sight> sights, boolean tell) {
        var sight = new Sight(found);
        if (!sight.isSame(sights.put(found.id(), sight)) && tell) {
            tell(found);
        }
    }

    private void tell(@Nullable Deployment deployment) {
        lock.lock();
        try {
            place++;
            var id = me + "-" + place;
            kept.addLast(new Kept(
                    place,
                    System.nanoTime(),
                    deployment == null
                            ? new Change(id, null, null, null)
                            : new Change(
                                    id, deployment.id(), deployment.project().text(), deployment.status())));
            if (kept.size() > KEPT) {
                kept.removeFirst();
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void nudge(@Nullable String deployment) {
        lock.lock();
        try {
            if (readers == 0) {
                return;
            }
            if (deployment == null) {
                moved = true;
                changed.signalAll();
            } else if (nudged.add(deployment)) {
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void start() {
        running = true;
        deployments = state.bus().onAnyDeployment(this::nudge);
        routes = state.bus().onRoutes(() -> nudge(null));
        apps = state.bus().onApps(() -> nudge(null));
        thread = Thread.ofPlatform().daemon().name("watching").start(this::run);
    }

    /** Before the web server waits for requests that last. */
    @Override
    public void stop() {
        running = false;
        if (deployments != null) {
            deployments.close();
        }
        if (routes != null) {
            routes.close();
        }
        if (apps != null) {
            apps.close();
        }
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        var looking = thread;
        if (looking != null) {
            try {
                looking.join(LOOK);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public boolean isRunning() {
        return running;
    }
}
