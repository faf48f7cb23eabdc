package codehaven.activities.inspecting;

import codehaven.activities.Settings;
import codehaven.activities.StepScope;
import codehaven.activities.building.DeployableFolders;
import codehaven.activities.cloning.Trees;
import codehaven.model.FailureKind;
import codehaven.model.Inspection;
import codehaven.workflows.Inspecting;
import codehaven.workflows.InspectionRequest;
import codehaven.workflows.StepFailure;
import io.temporal.activity.Activity;
import java.io.IOException;
import java.time.Duration;
import java.util.UUID;

/** Clones one commit with JGit as a deployment does, within the same bounds and less time, reads it and deletes it. */
public final class JGitInspecting implements Inspecting {

    /** Below the activity's own limit, so that the reason is told. */
    private static final Duration LONGEST = Duration.ofSeconds(20);

    private final Trees trees;

    public JGitInspecting(Settings settings) {
        this.trees = Trees.hasty(settings);
    }

    @Override
    public Inspection inspect(InspectionRequest request) {
        var attempt = Activity.getExecutionContext().getInfo().getAttempt();
        try {
            return look(request, new Glance(LONGEST));
        } catch (StepFailure failure) {
            throw failure.crossing(attempt);
        } catch (IOException | RuntimeException e) {
            throw new StepFailure(FailureKind.UNEXPECTED, "The worker could not look at the repository: " + e, e)
                    .crossing(attempt);
        }
    }

    Inspection look(InspectionRequest request, StepScope scope) throws IOException {
        var unique = "look" + UUID.randomUUID().toString().replace("-", "");
        try {
            return trees.look(request.source(), unique, scope, (cloned, directory) -> {
                var found = DeployableFolders.in(directory, request.rootDirectory());
                return new Inspection(
                        cloned.branch(),
                        cloned.defaultBranch(),
                        cloned.commit(),
                        found.root(),
                        found.candidates(),
                        found.problem());
            });
        } catch (StepScope.Stopped late) {
            throw new StepFailure(
                    FailureKind.REPOSITORY_REFUSED,
                    "The repository is too large to look at within " + LONGEST.toSeconds() + " seconds.",
                    "Deploy it without a look: a deployment has more time and detects the same.",
                    null,
                    null,
                    late);
        }
    }
}
