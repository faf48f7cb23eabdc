package codehaven.activities;

import codehaven.model.Step;
import java.util.Optional;

/** One attempt of one step, for the code that does its work. Safe for use by several threads. */
public interface StepScope {

    /** The deployment's id. */
    String deployment();

    Step step();

    /** Counts from 1. */
    int attempt();

    /** Where the step's lines go. */
    StepLog log();

    /** Whether somebody wants the work to stop: cancelled, superseded by another attempt, or the worker shuts down. */
    boolean stopping();

    /**
     * Returns at once unless {@link #stopping()}.
     *
     * @throws Stopped when the work should end now
     */
    void check();

    /**
     * Runs the action as soon as the work should stop, on another thread, at once when it should already: to kill a
     * container, close a socket. Close what is returned when the action is no longer wanted.
     */
    Hook onStop(Runnable action);

    /** Undoes {@link #onStop}. */
    interface Hook extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Whether the stop is because another attempt is to go on, as the worker shuts down or was silent for too long:
     * leave what can be adopted.
     */
    boolean handingOver();

    /** Travels with each heartbeat from now on, so that the next attempt can go on from it. */
    void remember(Object progress);

    /** What the attempt before this one remembered last. */
    <T> Optional<T> remembered(Class<T> type);

    /** The work was asked to stop and did. */
    final class Stopped extends RuntimeException {
        public Stopped() {
            super("the step was asked to stop");
        }
    }
}
