package codehaven.edge;

import codehaven.state.Blobs;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The rest of the platform, as soon as it can be reached: tried in the background until it can. */
final class Backend implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Backend.class);

    /** So long nobody waits for a storage that has just failed. */
    private static final Duration GIVEN_UP = Duration.ofSeconds(2);

    private final Callable<Source> opening;
    private final Duration pause;
    private final Runnable opened;
    private final Thread thread;
    private final AtomicBoolean released = new AtomicBoolean();
    private volatile @Nullable Source source;
    private volatile boolean closed;
    private volatile long awayUntil = System.nanoTime();

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
                release();
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
     * The bytes of a blob in storage; blocks.
     *
     * @throws Away if it is not there, or storage does not answer, or did not a moment ago
     */
    InputStream open(BlobKey key) throws Away {
        var now = source;
        if (now == null) {
            throw new Away("the state was not reached yet", null);
        }
        if (System.nanoTime() - awayUntil < 0) {
            throw new Away("storage did not answer a moment ago", null);
        }
        try {
            return now.open().apply(key.inStorage());
        } catch (Blobs.NotThere e) {
            throw new Away(String.valueOf(e.getMessage()), e);
        } catch (RuntimeException e) {
            awayUntil = System.nanoTime() + GIVEN_UP.toNanos();
            throw new Away(String.valueOf(e.getMessage()), e);
        }
    }

    /** Closes what was opened, now or when it has been. */
    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        release();
    }

    private void release() {
        var opened = source;
        if (closed && opened != null && released.compareAndSet(false, true)) {
            try {
                opened.release().close();
            } catch (Exception e) {
                LOG.warn("the state did not close: {}", e.toString());
            }
        }
    }
}
