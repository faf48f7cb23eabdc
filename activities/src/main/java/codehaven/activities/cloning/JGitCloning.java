package codehaven.activities.cloning;

import codehaven.activities.Settings;
import codehaven.activities.StepRunner;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.Step;
import codehaven.workflows.Cloning;
import codehaven.workflows.DeploymentRequest;

/** Clones with JGit: one commit, shallow, judged before any of it is written. */
public final class JGitCloning implements Cloning {

    private final StepRunner runner;
    private final Trees trees;

    public JGitCloning(StepRunner runner, Settings settings) {
        this(runner, new Trees(settings));
    }

    JGitCloning(StepRunner runner, Trees trees) {
        this.runner = runner;
        this.trees = trees;
    }

    @Override
    public ClonedTree clone(DeploymentRequest request) {
        return runner.run(Step.CLONING, request, scope -> trees.clone(request, scope));
    }
}
