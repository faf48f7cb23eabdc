package codehaven.activities.running;

import codehaven.activities.Masks;
import codehaven.activities.OutputLines;
import codehaven.activities.building.EngineStream;
import codehaven.state.BackendUnavailable;
import codehaven.state.RuntimeLogs;
import codehaven.state.State;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.StreamType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps what one container prints, on a thread of its own: from the line after the last one that is kept, across
 * restarts of the container, the engine and this program. While the database is away the engine keeps the output.
 */
final class RuntimeFeed implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(RuntimeFeed.class);

    private static final Duration BATCH_WITHIN = Duration.ofMillis(250);
    private static final int BATCH = 200;
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(5);
    private static final Duration AFTER_A_FAULT = Duration.ofSeconds(1);

    /** So many lines wait at most; whoever brings more waits too. */
    private static final int MOST_WAITING = 2_000;

    /** What one container may print on and on; a start or a stack trace may be a burst of more. */
    static final int LINES_PER_SECOND = 500;

    private static final int BURST_LINES = 4_000;
    private static final int BYTES_PER_SECOND = 512 * 1024;
    private static final int BURST_BYTES = 4 * 1024 * 1024;

    private static final int TIMESTAMP = 30;

    private final AppEngine engine;
    private final State state;
    private final String deployment;
    private final int instance;
    private final String container;
    private final OutputLines out;
    private final OutputLines err;
    private final Thread thread;
    private final Semaphore pokes = new Semaphore(0);

    /** Guarded by this. */
    private List<RuntimeLogs.Line> waiting = new ArrayList<>();

    // Of whoever reads.
    private Instant position = Instant.EPOCH;
    private long atPosition;
    private Instant lineAt = Instant.EPOCH;
    private double lineTokens = BURST_LINES;
    private double byteTokens = BURST_BYTES;
    private Instant refilledAt = Instant.EPOCH;
    private boolean limiting;
    private long leftOut;

    private volatile boolean closed;
    private volatile boolean finishing;

    RuntimeFeed(AppEngine engine, State state, String deployment, int instance, String container, Masks masks) {
        this.engine = engine;
        this.state = state;
        this.deployment = deployment;
        this.instance = instance;
        this.container = container;
        out = new OutputLines(masks, text -> keep("stdout", text));
        err = new OutputLines(masks, text -> keep("stderr", text));
        thread = Thread.ofPlatform()
                .daemon()
                .name("output of " + deployment + "-" + instance)
                .start(this::run);
    }

    /** The container was started: there is more to read. */
    void poke() {
        pokes.release();
    }

    /** Reads what is there to its end, for a container that has ended, and stops. */
    void finish(Duration atMost) {
        finishing = true;
        pokes.release();
        try {
            if (!thread.join(atMost)) {
                LOGGER.debug("the last output of {} is not read yet", container);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        close();
    }

    private void run() {
        try {
            while (!closed && !findPosition()) {
                Thread.sleep(AFTER_A_FAULT);
            }
            while (!closed) {
                var last = finishing;
                var read = read(!last);
                flush();
                store();
                if (last && read) {
                    return;
                }
                if (!finishing
                        && pokes.tryAcquire((read ? LOOK_AGAIN : AFTER_A_FAULT).toMillis(), TimeUnit.MILLISECONDS)) {
                    pokes.drainPermits();
                }
            }
        } catch (InterruptedException e) {
            // Closed.
            return;
        } catch (RuntimeException e) {
            if (!closed) {
                LOGGER.warn("the output of {} is no longer kept", container, e);
            }
        }
    }

    private synchronized void flush() {
        out.flush();
        err.flush();
        tellLeftOut();
    }

    /** After the last line that is kept. Several may be of the same millisecond. */
    private boolean findPosition() {
        try {
            var last = state.runtimeLogs().lastAt(deployment, instance);
            if (last != null) {
                position = last;
                atPosition = state.runtimeLogs().tail(deployment, BURST_LINES).stream()
                        .filter(each -> each.instance() == instance
                                && !each.stream().equals("system")
                                && each.at().equals(last))
                        .count();
            }
            return true;
        } catch (BackendUnavailable e) {
            return false;
        }
    }

    /** @return whether it was read to its end, as far as there is one */
    private boolean read(boolean follow) throws InterruptedException {
        var reading = new Reading(position, atPosition);
        try (reading) {
            engine.output(container, position, follow, reading);
            while (!reading.isOverWithin(BATCH_WITHIN)) {
                if (closed) {
                    return false;
                }
                synchronized (this) {
                    if (reading.idle) {
                        // A beginning of a secret is held back until it is clear that it is none.
                        flush();
                    }
                    reading.idle = true;
                }
                store();
                if (finishing && follow) {
                    return false;
                }
            }
            return !reading.broken;
        } catch (NotFoundException e) {
            return true;
        } catch (IOException | RuntimeException e) {
            LOGGER.debug("the output of {} broke off", container, e);
            return false;
        }
    }

    private final class Reading extends EngineStream<Frame> {
        private final Instant from;
        private long skip;
        private volatile boolean broken;
        private boolean idle = true;

        Reading(Instant from, long skip) {
            this.from = from;
            this.skip = skip;
        }

        @Override
        public void onNext(Frame frame) {
            try {
                take(frame);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                broken = true;
            }
        }

        private void take(Frame frame) throws InterruptedException {
            var bytes = frame.getPayload();
            synchronized (RuntimeFeed.this) {
                idle = false;
                var at = timestamp(bytes);
                var begin = at == null ? 0 : TIMESTAMP + 1;
                if (at != null) {
                    var moment =
                            from.equals(from.truncatedTo(ChronoUnit.MILLIS)) ? at.truncatedTo(ChronoUnit.MILLIS) : at;
                    if (moment.isBefore(from) || (moment.equals(from) && skip-- > 0)) {
                        return;
                    }
                    if (at.equals(position)) {
                        atPosition++;
                    } else {
                        position = at;
                        atPosition = 1;
                    }
                    lineAt = at.truncatedTo(ChronoUnit.MILLIS);
                    refill(at);
                }
                limiting |= lineTokens < 1 || byteTokens < bytes.length;
                if (limiting) {
                    leftOut++;
                    return;
                }
                if (leftOut > 0) {
                    tellLeftOut();
                }
                lineTokens--;
                byteTokens -= bytes.length;
                (frame.getStreamType() == StreamType.STDERR ? err : out).accept(bytes, begin, bytes.length - begin);
                while (waiting.size() >= MOST_WAITING && !closed) {
                    RuntimeFeed.this.wait(BATCH_WITHIN.toMillis());
                }
            }
        }

        @Override
        public void onError(Throwable thrown) {
            broken = true;
            try {
                close();
            } catch (IOException e) {
                LOGGER.debug("the connection for the output of {} does not close", container, e);
            }
        }
    }

    /** By the output's own time: what waited for the database is not too much because it comes at once. */
    private void refill(Instant at) {
        if (at.isAfter(refilledAt)) {
            var seconds = Math.min(60, Duration.between(refilledAt, at).toMillis() / 1_000.0);
            lineTokens = Math.min(BURST_LINES, lineTokens + seconds * LINES_PER_SECOND);
            byteTokens = Math.min(BURST_BYTES, byteTokens + seconds * BYTES_PER_SECOND);
            refilledAt = at;
            // Not one line for each that is left out.
            limiting = limiting && (lineTokens < LINES_PER_SECOND / 2.0 || byteTokens < BYTES_PER_SECOND / 2.0);
        }
    }

    private static @Nullable Instant timestamp(byte[] bytes) {
        if (bytes.length <= TIMESTAMP || bytes[TIMESTAMP] != ' ' || bytes[TIMESTAMP - 1] != 'Z') {
            return null;
        }
        try {
            return Instant.parse(new String(bytes, 0, TIMESTAMP, StandardCharsets.US_ASCII));
        } catch (DateTimeException e) {
            return null;
        }
    }

    private synchronized void tellLeftOut() {
        if (leftOut > 0) {
            var count = leftOut;
            leftOut = 0;
            waiting.add(new RuntimeLogs.Line(
                    0,
                    lineAt,
                    instance,
                    "system",
                    String.format(
                            Locale.ROOT,
                            "%,d %s left out here: the app prints more than %,d lines a second.",
                            count,
                            count == 1 ? "line was" : "lines were",
                            LINES_PER_SECOND)));
        }
    }

    private void keep(String stream, String text) {
        synchronized (this) {
            waiting.add(new RuntimeLogs.Line(0, lineAt, instance, stream, text));
        }
    }

    /** Sends what waits, and waits itself for as long as the database is away. */
    private void store() throws InterruptedException {
        while (true) {
            List<RuntimeLogs.Line> batch;
            synchronized (this) {
                if (waiting.isEmpty()) {
                    return;
                }
                batch = List.copyOf(waiting.subList(0, Math.min(BATCH, waiting.size())));
            }
            while (true) {
                try {
                    state.runtimeLogs().append(deployment, batch);
                    break;
                } catch (BackendUnavailable e) {
                    if (closed) {
                        return;
                    }
                    Thread.sleep(AFTER_A_FAULT);
                }
            }
            synchronized (this) {
                waiting = new ArrayList<>(waiting.subList(batch.size(), waiting.size()));
                notifyAll();
            }
            state.bus().nudgeRuntimeLog(deployment);
        }
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
