package codehaven.activities.building;

import codehaven.activities.StepLog;
import codehaven.activities.StepScope;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.Step;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** An attempt of a build without Temporal around it, whose log counts its lines like the real one. */
final class BuildScope implements StepScope, StepLog {

    /** A line of the log: {@code system}, {@code stdout} or {@code stderr}, and its text. */
    record Line(String stream, String text) {}

    private final String deployment;
    private final List<Line> lines;
    private final List<Runnable> hooks = new CopyOnWriteArrayList<>();
    private final StringBuilder out = new StringBuilder();
    private final StringBuilder err = new StringBuilder();
    private volatile boolean stopping;
    private volatile boolean noticed;
    private volatile @Nullable Thread worker;
    private volatile boolean handingOver;
    private volatile long bytes;
    private final boolean keepLines;

    BuildScope(String deployment) {
        this(deployment, new ArrayList<>(), true);
    }

    private BuildScope(String deployment, List<Line> lines, boolean keepLines) {
        this.deployment = deployment;
        this.lines = lines;
        this.keepLines = keepLines;
    }

    /** Counts bytes and keeps no line. */
    static BuildScope counting(String deployment) {
        return new BuildScope(deployment, new ArrayList<>(), false);
    }

    /** The next attempt, whose log goes on. */
    BuildScope next() {
        return new BuildScope(deployment, lines, keepLines);
    }

    /** Like the real one: hooks on threads of their own, and an interrupt unless the work has noticed. */
    void cancel() {
        stopping = true;
        hooks.forEach(each -> Thread.ofPlatform().start(each));
        var thread = worker;
        if (thread != null && !noticed) {
            thread.interrupt();
        }
    }

    /** This thread does the work. */
    BuildScope here() {
        worker = Thread.currentThread();
        return this;
    }

    void handOver() {
        handingOver = true;
        cancel();
    }

    long bytes() {
        return bytes;
    }

    synchronized List<Line> lines() {
        return List.copyOf(lines);
    }

    synchronized String text() {
        var text = new StringBuilder();
        lines.forEach(each -> text.append(each.text()).append('\n'));
        return text.toString();
    }

    synchronized List<String> of(String stream) {
        return lines.stream()
                .filter(each -> each.stream().equals(stream))
                .map(Line::text)
                .toList();
    }

    /** How many lines of output there are after a line. */
    synchronized long outputAfter(long line) {
        return lines.stream()
                .skip(line)
                .filter(each -> !each.stream().equals("system"))
                .count();
    }

    @Override
    public String deployment() {
        return deployment;
    }

    @Override
    public Step step() {
        return Step.BUILDING;
    }

    @Override
    public int attempt() {
        return 1;
    }

    @Override
    public StepLog log() {
        return this;
    }

    @Override
    public boolean stopping() {
        return stopping;
    }

    @Override
    public void check() {
        if (stopping) {
            noticed = true;
            Thread.interrupted();
            throw new Stopped();
        }
    }

    @Override
    public Hook onStop(Runnable action) {
        hooks.add(action);
        if (stopping) {
            action.run();
        }
        return () -> hooks.remove(action);
    }

    @Override
    public boolean handingOver() {
        return handingOver;
    }

    @Override
    public void remember(Object progress) {}

    @Override
    public <T> Optional<T> remembered(Class<T> type) {
        return Optional.empty();
    }

    @Override
    public void say(String sentence) {
        say(Level.info, sentence);
    }

    @Override
    public synchronized void say(Level level, String sentence) {
        lines.add(new Line("system", sentence));
    }

    @Override
    public synchronized void output(String stream, byte[] more, int offset, int length) {
        bytes += length;
        if (!keepLines) {
            return;
        }
        var unfinished = stream.equals("stderr") ? err : out;
        unfinished.append(new String(more, offset, length, StandardCharsets.UTF_8));
        for (int end; (end = unfinished.indexOf("\n")) >= 0; ) {
            lines.add(new Line(stream, unfinished.substring(0, end)));
            unfinished.delete(0, end + 1);
        }
    }

    @Override
    public void mask(Collection<String> secrets) {}

    @Override
    public synchronized long lastLine() {
        return lines.size();
    }

    @Override
    public List<String> tail(int count) {
        throw new UnsupportedOperationException("builds remember their own last lines");
    }

    @Override
    public synchronized void flush() {
        if (!out.isEmpty()) {
            output("stdout", new byte[] {'\n'}, 0, 1);
        }
        if (!err.isEmpty()) {
            output("stderr", new byte[] {'\n'}, 0, 1);
        }
    }
}
