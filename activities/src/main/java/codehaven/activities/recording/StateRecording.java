package codehaven.activities.recording;

import codehaven.activities.Runs;
import codehaven.activities.TimelineTail;
import codehaven.model.Checkpoint;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.Deployment;
import codehaven.model.DeploymentEvent;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.DeploymentEvent.StatusChanged;
import codehaven.model.DeploymentEvent.StepChanged;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.Failure;
import codehaven.model.Outcome;
import codehaven.model.Output;
import codehaven.model.Project;
import codehaven.model.StepRun;
import codehaven.state.State;
import codehaven.workflows.Recording;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityInfo;
import io.temporal.client.WorkflowClient;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the database and the timeline what the workflow says. Each write carries the moment at which the workflow asked
 * for it, which is the same in every attempt: by that a later attempt knows what an earlier one has written.
 */
public final class StateRecording implements Recording {

    private static final Logger LOGGER = LoggerFactory.getLogger(StateRecording.class);

    /** A step that is told to stop needs a second to hear it, and some more to say its last words. */
    private static final Duration LAST_WORDS = Duration.ofMillis(2_500);

    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(100);

    private final State state;
    private final Runs runs;

    /**
     * @param client of the namespace that the workflows are in
     */
    public StateRecording(State state, WorkflowClient client) {
        this.state = state;
        this.runs = new Runs(state.deployments(), client);
    }

    @Override
    public void enter(String deployment, DeploymentStatus status, Checkpoint soFar) {
        var call = new Call(deployment);
        var found = call.begin();
        if (found == null) {
            return;
        }
        if (!state.deployments().enter(deployment, call.run, status, soFar)) {
            LOGGER.info("{} of {} comes too late or from a run that is no longer the current one", status, deployment);
            return;
        }
        var events = new ArrayList<DeploymentEvent>();
        if (!call.run.equals(found.run())) {
            events.addAll(reuse(found, status, call));
        }
        if (soFar.cloned() != null) {
            setProductionBranch(found, soFar.cloned());
        }
        events.add(new StatusChanged(call.at, status, null));
        call.tell(events);
    }

    /** What a retry does not do again. */
    private List<DeploymentEvent> reuse(Deployment found, DeploymentStatus status, Call call) {
        var events = new ArrayList<DeploymentEvent>();
        for (var each : found.steps()) {
            if (each.state() == StepRun.State.done && each.step().status().compareTo(status) < 0) {
                var reused = new StepRun(
                        each.step(), StepRun.State.reused, each.attempt(), each.startedAt(), each.endedAt());
                if (state.deployments().step(found.id(), call.run, reused)) {
                    events.add(new StepChanged(call.at, reused));
                }
            }
        }
        return events;
    }

    private void setProductionBranch(Deployment found, ClonedTree tree) {
        var branch = tree.defaultBranch() != null
                ? tree.defaultBranch()
                : found.environment() == Environment.PRODUCTION ? tree.branch() : null;
        if (branch != null
                && state.projects()
                        .find(found.project())
                        .filter(project -> project.productionBranch() == null)
                        .isPresent()) {
            state.projects().update(found.project(), project -> withProductionBranch(project, branch));
        }
    }

    private static Project withProductionBranch(Project project, String branch) {
        return project.productionBranch() != null
                ? project
                : new Project(project.slug(), project.repository(), branch, project.settings(), project.createdAt());
    }

    @Override
    public void finish(String deployment, Outcome outcome, Checkpoint soFar, @Nullable Output output) {
        var call = new Call(deployment);
        var found = call.begin();
        if (found == null) {
            return;
        }
        if (outcome instanceof Outcome.Canceled) {
            awaitLastWords(found);
        }
        if (!state.deployments().finish(deployment, call.run, outcome, soFar, output, call.at)) {
            LOGGER.info("{} of {} is not written: it has ended otherwise", outcome.status(), deployment);
            return;
        }
        var events = new ArrayList<DeploymentEvent>(stepsEndedWith(deployment, call));
        Failure failure = null;
        if (outcome instanceof Outcome.Failed failed) {
            failure = failed.failure();
            var n = state.timeline().lastLine(deployment);
            for (var sentence : List.of(failure.message(), failure.hint())) {
                events.add(new LogLine(call.at, ++n, failure.step(), "system", sentence, Level.error));
            }
        }
        events.add(new StatusChanged(call.at, outcome.status(), failure));
        call.tell(events);
    }

    /** The step's own end comes before the deployment's, where the step still lives. */
    private void awaitLastWords(Deployment found) {
        var deadline = System.nanoTime() + LAST_WORDS.toNanos();
        var latest = Optional.of(found);
        while (latest.filter(StateRecording::hasStepRunning).isPresent() && System.nanoTime() < deadline) {
            try {
                Thread.sleep(BETWEEN_LOOKS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
            latest = state.deployments().find(found.id());
        }
    }

    private static boolean hasStepRunning(Deployment deployment) {
        return deployment.steps().stream().anyMatch(each -> each.state() == StepRun.State.running);
    }

    /** Steps that could not say themselves that they ended, such as one whose worker died. */
    private List<DeploymentEvent> stepsEndedWith(String deployment, Call call) {
        return state.deployments().find(deployment).stream()
                .flatMap(found -> found.steps().stream())
                .filter(each -> call.at.equals(each.endedAt()))
                .<DeploymentEvent>map(each -> new StepChanged(call.at, each))
                .toList();
    }

    @Override
    public void archive(String deployment) {
        state.timeline().archive(deployment);
    }

    /** One attempt of one of these activities. */
    private final class Call {
        private final ActivityInfo info = Activity.getExecutionContext().getInfo();
        private final String run = Objects.requireNonNull(info.getWorkflowRunId(), "an activity of a workflow");
        private final Instant at = Instant.ofEpochMilli(info.getScheduledTimestamp());
        private final String deployment;

        Call(String deployment) {
            this.deployment = deployment;
        }

        /** Null when there is nothing to write, because another run writes or the deployment was deleted. */
        @Nullable
        Deployment begin() {
            Optional<Deployment> found = runs.adopt(deployment, run);
            if (found.isEmpty()) {
                LOGGER.info("the run {} of {} is not the current one and writes nothing", run, deployment);
            }
            return found.orElse(null);
        }

        void tell(List<DeploymentEvent> events) {
            var mark = events.getLast();
            if (info.getAttempt() == 1 || TimelineTail.positionOf(state.timeline(), deployment, 0, mark) == 0) {
                state.timeline().append(deployment, events);
            }
            state.bus().nudge(deployment);
        }
    }
}
