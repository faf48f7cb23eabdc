package codehaven.activities.cloning;

import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import java.io.IOException;

/** What is wrong with a remote, in the words for its user; an IOException, so that it comes through JGit whole. */
final class RemoteProblem extends IOException {

    private final FailureKind kind;

    RemoteProblem(FailureKind kind, String sentence) {
        super(sentence);
        this.kind = kind;
    }

    StepFailure failure() {
        return new StepFailure(kind, String.valueOf(getMessage()), this);
    }
}
