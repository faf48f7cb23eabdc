package codehaven.activities;

import codehaven.model.Step;
import codehaven.model.StepRun;
import java.util.Optional;

/** An attempt while it runs. */
record RunningStep(String deployment, StepRun begun, StepLog log, Pulse pulse, Memory memory) implements StepScope {

    @Override
    public Step step() {
        return begun.step();
    }

    @Override
    public int attempt() {
        return begun.attempt();
    }

    @Override
    public boolean stopping() {
        return pulse.reason() != null;
    }

    @Override
    public void check() {
        pulse.check();
    }

    @Override
    public Hook onStop(Runnable action) {
        return pulse.onStop(action);
    }

    @Override
    public boolean handingOver() {
        var reason = pulse.reason();
        return reason == Pulse.Reason.HANDING_OVER || reason == Pulse.Reason.REPLACED;
    }

    @Override
    public void remember(Object progress) {
        memory.remember(progress);
    }

    @Override
    public <T> Optional<T> remembered(Class<T> type) {
        return memory.remembered(type);
    }
}
