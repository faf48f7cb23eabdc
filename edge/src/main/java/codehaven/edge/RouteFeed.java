package codehaven.edge;

import codehaven.model.Host;
import codehaven.model.Site;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the table of routes true: starts from the last good one on disk, looks for changes when nudged and each second,
 * and reads everything now and then, because only that shows what was deleted.
 */
final class RouteFeed implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(RouteFeed.class);
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration READ_ALL = Duration.ofSeconds(15);
    /** Unknown hosts looked up at once; what exceeds it waits for the next look at all changes. */
    private static final int LOOKUPS = 8;

    private final RouteFile file;
    private final Backend backend;
    private final Consumer<RouteTable> changed;
    private final Consumer<RouteTable> shown;
    private final BlockingQueue<Boolean> nudges = new ArrayBlockingQueue<>(1);
    private final Semaphore lookups = new Semaphore(LOOKUPS);
    private final Cache<String, Boolean> unknown =
            Caffeine.newBuilder().maximumSize(10_000).expireAfterWrite(LOOK).build();
    private final Thread thread;

    private volatile boolean closed;
    private volatile RouteTable table = RouteTable.EMPTY;
    /** Whether any table was ever had: before that, "unknown" would be a guess. */
    private volatile boolean informed;

    private volatile boolean reachable;
    private volatile @Nullable Instant readAt;

    // Of the feed's thread alone.
    private long through;
    private long nextReadAll = System.nanoTime();
    private boolean emptyOnce;
    private @Nullable RouteTable kept;
    private @Nullable AutoCloseable listening;

    /** What single lookups found since the last read of everything began. */
    private List<Site> found = new ArrayList<>();

    /**
     * @param changed told every new table before anybody can see it
     * @param shown told every new table when all can see it
     */
    RouteFeed(RouteFile file, Backend backend, Consumer<RouteTable> changed, Consumer<RouteTable> shown) {
        this.shown = shown;
        this.file = file;
        this.backend = backend;
        this.changed = changed;
        this.thread = Thread.ofPlatform().name("edge-routes").daemon().unstarted(this::run);
    }

    /** Takes the routes from disk. */
    void load() {
        file.read().ifPresent(last -> {
            kept = last;
            informed = true;
            replace(last);
            LOG.info("{} routes from disk", last.size());
        });
    }

    void start() {
        thread.start();
    }

    RouteTable table() {
        return table;
    }

    boolean reachable() {
        return reachable;
    }

    @Nullable
    Instant readAt() {
        return readAt;
    }

    /** Look now rather than in a second. */
    void nudge() {
        nudges.offer(true);
    }

    /**
     * Asks for a host that the table lacks: a site is there from the moment it was published. Blocks.
     *
     * @throws Away if nobody can be asked, so that its absence would be a guess
     */
    Optional<Route> lookUp(String host) throws Away {
        var known = table.find(host);
        if (known != null) {
            return Optional.of(known);
        }
        var source = backend.now();
        if (unknown.getIfPresent(host) != null) {
            return Optional.empty();
        }
        if (source == null || !reachable) {
            throw new Away("the state does not answer", null);
        }
        if (!lookups.tryAcquire()) {
            throw new Away("more hosts are looked up than can be at once", null);
        }
        try {
            var site = source.find().apply(new Host(host));
            if (site.isEmpty()) {
                unknown.put(host, true);
            }
            site.ifPresent(it -> add(List.of(it)));
            return site.map(Route::of);
        } catch (RuntimeException e) {
            throw new Away("it cannot be looked up: " + e, e);
        } finally {
            lookups.release();
        }
    }

    private void run() {
        while (!closed) {
            try {
                var source = backend.now();
                if (source != null) {
                    look(source);
                    keep();
                }
                nudges.poll(LOOK.toMillis(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void look(Source source) {
        try {
            if (listening == null) {
                listening = source.listen().apply(this::nudge);
            }
            if (System.nanoTime() - nextReadAll >= 0) {
                nextReadAll = System.nanoTime() + READ_ALL.toNanos();
                readAll(source);
            } else {
                var changes = source.changedSince().apply(through);
                through = Math.max(through, changes.through());
                add(changes.sites());
            }
            readAt = Instant.now();
            if (!reachable) {
                LOG.info("the routes are read from the state: {} of them", table.size());
            }
            reachable = true;
        } catch (RuntimeException e) {
            if (reachable) {
                LOG.warn(
                        "serving the last {} routes, because the state does not answer: {}",
                        table.size(),
                        e.toString());
            }
            reachable = false;
            nextReadAll = System.nanoTime();
        }
    }

    /** The only way to learn what was deleted. What single lookups find meanwhile may be newer, and stays. */
    private void readAll(Source source) {
        synchronized (this) {
            found = new ArrayList<>();
        }
        var all = source.changedSince().apply(0);
        if (all.sites().isEmpty() && table.size() > 0 && !emptyOnce) {
            LOG.warn("the state knows none of the {} sites: asking once more before believing it", table.size());
            emptyOnce = true;
            nextReadAll = System.nanoTime();
            return;
        }
        emptyOnce = false;
        through = all.through();
        synchronized (this) {
            replace(RouteTable.of(all.sites()).with(found));
        }
        informed = true;
    }

    private synchronized void add(List<Site> sites) {
        found.addAll(sites);
        replace(table.with(sites));
    }

    private synchronized void replace(RouteTable next) {
        if (next != table && !next.leadsLike(table)) {
            // First, so that whoever sees the table also sees what is still to be brought for it.
            changed.accept(next);
            table = next;
            shown.accept(next);
        }
    }

    private void keep() {
        var now = table;
        if (now == kept || !informed) {
            return;
        }
        try {
            file.write(now);
        } catch (IOException e) {
            LOG.error("cannot keep the routes on disk: {}", e.toString());
            return;
        }
        kept = now;
    }

    @Override
    public void close() {
        closed = true;
        nudge();
        try {
            // A file being written is written to its end; an answer from far away is not waited for.
            if (!thread.join(Duration.ofSeconds(1))) {
                thread.interrupt();
            }
            if (listening != null) {
                listening.close();
            }
        } catch (Exception e) {
            LOG.warn("the listening for routes did not end: {}", e.toString());
        }
    }
}
