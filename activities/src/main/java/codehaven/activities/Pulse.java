package codehaven.activities;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.activity.ActivityInfo;
import io.temporal.api.enums.v1.WorkflowExecutionStatus;
import io.temporal.api.workflowservice.v1.RecordActivityTaskHeartbeatRequest;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowException;
import io.temporal.client.WorkflowTargetOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The heartbeat of one attempt, on a thread of its own, and how the attempt learns that it should stop. It asks Temporal
 * itself instead of the SDK's context: that one holds beats back, gives up for good after some seconds without an
 * answer, and stops beating as soon as its worker shuts down, while work goes on.
 */
final class Pulse implements AutoCloseable {

    /** Why an attempt should stop; of several reasons the last in this order counts. */
    enum Reason {
        /** Another attempt is to go on: the worker shuts down, or somebody paused or reset the activity. */
        HANDING_OVER,
        /** The deployment was cancelled. */
        CANCELED,
        /** This attempt was silent for too long: Temporal gives, or has given, the step to another one. */
        REPLACED,
        /** The whole run has ended or was set aside: nothing that this attempt does counts. */
        GONE
    }

    private static final Logger LOGGER = LoggerFactory.getLogger(Pulse.class);

    private static final Duration BETWEEN_BEATS = Duration.ofSeconds(1);
    private static final Duration AFTER_AN_ERROR = Duration.ofMillis(500);
    private static final long ANSWER_WITHIN_SECONDS = 4;
    private static final Duration HOOKS_END_WITHIN = Duration.ofSeconds(15);

    private final WorkflowClient client;
    private final ActivityInfo info;
    private final Supplier<Object> details;
    private final Runnable tick;
    private final Thread worker;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<Object, Runnable> hooks = new LinkedHashMap<>();
    private final List<Thread> stopping = new ArrayList<>();
    private @Nullable Reason reason;
    private boolean noticed;
    private boolean closed;

    /**
     * @param details what travels with each beat
     * @param tick run once a beat
     */
    Pulse(WorkflowClient client, ActivityInfo info, Supplier<Object> details, Runnable tick) {
        this.client = client;
        this.info = info;
        this.details = details;
        this.tick = tick;
        this.worker = Thread.currentThread();
    }

    void start() {
        Thread.ofPlatform().daemon().name("heartbeat-" + info.getWorkflowId()).start(this::run);
    }

    /**
     * Beats once, now.
     *
     * @return why the attempt should stop, if it should
     * @throws StatusRuntimeException when Temporal cannot be asked
     */
    @Nullable
    Reason beat() {
        var request = RecordActivityTaskHeartbeatRequest.newBuilder()
                .setNamespace(client.getOptions().getNamespace())
                .setIdentity(client.getOptions().getIdentity())
                .setTaskToken(ByteString.copyFrom(info.getTaskToken()));
        client.getOptions().getDataConverter().toPayloads(details.get()).ifPresent(request::setDetails);
        try {
            var answer = client.getWorkflowServiceStubs()
                    .blockingStub()
                    .withDeadlineAfter(ANSWER_WITHIN_SECONDS, TimeUnit.SECONDS)
                    .recordActivityTaskHeartbeat(request.build());
            if (answer.getCancelRequested()) {
                return Reason.CANCELED;
            }
            return answer.getActivityPaused() || answer.getActivityReset() ? Reason.HANDING_OVER : null;
        } catch (StatusRuntimeException e) {
            if (e.getStatus().getCode() == Status.Code.NOT_FOUND) {
                return runGoesOn() ? Reason.REPLACED : Reason.GONE;
            }
            throw e;
        }
    }

    private boolean runGoesOn() {
        try {
            var run = client.newUntypedWorkflowStub(WorkflowTargetOptions.newBuilder()
                    .setWorkflowId(info.getWorkflowId())
                    .setRunId(info.getWorkflowRunId())
                    .build());
            return run.describe().getStatus() == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING;
        } catch (WorkflowException | StatusRuntimeException e) {
            LOGGER.debug("nobody can tell whether {} goes on", info.getWorkflowId(), e);
            return false;
        }
    }

    private void run() {
        while (true) {
            var wait = BETWEEN_BEATS;
            try {
                var told = beat();
                if (told != null) {
                    stop(told);
                }
                tick.run();
            } catch (RuntimeException e) {
                LOGGER.debug("no answer to a heartbeat of {}", info.getWorkflowId(), e);
                wait = AFTER_AN_ERROR;
            }
            lock.lock();
            try {
                var left = wait.toNanos();
                while (left > 0 && !closed) {
                    left = changed.awaitNanos(left);
                }
                if (closed) {
                    return;
                }
            } catch (InterruptedException e) {
                return;
            } finally {
                lock.unlock();
            }
        }
    }

    /** Asks the work to stop, the first time: runs the hooks, each on a thread of its own, and interrupts. */
    void stop(Reason why) {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            var first = reason == null;
            if (reason == null || why.compareTo(reason) > 0) {
                reason = why;
            }
            if (first) {
                hooks.values().forEach(this::launch);
                hooks.clear();
                if (!noticed) {
                    worker.interrupt();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    @Nullable
    Reason reason() {
        lock.lock();
        try {
            return reason;
        } finally {
            lock.unlock();
        }
    }

    /** @throws StepScope.Stopped when the work should stop; its thread is not interrupted then, so that it can tidy up */
    void check() {
        lock.lock();
        try {
            if (reason == null) {
                return;
            }
            if (Thread.currentThread() == worker) {
                noticed = true;
                Thread.interrupted();
            }
            throw new StepScope.Stopped();
        } finally {
            lock.unlock();
        }
    }

    StepScope.Hook onStop(Runnable action) {
        lock.lock();
        try {
            if (reason != null) {
                launch(action);
                return () -> {};
            }
            var hook = new Object();
            hooks.put(hook, action);
            return () -> {
                lock.lock();
                try {
                    hooks.remove(hook);
                } finally {
                    lock.unlock();
                }
            };
        } finally {
            lock.unlock();
        }
    }

    private void launch(Runnable action) {
        stopping.add(Thread.ofPlatform()
                .daemon()
                .name("stop-" + info.getWorkflowId())
                .uncaughtExceptionHandler((thread, e) -> LOGGER.warn("what should stop the work failed", e))
                .start(action));
    }

    /** Waits for the hooks that run. After this nobody interrupts the thread. */
    void workEnded() {
        List<Thread> running;
        lock.lock();
        try {
            noticed = true;
            Thread.interrupted();
            running = List.copyOf(stopping);
        } finally {
            lock.unlock();
        }
        try {
            for (var each : running) {
                if (!each.join(HOOKS_END_WITHIN)) {
                    LOGGER.warn("what should stop the work of {} is not done yet", info.getWorkflowId());
                }
            }
        } catch (InterruptedException e) {
            LOGGER.warn("interrupted while the work of {} stops", info.getWorkflowId(), e);
        }
    }

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
}
