package codehaven.activities;

import codehaven.model.DeploymentEvent.Level;
import codehaven.model.Step;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** An attempt of a step without Temporal around it; its log is a list. */
public final class LoneScope implements StepScope, StepLog {

    public final List<String> said = new CopyOnWriteArrayList<>();
    public final List<String> warned = new CopyOnWriteArrayList<>();
    private final List<Runnable> hooks = new CopyOnWriteArrayList<>();
    private final String deployment;
    private final Step step;
    private volatile boolean stopping;
    private volatile @Nullable Object progress;

    public LoneScope(String deployment, Step step) {
        this.deployment = deployment;
        this.step = step;
    }

    /** What cancelling the deployment does. */
    public void stop() {
        stopping = true;
        hooks.forEach(Runnable::run);
    }

    @Override
    public String deployment() {
        return deployment;
    }

    @Override
    public Step step() {
        return step;
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
        return false;
    }

    @Override
    public void remember(Object progress) {
        this.progress = progress;
    }

    @Override
    public <T> Optional<T> remembered(Class<T> type) {
        return Optional.ofNullable(progress).filter(type::isInstance).map(type::cast);
    }

    @Override
    public void say(String sentence) {
        said.add(sentence);
    }

    @Override
    public void say(Level level, String sentence) {
        said.add(sentence);
        if (level != Level.info) {
            warned.add(sentence);
        }
    }

    @Override
    public void output(String stream, byte[] bytes, int offset, int length) {
        said.add(new String(bytes, offset, length, StandardCharsets.UTF_8));
    }

    @Override
    public void mask(Collection<String> secrets) {}

    @Override
    public long lastLine() {
        return said.size();
    }

    @Override
    public List<String> tail(int count) {
        return said.subList(Math.max(0, said.size() - count), said.size());
    }

    @Override
    public void flush() {}
}
