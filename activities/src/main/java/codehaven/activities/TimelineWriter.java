package codehaven.activities;

import codehaven.model.DeploymentEvent;
import codehaven.state.BackendUnavailable;
import codehaven.state.StatusBus;
import codehaven.state.Timeline;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the events of one attempt into the timeline: in order, in batches, once each, on one thread of its own. While
 * the database is away they wait; whoever adds them bounds how many.
 */
final class TimelineWriter implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(TimelineWriter.class);

    private static final int BATCH_EVENTS = 500;
    private static final int BATCH_CHARS = 64 * 1024;
    /** Long enough for a batch to fill, short enough to look live. */
    private static final Duration PAUSE = Duration.ofMillis(250);

    /** A fault that is not the database's absence is not waited for long. */
    private static final int REFUSALS = 5;

    private static final Duration FIRST_WAIT = Duration.ofMillis(250);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(2);

    private final String deployment;
    private final Timeline timeline;
    private final StatusBus bus;
    private final BooleanSupplier mayWrite;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<DeploymentEvent> waiting = new ArrayDeque<>();
    private long waitingChars;
    private boolean writing;
    private boolean hurry;
    private boolean closed;
    private boolean abandoned;

    /**
     * @param mayWrite asked before each batch; when it says no, the rest is dropped, because somebody else writes now
     */
    TimelineWriter(String deployment, Timeline timeline, StatusBus bus, BooleanSupplier mayWrite) {
        this.deployment = deployment;
        this.timeline = timeline;
        this.bus = bus;
        this.mayWrite = mayWrite;
        Thread.ofPlatform().daemon().name("timeline-" + deployment).start(this::write);
    }

    void add(DeploymentEvent event) {
        lock.lock();
        try {
            if (closed || abandoned) {
                return;
            }
            waiting.add(event);
            waitingChars += charsOf(event);
            if (waiting.size() == 1 || waiting.size() >= BATCH_EVENTS || waitingChars >= BATCH_CHARS) {
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until all that was added is written.
     *
     * @return false when that took longer than allowed
     */
    boolean flush(Duration atMost) {
        var left = atMost.toNanos();
        var interrupted = Thread.interrupted();
        lock.lock();
        try {
            hurry = true;
            changed.signalAll();
            while (!abandoned && (writing || !waiting.isEmpty())) {
                if (left <= 0) {
                    return false;
                }
                try {
                    left = changed.awaitNanos(left);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            return true;
        } finally {
            hurry = false;
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Drops what waits and all that comes. */
    void abandon() {
        lock.lock();
        try {
            abandoned = true;
            waiting.clear();
            waitingChars = 0;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    boolean abandoned() {
        lock.lock();
        try {
            return abandoned;
        } finally {
            lock.unlock();
        }
    }

    /** Takes no more; what waits is still written if the database answers. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void write() {
        try {
            for (var batch = next(); !batch.isEmpty(); batch = next()) {
                append(batch);
                lock.lock();
                try {
                    writing = false;
                    changed.signalAll();
                } finally {
                    lock.unlock();
                }
            }
        } catch (InterruptedException e) {
            LOGGER.warn("the timeline of {} was interrupted", deployment, e);
            abandon();
        }
    }

    /** Empty at the end. */
    private List<DeploymentEvent> next() throws InterruptedException {
        lock.lock();
        try {
            while (waiting.isEmpty()) {
                if (closed || abandoned) {
                    return List.of();
                }
                changed.await();
            }
            var left = PAUSE.toNanos();
            while (left > 0
                    && !hurry
                    && !closed
                    && !abandoned
                    && waiting.size() < BATCH_EVENTS
                    && waitingChars < BATCH_CHARS) {
                left = changed.awaitNanos(left);
            }
            if (abandoned) {
                return List.of();
            }
            var batch = new ArrayList<DeploymentEvent>();
            var chars = 0L;
            while (!waiting.isEmpty() && batch.size() < BATCH_EVENTS) {
                var more = charsOf(waiting.getFirst());
                if (!batch.isEmpty() && chars + more > BATCH_CHARS) {
                    break;
                }
                batch.add(waiting.removeFirst());
                chars += more;
            }
            waitingChars -= chars;
            writing = true;
            return batch;
        } finally {
            lock.unlock();
        }
    }

    /** What may have been written although no answer came is not written twice: the timeline sees to that. */
    private void append(List<DeploymentEvent> batch) throws InterruptedException {
        var wait = FIRST_WAIT;
        var refused = 0;
        while (!abandoned()) {
            try {
                if (!mayWrite.getAsBoolean()) {
                    abandon();
                    return;
                }
                timeline.append(deployment, batch);
                break;
            } catch (BackendUnavailable e) {
                LOGGER.debug("the timeline of {} waits for the database", deployment, e);
            } catch (RuntimeException e) {
                if (++refused == REFUSALS) {
                    LOGGER.error("{} events of {} cannot be stored and are lost", batch.size(), deployment, e);
                    return;
                }
            }
            Thread.sleep(wait);
            wait = wait.multipliedBy(2).compareTo(LONGEST_WAIT) < 0 ? wait.multipliedBy(2) : LONGEST_WAIT;
        }
        bus.nudge(deployment);
    }

    private static long charsOf(DeploymentEvent event) {
        return switch (event) {
            case DeploymentEvent.LogLine line -> line.text().length() + 64L;
            case DeploymentEvent.StatusChanged status -> 256;
            case DeploymentEvent.StepChanged step -> 128;
        };
    }
}
