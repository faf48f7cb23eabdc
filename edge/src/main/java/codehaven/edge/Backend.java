package codehaven.edge;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The rest of the platform, as soon as it can be reached: tried in the background until it can. */
final class Backend implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Backend.class);

    private final Callable<Source> opening;
    private final Duration pause;
    private final Runnable opened;
    private final Thread thread;
    private volatile @Nullable Source source;

    /**
     * @param opened called once, when the source is there
     */
    Backend(Callable<Source> opening, Duration pause, Runnable opened) {
        this.opening = opening;
        this.pause = pause;
        this.opened = opened;
        this.thread = Thread.ofPlatform().name("edge-backend").daemon().unstarted(this::open);
    }

    void start() {
        thread.start();
    }

    private void open() {
        var said = "";
        while (!Thread.currentThread().isInterrupted()) {
            try {
                source = opening.call();
                if (!said.isEmpty()) {
                    LOG.info("the state can be reached now");
                }
                opened.run();
                return;
            } catch (InterruptedException e) {
                return;
            } catch (Exception e) {
                var reason = String.valueOf(e.getMessage());
                if (!reason.equals(said)) {
                    LOG.warn("serving what is on disk, because the state cannot be reached: {}", reason);
                    said = reason;
                }
            }
            try {
                Thread.sleep(pause);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** Null until it could be reached for the first time. */
    @Nullable
    Source now() {
        return source;
    }

    /**
     * @throws Away if it could not be reached yet
     */
    Source need() throws Away {
        var now = source;
        if (now == null) {
            throw new Away("the state was not reached yet", null);
        }
        return now;
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
