package codehaven.model;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One immutable attempt to put one commit live, and how far it is.
 *
 * @param id eight characters of {@code a-z0-9}; the workflow's id is {@code deploy-<id>}
 * @param generation orders the deployments, rollbacks and promotions of a project: the higher one owns a host
 * @param branch the branch it is of; absent for a tag or commit, and before the clone has resolved it
 * @param run which workflow run writes it now: a run that is no longer current cannot write
 * @param checkpoint what the steps so far stored, for a retry to go on from
 * @param archivedThrough the last position of the timeline that is in the archived log; 0 when none is
 */
public record Deployment(
        String id,
        Slug project,
        Environment environment,
        DeploymentStatus status,
        Trigger trigger,
        GitSource source,
        BuildSettings settings,
        long generation,
        @Nullable String branch,
        @Nullable Commit commit,
        @Nullable String framework,
        @Nullable Kind kind,
        Instant createdAt,
        @Nullable Instant finishedAt,
        List<StepRun> steps,
        @Nullable Failure failure,
        @Nullable Output output,
        @Nullable Checkpoint checkpoint,
        @Nullable String run,
        long archivedThrough) {

    public Deployment {
        steps = List.copyOf(steps);
    }

    /** The id of the workflow that carries it. */
    public String workflowId() {
        return workflowId(id);
    }

    public static String workflowId(String deploymentId) {
        return "deploy-" + deploymentId;
    }
}
