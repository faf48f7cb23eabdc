package codehaven.state;

import codehaven.model.BuildSettings;
import codehaven.model.Checkpoint;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.Outcome;
import codehaven.model.Output;
import codehaven.model.Slug;
import codehaven.model.StepRun;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * All deployments. Writers name the workflow run they act for; a write of a run that is not the deployment's current
 * one changes nothing and returns false, so a zombie cannot rewrite what its successor wrote.
 */
public final class Deployments {

    /** Absent means any. */
    public record Filter(
            @Nullable Slug project,
            @Nullable String branch,
            @Nullable DeploymentStatus status,
            @Nullable Environment environment) {}

    /**
     * @return false if the id is taken
     */
    public boolean insert(Deployment deployment) {
        throw new UnsupportedOperationException();
    }

    public Optional<Deployment> find(String id) {
        throw new UnsupportedOperationException();
    }

    /**
     * Newest first (by creation, then id).
     *
     * @param after the id of the last one of the page before
     */
    public List<Deployment> list(Filter filter, @Nullable String after, int limit) {
        throw new UnsupportedOperationException();
    }

    /** Those without a final status, oldest first. */
    public List<Deployment> active(int limit) {
        throw new UnsupportedOperationException();
    }

    /** Makes a run the current one if the deployment's run is still the expected one. */
    public boolean adopt(String id, @Nullable String expectedRun, String run) {
        throw new UnsupportedOperationException();
    }

    /** Sets a status that is not final, clears failure and finishedAt, and stores what the steps left so far. */
    public boolean enter(String id, String run, DeploymentStatus status, Checkpoint soFar) {
        throw new UnsupportedOperationException();
    }

    /** Adds the step's run, or replaces the one of the same step. */
    public boolean step(String id, String run, StepRun step) {
        throw new UnsupportedOperationException();
    }

    /**
     * Sets a final status. A deployment that is READY stays READY.
     *
     * @param run the current run, or null for whoever ended it from outside (then any run matches that is not final)
     */
    public boolean finish(
            String id, @Nullable String run, Outcome outcome, Checkpoint soFar, @Nullable Output output, Instant at) {
        throw new UnsupportedOperationException();
    }

    /**
     * FAILED or CANCELED → QUEUED with the settings given, for a retry; failure and finishedAt are cleared.
     *
     * @return the deployment as it is now, or empty if its status forbids it
     */
    public Optional<Deployment> reopen(String id, BuildSettings settings, Checkpoint resume) {
        throw new UnsupportedOperationException();
    }

    /** Remembers how far the log is archived. */
    public void archived(String id, long throughPosition) {
        throw new UnsupportedOperationException();
    }

    public void deleteOf(Slug project) {
        throw new UnsupportedOperationException();
    }
}
