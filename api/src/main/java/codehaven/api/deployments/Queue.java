package codehaven.api.deployments;

import codehaven.api.runs.Runs;
import codehaven.model.Checkpoint;
import codehaven.model.Deployment;
import codehaven.model.DeploymentEvent;
import codehaven.model.DeploymentEvent.StatusChanged;
import codehaven.model.DeploymentEvent.StepChanged;
import codehaven.model.DeploymentStatus;
import codehaven.model.Failure;
import codehaven.model.Outcome;
import codehaven.model.StepRun;
import codehaven.state.BackendUnavailable;
import codehaven.state.State;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * The ways into the queue and, from outside of a workflow, out of it. The record comes first and the workflow second:
 * what is recorded but not started is started by the {@link Reconciler}.
 */
@Component
final class Queue {

    private static final Logger log = LoggerFactory.getLogger(Queue.class);

    private final State state;
    private final Runs runs;

    Queue(State state, Runs runs) {
        this.state = state;
        this.runs = runs;
    }

    /** Records the deployment and starts it; one that is there already is left alone. */
    Deployment enter(Deployment deployment) {
        if (!state.deployments().insert(deployment)) {
            return state.deployments().find(deployment.id()).orElse(deployment);
        }
        try {
            told(deployment, DeploymentStatus.QUEUED, null, deployment.createdAt(), List.of());
            start(deployment);
        } catch (BackendUnavailable e) {
            // It is recorded, so it is accepted: the reconciler starts what this could not.
            log.warn("{} was recorded, and then the database was away: {}", deployment.id(), e.getMessage());
        }
        return deployment;
    }

    /** Starts the workflow of a deployment that is QUEUED; when Temporal is away it is left to the reconciler. */
    void start(Deployment deployment) {
        try {
            switch (runs.start(deployment)) {
                case Runs.Start.Started started -> withdrawIfEnded(deployment);
                case Runs.Start.Refused(String reason) ->
                    log.error("Temporal does not take {}: {}", deployment.id(), reason);
                case Runs.Start.StillOpen open -> log.debug("{} has an open run", deployment.id());
            }
        } catch (Runs.TemporalAway e) {
            log.info("Temporal does not answer; {} is started when it does", deployment.id());
        }
    }

    /** Somebody may have cancelled it between its record and its start. */
    private void withdrawIfEnded(Deployment deployment) {
        var now = state.deployments().find(deployment.id());
        if (now.isPresent() && now.get().status() == DeploymentStatus.CANCELED) {
            runs.cancel(deployment, "The deployment was cancelled before it began");
        }
    }

    /** Tells that a deployment is QUEUED again. */
    void reentered(Deployment deployment) {
        told(deployment, DeploymentStatus.QUEUED, null, now(), List.of());
    }

    /** Writes down an end that the workflow did not; false if it has one already. */
    boolean finish(Deployment deployment, Outcome outcome) {
        var at = now();
        var ended = new ArrayList<StepRun>();
        for (var each : deployment.steps()) {
            if (each.state() == StepRun.State.running) {
                ended.add(new StepRun(each.step(), stateAfter(outcome), each.attempt(), each.startedAt(), at));
            }
        }
        var run = deployment.run();
        if (run != null) {
            ended.forEach(each -> state.deployments().step(deployment.id(), run, each));
        }
        var soFar = deployment.checkpoint() == null ? Checkpoint.NONE : deployment.checkpoint();
        if (!state.deployments().finish(deployment.id(), null, outcome, soFar, null, at)) {
            return false;
        }
        told(
                deployment,
                outcome.status(),
                outcome instanceof Outcome.Failed failed ? failed.failure() : null,
                at,
                ended);
        return true;
    }

    /** Appends to the timeline and lets everybody look. */
    void told(
            Deployment deployment,
            DeploymentStatus status,
            @Nullable Failure failure,
            Instant at,
            List<StepRun> steps) {
        var events = new ArrayList<DeploymentEvent>();
        steps.forEach(each -> events.add(new StepChanged(at, each)));
        events.add(new StatusChanged(at, status, failure));
        state.timeline().append(deployment.id(), events);
        state.bus().nudge(deployment.id());
    }

    private static StepRun.State stateAfter(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Ready ready -> StepRun.State.done;
            case Outcome.Failed failed -> StepRun.State.failed;
            case Outcome.Canceled canceled -> StepRun.State.canceled;
        };
    }

    static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }
}
