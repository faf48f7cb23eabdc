package codehaven.api.deployments;

import codehaven.api.problems.Problem;
import codehaven.api.runs.Runs;
import codehaven.model.AppSettings;
import codehaven.model.BuildSettings;
import codehaven.model.BuildSettings.Limits;
import codehaven.model.Checkpoint;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Outcome;
import codehaven.model.Project;
import codehaven.model.Step;
import codehaven.state.State;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.springframework.stereotype.Component;

/** Stopping a deployment, and running it again. */
@Component
public final class Actions {

    /** A worker notices a cancellation within a second; without any worker, nobody will. */
    private static final Duration NOTICED = Duration.ofSeconds(2);

    /** A run whose outcome is recorded has only its log to archive, which the next run does as well. */
    private static final Duration CLOSED = Duration.ofSeconds(3);

    private final State state;
    private final Runs runs;
    private final Queue queue;
    private final NewDeployments newDeployments;

    Actions(State state, Runs runs, Queue queue, NewDeployments newDeployments) {
        this.state = state;
        this.runs = runs;
        this.queue = queue;
        this.newDeployments = newDeployments;
    }

    /**
     * Stops it.
     *
     * @throws Problem 409 if it has ended, 503 if Temporal is away
     */
    public Deployment cancel(Deployment deployment) {
        return cancel(deployment, false);
    }

    /**
     * @param repeated whether the same request was made before: then one that has ended is no conflict
     * @throws Problem 409 if it has ended, 503 if Temporal is away
     */
    Deployment cancel(Deployment deployment, boolean repeated) {
        if (deployment.status().isFinal()) {
            if (repeated) {
                return deployment;
            }
            throw Problem.conflict(
                    "The deployment is " + deployment.status() + " already; there is nothing to cancel.");
        }
        boolean open;
        try {
            open = runs.cancel(deployment, "Cancelled through the API");
        } catch (Runs.TemporalAway e) {
            throw e.problem();
        }
        if (open && deployment.status() == DeploymentStatus.QUEUED) {
            open = await(NOTICED, () -> current(deployment).status() != DeploymentStatus.QUEUED);
        }
        if (!open) {
            queue.finish(current(deployment), new Outcome.Canceled());
        }
        return current(deployment);
    }

    /**
     * Runs it again from the step that did not succeed, with the project's settings as they are now.
     *
     * @throws Problem 409 if it has not ended or has succeeded
     */
    public Deployment retry(Deployment deployment) {
        switch (deployment.status()) {
            case FAILED, CANCELED -> {}
            case READY ->
                throw Problem.conflict("The deployment is READY. Redeploy it to build the same commit once more.");
            case SUPERSEDED ->
                throw Problem.conflict("A newer commit took its place. Redeploy it to build this commit nevertheless.");
            case QUEUED, CLONING, UPLOADING, BUILDING, PUBLISHING ->
                throw Problem.conflict(
                        "The deployment is " + deployment.status() + ". Cancel it first, or wait for its end.");
        }
        var project = state.projects()
                .find(deployment.project())
                .orElseThrow(() -> Problem.conflict("The project of this deployment is gone."));
        letGo(deployment);
        var reopened = state.deployments()
                .reopen(deployment.id(), project.settings(), resume(deployment, project.settings()))
                .orElseThrow(() -> Problem.conflict("Somebody else has begun it again just now."));
        queue.reentered(reopened);
        queue.start(reopened);
        return reopened;
    }

    /** Deploys the same commit once more, as a new deployment. */
    public Deployment redeploy(Deployment deployment) {
        return newDeployments.again(deployment, Ids.next());
    }

    /** Where {@link #retry} would begin. */
    public Step retriesFrom(Deployment deployment) {
        var settings = state.projects()
                .find(deployment.project())
                .map(Project::settings)
                .orElse(deployment.settings());
        var kept = resume(deployment, settings);
        if (kept.cloned() == null) {
            return Step.CLONING;
        }
        if (kept.stored() == null) {
            return Step.UPLOADING;
        }
        return kept.built() == null ? Step.BUILDING : Step.PUBLISHING;
    }

    /** What is built with other settings is built anew, and with submodules also cloned anew. */
    private static Checkpoint resume(Deployment deployment, BuildSettings now) {
        var soFar = deployment.checkpoint();
        var before = deployment.settings();
        if (soFar == null || !Objects.equals(before.submodules(), now.submodules())) {
            return Checkpoint.NONE;
        }
        return asBuilt(before).equals(asBuilt(now)) ? soFar : new Checkpoint(soFar.cloned(), soFar.stored(), null);
    }

    /** The settings without those of how an app runs, which are no part of what is built. */
    private static BuildSettings asBuilt(BuildSettings settings) {
        var limits = settings.limits();
        var app = settings.app();
        return new BuildSettings(
                settings.rootDirectory(),
                settings.framework(),
                settings.installCommand(),
                settings.buildCommand(),
                settings.outputDirectory(),
                settings.startCommand(),
                settings.nodeVersion(),
                settings.dockerfile(),
                settings.ignoreCommand(),
                settings.spaFallback(),
                settings.cleanUrls(),
                settings.submodules(),
                null,
                new Limits(limits.buildMemoryMb(), limits.buildSeconds(), null, null),
                new AppSettings(app.port(), null, null, null, null, null, List.of(), app.dockerContext()));
    }

    private void letGo(Deployment deployment) {
        try {
            if (!await(CLOSED, () -> !runs.isOpen(deployment))) {
                runs.newest(deployment)
                        .filter(Runs::isOpen)
                        .ifPresent(run ->
                                runs.terminate(deployment, run.getExecution().getRunId(), "The deployment is retried"));
            }
        } catch (Runs.TemporalAway e) {
            throw e.problem();
        }
    }

    private Deployment current(Deployment deployment) {
        return Optional.of(deployment.id()).flatMap(state.deployments()::find).orElse(deployment);
    }

    private static boolean await(Duration time, BooleanSupplier condition) {
        var deadline = System.nanoTime() + time.toNanos();
        try {
            while (!condition.getAsBoolean()) {
                if (System.nanoTime() >= deadline) {
                    return false;
                }
                Thread.sleep(100);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
