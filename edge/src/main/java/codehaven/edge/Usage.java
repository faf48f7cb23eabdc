package codehaven.edge;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the rest of the platform now and then which apps are used, so that these do not fall asleep. */
final class Usage implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Usage.class);

    private final Backend backend;
    private final Duration every;
    private final ConcurrentHashMap<String, Use> uses = new ConcurrentHashMap<>();
    private final Sparingly complaints = new Sparingly(Duration.ofSeconds(30));
    private final Thread thread;

    /** Of one deployment: what is open now, and whether anything was since the last report. */
    private static final class Use {
        private final AtomicInteger open = new AtomicInteger();
        private volatile boolean since;
    }

    Usage(Backend backend, Duration every) {
        this.backend = backend;
        this.every = every;
        this.thread = Thread.ofVirtual().name("edge-usage").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    void begin(String deployment) {
        uses.compute(deployment, (_, known) -> {
            var use = known == null ? new Use() : known;
            use.open.incrementAndGet();
            return use;
        });
    }

    /** After {@link #begin}, once. */
    void end(String deployment) {
        var use = uses.get(deployment);
        if (use != null) {
            // In this order: whoever reports in between reports it as open, or as since.
            use.since = true;
            use.open.decrementAndGet();
        }
    }

    private void run() {
        try {
            while (true) {
                Thread.sleep(every);
                uses.keySet().forEach(this::report);
            }
        } catch (InterruptedException e) {
            LOG.debug("ended");
        }
    }

    private void report(String deployment) {
        var source = backend.now();
        var used = new boolean[1];
        uses.computeIfPresent(deployment, (_, use) -> {
            used[0] = use.since || use.open.get() > 0;
            use.since = false;
            return use.open.get() > 0 ? use : null;
        });
        if (!used[0] || source == null) {
            return;
        }
        try {
            source.used().accept(deployment, Instant.now());
        } catch (RuntimeException e) {
            complaints.run(() -> LOG.warn("cannot say that the app of {} is used: {}", deployment, e.toString()));
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
