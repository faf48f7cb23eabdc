package codehaven.activities;

import codehaven.model.Checkpoint;
import codehaven.model.Deployment;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.DeploymentEvent.StatusChanged;
import codehaven.model.DeploymentEvent.StepChanged;
import codehaven.model.FailureKind;
import codehaven.model.Step;
import codehaven.model.StepRun;
import codehaven.state.BackendUnavailable;
import codehaven.state.Blobs;
import codehaven.state.State;
import codehaven.workflows.DeploymentRequest;
import codehaven.workflows.StepFailure;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityInfo;
import io.temporal.client.ActivityCanceledException;
import io.temporal.client.WorkflowClient;
import io.temporal.common.converter.DataConverterException;
import io.temporal.failure.ApplicationErrorCategory;
import io.temporal.failure.ApplicationFailure;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What every step has in common: makes the workflow run the deployment's current one, notes the step's start and end,
 * beats, listens for cancellation, and lets failures cross Temporal.
 */
public final class StepRunner {

    /** A step's own work. */
    @FunctionalInterface
    public interface Work<T> {
        T run(StepScope scope) throws Exception;
    }

    private static final Logger LOGGER = LoggerFactory.getLogger(StepRunner.class);

    /** The workflow waits for the database anyway; the step waits with it, so that no line is lost. */
    private static final Duration FLUSH = Duration.ofMinutes(5);
    /** Somebody waits for the end. */
    private static final Duration FLUSH_WHEN_STOPPING = Duration.ofSeconds(3);

    private static final Duration LOOK = Duration.ofMillis(500);
    private static final Duration AGAIN_AFTER = Duration.ofMillis(500);
    private static final Duration NEXT_WORKER_AFTER = Duration.ofMillis(200);
    /** The longest pause between two attempts, roughly: when less is left, there is no other one. */
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(20);

    private static final int DEPLOYMENTS_REMEMBERED = 1_000;

    private final State state;
    private final WorkflowClient client;
    private final long logBytes;
    private final Clock clock;
    private final Runs runs;
    private final Set<Pulse> running = ConcurrentHashMap.newKeySet();
    private volatile boolean handingOver;

    /** Bytes of log by deployment, as far as this process wrote them. */
    private final Map<String, Long> logUsed = Collections.synchronizedMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
            return size() > DEPLOYMENTS_REMEMBERED;
        }
    });

    /**
     * @param client of the namespace that the workflows are in
     */
    public StepRunner(State state, WorkflowClient client, Settings settings, Clock clock) {
        this.state = state;
        this.client = client;
        this.logBytes = settings.limits().logBytes();
        this.clock = clock;
        this.runs = new Runs(state.deployments(), client);
    }

    /**
     * Runs the work of one attempt; called from within an activity.
     *
     * @throws ApplicationFailure when the work throws; a {@code StepFailure} keeps its kind, any other exception becomes
     *     {@code UNEXPECTED} (storage faults: {@code STORAGE_UNAVAILABLE}; both are tried again)
     * @throws ActivityCanceledException when the deployment was cancelled; the work has been stopped then
     */
    public <T> T run(Step step, DeploymentRequest request, Work<T> work) {
        return new Attempt(step, request.deployment()).run(work);
    }

    /**
     * Stops all work that runs, and whatever still arrives, in a way that another worker can go on: for a worker that
     * shuts down.
     */
    void handOver() {
        handingOver = true;
        running.forEach(each -> each.stop(Pulse.Reason.HANDING_OVER));
    }

    /** Somebody else has this deployment now. */
    private static final class TakenOver extends RuntimeException {
        TakenOver() {
            super("another run of the deployment has taken over");
        }
    }

    private final class Attempt {
        private final ActivityInfo info = Activity.getExecutionContext().getInfo();
        private final String deployment;
        private final String run = Objects.requireNonNull(info.getWorkflowRunId(), "an activity of a workflow");
        private final Step step;
        private final Memory memory;
        private final Pulse pulse;
        private volatile @Nullable TimelineLog openLog;

        Attempt(Step step, String deployment) {
            this.step = step;
            this.deployment = deployment;
            this.memory = new Memory(lastBeat());
            this.pulse = new Pulse(client, info, memory::beat, this::tick);
        }

        private Memory.@Nullable Beat lastBeat() {
            try {
                return Activity.getExecutionContext()
                        .getHeartbeatDetails(Memory.Beat.class)
                        .orElse(null);
            } catch (DataConverterException e) {
                LOGGER.warn("what the attempt before remembered cannot be read", e);
                return null;
            }
        }

        private void tick() {
            var log = openLog;
            if (log != null) {
                log.tick();
            }
        }

        <T> T run(Work<T> work) {
            pulse.start();
            running.add(pulse);
            if (handingOver) {
                pulse.stop(Pulse.Reason.HANDING_OVER);
            }
            try {
                return runBeating(work);
            } finally {
                running.remove(pulse);
                pulse.workEnded();
                pulse.close();
            }
        }

        private <T> T runBeating(Work<T> work) {
            StepRun begun;
            TimelineWriter writer;
            TimelineLog log;
            try {
                pulse.check();
                var found = runs.adopt(deployment, run).orElseThrow(TakenOver::new);
                begun = new StepRun(step, StepRun.State.running, attemptsOf(found) + 1, now(), null);
                var lastLine = state.timeline().lastLine(deployment);
                var entered = enter(found);
                if (!state.deployments().step(deployment, run, begun)) {
                    throw new TakenOver();
                }
                writer = new TimelineWriter(
                        deployment, state.timeline(), state.bus(), () -> runs.isOpen(deployment, run, begun));
                log = new TimelineLog(
                        step,
                        writer::add,
                        writer::flush,
                        clock,
                        lastLine,
                        logBytes,
                        logUsed.getOrDefault(deployment, 0L));
                if (entered != null) {
                    writer.add(entered);
                }
                writer.add(new StepChanged(nowOf(begun), begun));
                openLog = log;
            } catch (Throwable e) {
                throw failedBeforeWork(e);
            }
            try (writer) {
                return work(work, begun, writer, log);
            } finally {
                logUsed.merge(deployment, log.used(), Long::sum);
            }
        }

        private <T> T work(Work<T> work, StepRun begun, TimelineWriter writer, TimelineLog log) {
            try {
                var scope = new RunningStep(deployment, begun, log, pulse, memory);
                var result = work.run(scope);
                pulse.workEnded();
                record(begun, StepRun.State.done, writer, log);
                return result;
            } catch (Throwable thrown) {
                pulse.workEnded();
                var reason = pulse.reason();
                if (reason == null && writer.abandoned()) {
                    reason = Pulse.Reason.GONE;
                }
                if (reason == null) {
                    throw failed(thrown, begun, writer, log);
                }
                throw stopped(reason, begun, writer, log);
            }
        }

        /** A run that goes on in the middle, after a reset, finds the status of what was before. */
        private @Nullable StatusChanged enter(Deployment found) {
            if (found.status() == step.status()) {
                return null;
            }
            var told = pulse.beat();
            if (told != null) {
                pulse.stop(told);
                pulse.check();
            }
            var soFar = found.checkpoint() == null ? Checkpoint.NONE : found.checkpoint();
            if (!state.deployments().enter(deployment, run, step.status(), soFar)) {
                throw new TakenOver();
            }
            return new StatusChanged(now(), step.status(), null);
        }

        private int attemptsOf(Deployment found) {
            return found.steps().stream()
                    .filter(each -> each.step() == step)
                    .mapToInt(StepRun::attempt)
                    .max()
                    .orElse(0);
        }

        /** Waits for the database like the workflow would. */
        private void record(StepRun begun, StepRun.State end, TimelineWriter writer, TimelineLog log) {
            var ended = new StepRun(step, end, begun.attempt(), begun.startedAt(), now());
            log.flush(Duration.ZERO);
            writer.add(new StepChanged(nowOf(ended), ended));
            if (!flushed(writer)) {
                writer.abandon();
                throw new BackendUnavailable(
                        "The log could not be stored: the database does not answer.", new TimeoutException());
            }
            if (writer.abandoned() || !noted(ended)) {
                throw new TakenOver();
            }
        }

        /** What is done is not done again because the database is away for a minute. */
        private boolean noted(StepRun ended) {
            var deadline = clock.instant().plus(FLUSH);
            while (true) {
                try {
                    return state.deployments().step(deployment, run, ended);
                } catch (BackendUnavailable e) {
                    if (pulse.reason() != null || clock.instant().isAfter(deadline)) {
                        throw e;
                    }
                    LOGGER.debug("the end of {} of {} waits for the database", step, deployment, e);
                }
                try {
                    Thread.sleep(AGAIN_AFTER);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new IllegalStateException("interrupted while the database is away", e);
                }
            }
        }

        private RuntimeException stopped(Pulse.Reason reason, StepRun begun, TimelineWriter writer, TimelineLog log) {
            return switch (reason) {
                case CANCELED -> {
                    log.say(Level.warn, "Canceled.");
                    recordStop(begun, writer, log);
                    yield new ActivityCanceledException(info);
                }
                case HANDING_OVER -> {
                    log.say("This worker stops here; the step goes on with the next one.");
                    close(log, writer);
                    yield next();
                }
                case REPLACED, GONE -> {
                    writer.abandon();
                    yield gone();
                }
            };
        }

        private void recordStop(StepRun begun, TimelineWriter writer, TimelineLog log) {
            var ended = new StepRun(step, StepRun.State.canceled, begun.attempt(), begun.startedAt(), now());
            log.flush(Duration.ZERO);
            writer.add(new StepChanged(nowOf(ended), ended));
            if (!writer.flush(FLUSH_WHEN_STOPPING) || writer.abandoned()) {
                writer.abandon();
                return;
            }
            try {
                state.deployments().step(deployment, run, ended);
            } catch (RuntimeException e) {
                LOGGER.warn("the end of {} of {} could not be noted", step, deployment, e);
            }
        }

        private RuntimeException failed(Throwable thrown, StepRun begun, TimelineWriter writer, TimelineLog log) {
            if (thrown instanceof TakenOver) {
                writer.abandon();
                return gone();
            }
            var crossing = crossing(thrown, log);
            if (crossing.isNonRetryable() || isLastAttempt()) {
                try {
                    record(begun, StepRun.State.failed, writer, log);
                } catch (RuntimeException e) {
                    LOGGER.warn("the failure of {} of {} could not be noted", step, deployment, e);
                }
            } else {
                log.say(Level.warn, crossing.getOriginalMessage() + " It is tried again.");
                close(log, writer);
                beatOnce();
            }
            return crossing;
        }

        /** As long as the workflow would wait for the database, but not while somebody waits for the end. */
        private boolean flushed(TimelineWriter writer) {
            var begun = System.nanoTime();
            while (!writer.flush(LOOK)) {
                var waited = Duration.ofNanos(System.nanoTime() - begun);
                var atMost = pulse.reason() == null ? FLUSH : FLUSH_WHEN_STOPPING;
                if (waited.compareTo(atMost) > 0) {
                    return false;
                }
            }
            return true;
        }

        /** Lines that cannot be stored now would come between those of the next attempt. */
        private void close(TimelineLog log, TimelineWriter writer) {
            log.flush(Duration.ZERO);
            if (!flushed(writer)) {
                LOGGER.warn("the last lines of {} of {} could not be stored", step, deployment);
                writer.abandon();
            }
        }

        /** What the attempt remembered last must reach the next one. */
        private void beatOnce() {
            try {
                pulse.beat();
            } catch (RuntimeException e) {
                LOGGER.debug("no answer to the last heartbeat of {}", deployment, e);
            }
        }

        private boolean isLastAttempt() {
            var limit = info.getScheduleToCloseTimeout();
            return !limit.isZero()
                    && Instant.ofEpochMilli(info.getScheduledTimestamp())
                            .plus(limit)
                            .isBefore(clock.instant().plus(LONGEST_PAUSE));
        }

        private RuntimeException failedBeforeWork(Throwable thrown) {
            var reason = pulse.reason();
            if (thrown instanceof TakenOver || reason == Pulse.Reason.GONE || reason == Pulse.Reason.REPLACED) {
                return gone();
            }
            if (reason == Pulse.Reason.CANCELED) {
                return new ActivityCanceledException(info);
            }
            return reason == Pulse.Reason.HANDING_OVER ? next() : crossing(thrown, null);
        }

        /** Nobody listens any more. */
        private RuntimeException gone() {
            LOGGER.info("{} of {}: another run or attempt has taken over, this one stops", step, deployment);
            return ApplicationFailure.newBuilder()
                    .setType(FailureKind.TERMINATED.name())
                    .setMessage("Another run of this deployment has taken over.")
                    .setNonRetryable(true)
                    .setCategory(ApplicationErrorCategory.BENIGN)
                    .build();
        }

        private RuntimeException next() {
            return ApplicationFailure.newBuilder(
                            new StepFailure(FailureKind.UNEXPECTED, "The worker was stopped in the middle of the step.")
                                    .crossing(1))
                    .setNextRetryDelay(NEXT_WORKER_AFTER)
                    .setCategory(ApplicationErrorCategory.BENIGN)
                    .build();
        }

        private ApplicationFailure crossing(Throwable thrown, @Nullable TimelineLog log) {
            if (thrown instanceof StepFailure failure) {
                return crossing(failure, log, false);
            }
            var missing = find(thrown, Blobs.NotThere.class);
            if (missing != null) {
                return crossing(
                        new StepFailure(
                                FailureKind.STORAGE_UNAVAILABLE,
                                "What an earlier step stored is gone: " + missing.getMessage() + ".",
                                "Redeploy: that makes it again.",
                                null,
                                null,
                                missing),
                        log,
                        true);
            }
            var away = find(thrown, Blobs.Unavailable.class);
            if (away != null) {
                return crossing(
                        new StepFailure(
                                FailureKind.STORAGE_UNAVAILABLE, sentence(String.valueOf(away.getMessage())), away),
                        log,
                        false);
            }
            var databaseAway = find(thrown, BackendUnavailable.class);
            if (databaseAway != null) {
                return masked(
                                new StepFailure(
                                        FailureKind.UNEXPECTED,
                                        sentence(String.valueOf(databaseAway.getMessage())),
                                        "Check that MongoDB is up and that this machine can reach it, then retry.",
                                        null,
                                        null,
                                        databaseAway),
                                log)
                        .crossing(1);
            }
            LOGGER.warn("{} of {} failed unexpectedly", step, deployment, withoutSecrets(thrown, log));
            return crossing(
                    new StepFailure(
                            FailureKind.UNEXPECTED,
                            "The step failed unexpectedly: "
                                    + sentence(thrown.getClass().getSimpleName()
                                            + (thrown.getMessage() == null ? "" : ": " + thrown.getMessage())),
                            thrown),
                    log,
                    false);
        }

        private ApplicationFailure crossing(StepFailure failure, @Nullable TimelineLog log, boolean lasting) {
            var faults = failure.kind() == FailureKind.UNEXPECTED ? memory.countFault() : 1;
            var crossing = masked(failure, log).crossing(faults);
            if (lasting) {
                crossing.setNonRetryable(true);
            }
            return failure.kind() == FailureKind.UNEXPECTED
                    ? crossing
                    : ApplicationFailure.newBuilder(crossing)
                            .setCategory(ApplicationErrorCategory.BENIGN)
                            .build();
        }

        private StepFailure masked(StepFailure failure, @Nullable TimelineLog log) {
            var cause = failure.getCause();
            return new StepFailure(
                    failure.kind(),
                    mask(String.valueOf(failure.getMessage()), log),
                    mask(failure.hint(), log),
                    failure.lines(),
                    failure.source(),
                    cause == null ? null : withoutSecrets(cause, log));
        }

        private static String mask(String text, @Nullable TimelineLog log) {
            return log == null ? text : log.masked(text);
        }

        private static String sentence(String text) {
            return text.endsWith(".") ? text : text + ".";
        }

        private Instant now() {
            return clock.instant().truncatedTo(ChronoUnit.MILLIS);
        }

        private Instant nowOf(StepRun step) {
            return step.endedAt() != null ? step.endedAt() : step.startedAt() != null ? step.startedAt() : now();
        }
    }

    private static <E extends Throwable> @Nullable E find(Throwable thrown, Class<E> type) {
        var depth = 0;
        for (Throwable each = thrown; each != null && depth < 20; each = each.getCause(), depth++) {
            if (type.isInstance(each)) {
                return type.cast(each);
            }
        }
        return null;
    }

    /** The same places in the code, the same words, with secrets masked: this goes into logs and histories. */
    private static Throwable withoutSecrets(Throwable thrown, @Nullable TimelineLog log) {
        return log == null || !log.hasMasks() ? thrown : new Masked(thrown, log, 0);
    }

    /** Stands for an exception whose message may carry a secret. */
    private static final class Masked extends RuntimeException {
        Masked(Throwable original, TimelineLog log, int depth) {
            super(
                    log.masked(original.toString()),
                    original.getCause() == null || depth == 10
                            ? null
                            : new Masked(original.getCause(), log, depth + 1));
            setStackTrace(original.getStackTrace());
        }
    }
}
