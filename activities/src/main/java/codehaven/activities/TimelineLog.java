package codehaven.activities;

import codehaven.model.DeploymentEvent;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.Step;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The log of one attempt: lines go out at once until half of what may be kept is used; from then on the last lines wait
 * in a ring of the other half, to be written when the log is flushed.
 */
final class TimelineLog implements StepLog {

    private static final String SYSTEM = "system";
    private static final int TAIL = 400;
    /** What a line costs beside its characters, so that many short ones are bounded too. */
    private static final int COST_OF_LINE = 64;
    /** However much earlier attempts have used, the beginning of this one is shown. */
    private static final long LEAST_BEGINNING = 128 * 1024;

    private static final long LEAST_END = 64 * 1024;
    private static final Duration BETWEEN_SIGNS_OF_LIFE = Duration.ofSeconds(5);
    /** A prompt without a line's end is shown when nothing follows it. */
    private static final Duration IDLE = Duration.ofSeconds(5);

    private static final Duration LONGEST_FLUSH = Duration.ofSeconds(10);

    private record Waiting(Instant at, String stream, String text, Level level) {
        long cost() {
            return costOf(text);
        }
    }

    private final Step step;
    private final Consumer<DeploymentEvent> taker;
    private final Predicate<Duration> flusher;
    private final Clock clock;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, OutputLines> streams = new HashMap<>();
    private final Set<String> secrets = new LinkedHashSet<>();
    private Masks masks = Masks.NONE;
    private Level said = Level.info;

    private long lastLine;
    private final ArrayDeque<String> tail = new ArrayDeque<>();

    private final long beginning;
    private long end;
    private long used;
    private boolean dropping;
    private final ArrayDeque<Waiting> ring = new ArrayDeque<>();
    private long ringCost;
    private long leftOutLines;
    private long leftOutChars;
    private long outputBytes;
    private Instant lastOutput = Instant.EPOCH;
    private Instant lastSign = Instant.EPOCH;

    /**
     * @param taker where the lines go; must not block
     * @param flusher waits until what was taken is stored, at most so long
     * @param lastLine the number of the deployment's last line before this attempt
     * @param limit bytes to keep, beginning and end together
     * @param usedBefore bytes of it that earlier attempts used
     */
    TimelineLog(
            Step step,
            Consumer<DeploymentEvent> taker,
            Predicate<Duration> flusher,
            Clock clock,
            long lastLine,
            long limit,
            long usedBefore) {
        this.step = step;
        this.taker = taker;
        this.flusher = flusher;
        this.clock = clock;
        this.lastLine = lastLine;
        this.beginning = Math.max(limit / 2 - usedBefore, Math.min(LEAST_BEGINNING, limit / 2));
        this.end = limit / 2;
    }

    @Override
    public void say(String sentence) {
        say(Level.info, sentence);
    }

    @Override
    public void say(Level level, String sentence) {
        lock.lock();
        try {
            said = level;
            var lines = linesOf(SYSTEM);
            lines.accept(sentence.stripTrailing());
            lines.accept("\n");
            lines.flush();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void output(String stream, byte[] bytes, int offset, int length) {
        if (SYSTEM.equals(stream)) {
            throw new IllegalArgumentException("a program's stream is stdout or stderr, not '" + stream + "'");
        }
        lock.lock();
        try {
            outputBytes += length;
            lastOutput = clock.instant();
            linesOf(stream).accept(bytes, offset, length);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void mask(Collection<String> more) {
        lock.lock();
        try {
            if (secrets.addAll(more)) {
                masks = new Masks(secrets);
                streams.values().forEach(each -> each.use(masks));
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long lastLine() {
        lock.lock();
        try {
            return lastLine + ring.size() + (leftOutLines > 0 ? 1 : 0);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<String> tail(int count) {
        lock.lock();
        try {
            var all = new ArrayList<>(tail);
            return List.copyOf(all.subList(Math.max(0, all.size() - count), all.size()));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void flush() {
        flush(LONGEST_FLUSH);
    }

    /** @return whether all of it is stored */
    boolean flush(Duration atMost) {
        lock.lock();
        try {
            streams.values().forEach(OutputLines::flush);
            writeRing();
        } finally {
            lock.unlock();
        }
        return flusher.test(atMost);
    }

    /** With the secrets hidden that this log knows. */
    String masked(String text) {
        lock.lock();
        try {
            return masks.apply(text);
        } finally {
            lock.unlock();
        }
    }

    boolean hasMasks() {
        lock.lock();
        try {
            return !masks.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** What this attempt has used of the deployment's limit. */
    long used() {
        lock.lock();
        try {
            return used;
        } finally {
            lock.unlock();
        }
    }

    /** Called about every second. */
    void tick() {
        lock.lock();
        try {
            if (lastOutput.plus(IDLE).isBefore(clock.instant())) {
                streams.values().stream().filter(OutputLines::unfinished).forEach(OutputLines::flush);
            }
        } finally {
            lock.unlock();
        }
    }

    private OutputLines linesOf(String stream) {
        return streams.computeIfAbsent(stream, name -> new OutputLines(masks, text -> line(name, text)));
    }

    private void line(String stream, String text) {
        var system = stream.equals(SYSTEM);
        var level = system ? said : Levels.of(text);
        if (!system) {
            if (tail.size() == TAIL) {
                tail.removeFirst();
            }
            tail.addLast(text);
        }
        var line = new Waiting(now(), stream, text, level);
        if (!dropping && used + line.cost() > beginning) {
            dropping = true;
            lastSign = line.at();
        }
        if (!dropping) {
            used += line.cost();
            emit(line);
            return;
        }
        ring.addLast(line);
        ringCost += line.cost();
        while (ringCost > end && ring.size() > 1) {
            var gone = ring.removeFirst();
            ringCost -= gone.cost();
            leftOutLines++;
            leftOutChars += gone.text().length() + 1L;
        }
        if (leftOutLines > 0 && lastSign.plus(BETWEEN_SIGNS_OF_LIFE).isBefore(line.at())) {
            lastSign = line.at();
            emit(new Waiting(line.at(), SYSTEM, "… " + megabytes(outputBytes) + " of output so far", Level.info));
        }
    }

    private void writeRing() {
        if (leftOutLines > 0) {
            emit(new Waiting(
                    now(),
                    SYSTEM,
                    String.format(
                            Locale.ROOT,
                            "… %,d lines (%s) are left out here: of a long log the beginning and the end are kept.",
                            leftOutLines,
                            megabytes(leftOutChars)),
                    Level.warn));
            leftOutLines = 0;
            leftOutChars = 0;
        }
        if (!ring.isEmpty()) {
            used += ringCost;
            ring.forEach(this::emit);
            ring.clear();
            ringCost = 0;
            end = Math.max(end / 2, LEAST_END);
        }
    }

    private void emit(Waiting line) {
        lastLine++;
        taker.accept(new LogLine(line.at(), lastLine, step, line.stream(), line.text(), line.level()));
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }

    private static long costOf(String text) {
        return (long) text.length() + COST_OF_LINE;
    }

    private static String megabytes(long bytes) {
        return bytes < 1_000_000
                ? String.format(Locale.ROOT, "%.1f kB", bytes / 1e3)
                : String.format(Locale.ROOT, "%,.1f MB", bytes / 1e6);
    }
}
