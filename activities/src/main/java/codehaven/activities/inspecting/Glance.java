package codehaven.activities.inspecting;

import codehaven.activities.StepLog;
import codehaven.activities.StepScope;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.Step;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** A clone that belongs to no deployment: nobody reads its log, and nobody stops it but the clock. */
final class Glance implements StepScope, StepLog {

    private final long deadline;

    Glance(Duration longest) {
        deadline = System.nanoTime() + longest.toNanos();
    }

    @Override
    public String deployment() {
        return "none";
    }

    @Override
    public Step step() {
        return Step.CLONING;
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
        return System.nanoTime() - deadline > 0;
    }

    @Override
    public void check() {
        if (stopping()) {
            throw new Stopped();
        }
    }

    @Override
    public Hook onStop(Runnable action) {
        // Connections keep their own time, which is shorter.
        return () -> {};
    }

    @Override
    public boolean handingOver() {
        return false;
    }

    @Override
    public void remember(Object progress) {}

    @Override
    public <T> Optional<T> remembered(Class<T> type) {
        return Optional.empty();
    }

    @Override
    public void say(String sentence) {}

    @Override
    public void say(Level level, String sentence) {}

    @Override
    public void output(String stream, byte[] bytes, int offset, int length) {}

    @Override
    public void mask(Collection<String> secrets) {}

    @Override
    public long lastLine() {
        return 0;
    }

    @Override
    public List<String> tail(int count) {
        return List.of();
    }

    @Override
    public void flush() {}
}
