package codehaven.api.deployments;

import codehaven.api.runs.Runs;
import codehaven.model.Checkpoint;
import codehaven.model.Deployment;
import codehaven.model.DeploymentEvent.StatusChanged;
import codehaven.model.DeploymentStatus;
import codehaven.state.BackendUnavailable;
import codehaven.state.State;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.temporal.api.workflow.v1.WorkflowExecutionInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * Keeps the records true to the workflows, every two seconds: starts what was recorded and not started, ends what was
 * ended behind its workflow's back (terminated, timed out), and follows what was reset. Several servers may do this at
 * once: each write is conditional on what was read.
 */
@Component
final class Reconciler implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(Reconciler.class);

    private static final Duration PAUSE = Duration.ofSeconds(2);

    /** Whoever recorded a deployment is about to start it; after this it has died or Temporal was away. */
    private static final Duration STARTING = Duration.ofSeconds(3);

    /** A workflow writes its own end a moment before it closes, or its activity is being repeated. */
    private static final Duration CLOSING = Duration.ofSeconds(5);

    /** As many as one server looks at in one round; the others' turn comes in the next. */
    private static final int BATCH = 200;

    private static final Duration BETWEEN_COMPLAINTS = Duration.ofMinutes(1);

    private final State state;
    private final Runs runs;
    private final Queue queue;

    /** Since when what is seen does not fit the record; by what was seen. */
    private final Map<Seen, Long> doubts = new HashMap<>();

    private final Set<Seen> settled = new HashSet<>();
    private volatile CountDownLatch stop = new CountDownLatch(0);
    private @Nullable Thread thread;
    private long nextComplaint = System.nanoTime();
    private int turn;
    private final Map<DeploymentStatus, AtomicInteger> counts = new EnumMap<>(DeploymentStatus.class);

    Reconciler(State state, Runs runs, Queue queue, PrometheusMeterRegistry registry) {
        this.state = state;
        this.runs = runs;
        this.queue = queue;
        for (var status : DeploymentStatus.values()) {
            if (!status.isFinal()) {
                counts.put(
                        status,
                        registry.gauge(
                                "codehaven.deployments.active", Tags.of("status", status.name()), new AtomicInteger()));
            }
        }
    }

    /** One sight of one deployment. */
    private record Seen(String deployment, DeploymentStatus recorded, String run, String what) {}

    @Override
    public void start() {
        stop = new CountDownLatch(1);
        thread = Thread.ofPlatform().daemon().name("reconciler").start(this::run);
    }

    @Override
    public void stop() {
        stop.countDown();
        var running = thread;
        if (running != null) {
            try {
                running.join(Duration.ofSeconds(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public boolean isRunning() {
        return stop.getCount() > 0;
    }

    private void run() {
        try {
            while (!stop.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS)) {
                attempt(this::lookAtRecords);
                attempt(this::lookAtRuns);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void attempt(Runnable look) {
        try {
            look.run();
        } catch (BackendUnavailable | Runs.TemporalAway e) {
            complain(e);
        } catch (RuntimeException e) {
            if (mayComplain()) {
                log.error("Comparing deployments with their workflows failed", e);
            }
        }
    }

    private void complain(RuntimeException thrown) {
        if (mayComplain()) {
            log.warn("Deployments are not compared with their workflows for now: {}", thrown.getMessage());
        }
    }

    private boolean mayComplain() {
        if (System.nanoTime() - nextComplaint < 0) {
            return false;
        }
        nextComplaint = System.nanoTime() + BETWEEN_COMPLAINTS.toNanos();
        return true;
    }

    private void lookAtRecords() {
        var active = state.deployments().active(BATCH * 10);
        counts.forEach((status, count) -> count.set(Math.toIntExact(
                active.stream().filter(each -> each.status() == status).count())));
        if (active.size() <= BATCH) {
            active.forEach(this::compare);
        } else {
            for (var i = 0; i < BATCH; i++) {
                compare(active.get((turn + i) % active.size()));
            }
            turn = (turn + BATCH) % active.size();
        }
        forget(active);
    }

    private void compare(Deployment deployment) {
        if (stop.getCount() == 0) {
            return;
        }
        var found = runs.newest(deployment);
        if (found.isEmpty()) {
            if (deployment.createdAt().plus(STARTING).isBefore(Instant.now())
                    && stands(deployment, "", "absent", STARTING)) {
                log.info("{} was recorded and not started; starting it", deployment.id());
                queue.start(deployment);
            }
            return;
        }
        var run = found.get();
        if (Runs.isOpen(run)) {
            return;
        }
        if (isEarlier(deployment, run)) {
            if (stands(deployment, run.getExecution().getRunId(), "earlier", STARTING)) {
                log.info("{} was to be retried and not started; starting it", deployment.id());
                queue.start(deployment);
            }
            return;
        }
        if (stands(deployment, run.getExecution().getRunId(), run.getStatus().name(), CLOSING)) {
            runs.ending(deployment, run).ifPresent(outcome -> {
                if (queue.finish(deployment, outcome)) {
                    log.info("{} is {}: its workflow ended so", deployment.id(), outcome.status());
                }
            });
        }
    }

    /** Whether the run is one before the retry that the deployment waits for. */
    private boolean isEarlier(Deployment deployment, WorkflowExecutionInfo run) {
        if (deployment.status() != DeploymentStatus.QUEUED || deployment.run() != null) {
            return false;
        }
        var started = Instant.ofEpochSecond(
                run.getStartTime().getSeconds(), run.getStartTime().getNanos());
        return queuedAt(deployment).isAfter(started);
    }

    private Instant queuedAt(Deployment deployment) {
        var at = deployment.createdAt();
        var place = 0L;
        while (true) {
            var batch = state.timeline().read(deployment.id(), place, 1_000);
            if (batch.isEmpty()) {
                return at;
            }
            for (var each : batch) {
                place = each.position();
                if (each.event() instanceof StatusChanged changed && changed.status() == DeploymentStatus.QUEUED) {
                    at = changed.at();
                }
            }
        }
    }

    /** Open runs whose deployments are recorded as ended have been reset, or are about to close. */
    private void lookAtRuns() {
        for (var run : runs.open(BATCH)) {
            if (stop.getCount() == 0) {
                return;
            }
            var workflow = run.getExecution().getWorkflowId();
            var prefix = Deployment.workflowId("");
            if (workflow.startsWith(prefix)) {
                state.deployments()
                        .find(workflow.substring(prefix.length()))
                        .filter(each -> each.status().isFinal())
                        .ifPresent(each -> follow(each, run));
            }
        }
    }

    private void follow(Deployment deployment, WorkflowExecutionInfo run) {
        var id = run.getExecution().getRunId();
        var seen = new Seen(deployment.id(), deployment.status(), id, "open");
        if (settled.contains(seen) || !stands(deployment, id, "open", PAUSE)) {
            return;
        }
        var told = runs.statusOf(deployment.workflowId(), id);
        if (told.isEmpty()) {
            return;
        }
        if (told.get().isFinal()) {
            settled.add(seen);
            return;
        }
        var checkpoint = deployment.checkpoint() == null ? Checkpoint.NONE : deployment.checkpoint();
        if (state.deployments().adopt(deployment.id(), deployment.run(), id)
                && state.deployments().enter(deployment.id(), id, told.get(), checkpoint)) {
            log.info("{} runs again: its workflow was reset", deployment.id());
            queue.told(deployment, told.get(), null, Queue.now(), List.of());
        }
    }

    /** Whether the same was seen for so long. */
    private boolean stands(Deployment deployment, String run, String what, Duration time) {
        var seen = new Seen(deployment.id(), deployment.status(), run, what);
        var since = doubts.computeIfAbsent(seen, each -> System.nanoTime());
        return System.nanoTime() - since >= time.toNanos();
    }

    private void forget(List<Deployment> active) {
        if (doubts.size() > 1_000) {
            var ids = new HashSet<String>();
            active.forEach(each -> ids.add(each.id()));
            doubts.keySet().removeIf(each -> !ids.contains(each.deployment()));
        }
        if (settled.size() > 1_000) {
            settled.clear();
        }
    }
}
