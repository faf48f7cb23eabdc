package codehaven.workflows;

import codehaven.model.Checkpoint;
import codehaven.model.Checkpoint.BuiltOutput;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.Checkpoint.StoredSource;
import codehaven.model.DeploymentStatus;
import codehaven.model.Outcome;
import codehaven.model.Output;
import codehaven.model.Step;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.failure.TemporalFailure;
import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.Workflow;
import org.jspecify.annotations.Nullable;

/** From a Git source to a live site: the whole story of a deployment, top to bottom. */
public final class BuildAndPublish implements DeploymentWorkflow {

    private DeploymentStatus status = DeploymentStatus.QUEUED;
    private Checkpoint soFar = Checkpoint.NONE;

    @Override
    public void deploy(DeploymentRequest request) {
        soFar = request.resume();
        Output output;
        try {
            var tree = clone(request);
            var source = upload(request, tree);
            var built = build(request, tree, source);
            output = publish(request, tree, built);
        } catch (TemporalFailure thrown) {
            var outcome = outcomeOf(thrown);
            finish(request, outcome, null);
            throw outcome instanceof Outcome.Failed failed ? StepFailure.ending(failed.failure(), thrown) : thrown;
        }
        finish(request, new Outcome.Ready(), output);
    }

    @Override
    public DeploymentStatus status() {
        return status;
    }

    private ClonedTree clone(DeploymentRequest request) {
        if (soFar.cloned() != null && soFar.stored() != null) {
            return soFar.cloned();
        }
        enter(request, Step.CLONING);
        var tree = Workflow.newActivityStub(Cloning.class, Patience.cloning("Clone " + nameOf(request)))
                .clone(request);
        soFar = new Checkpoint(tree, null, null);
        Workflow.upsertTypedSearchAttributes(
                SearchAttributes.COMMIT_SHA.valueSet(tree.commit().sha().text()));
        if (tree.branch() != null) {
            Workflow.upsertTypedSearchAttributes(SearchAttributes.BRANCH.valueSet(tree.branch()));
        }
        return tree;
    }

    private StoredSource upload(DeploymentRequest request, ClonedTree tree) {
        if (soFar.stored() != null) {
            return soFar.stored();
        }
        enter(request, Step.UPLOADING);
        var source = Workflow.newActivityStub(Uploading.class, Patience.uploading("Store the source of " + shaOf(tree)))
                .upload(request, tree);
        soFar = new Checkpoint(tree, source, null);
        return source;
    }

    private BuiltOutput build(DeploymentRequest request, ClonedTree tree, StoredSource source) {
        if (soFar.built() != null) {
            return soFar.built();
        }
        enter(request, Step.BUILDING);
        var built = Workflow.newActivityStub(
                        Building.class, Patience.building(request.settings(), "Build " + shaOf(tree)))
                .build(request, tree, source);
        soFar = new Checkpoint(tree, source, built);
        return built;
    }

    private Output publish(DeploymentRequest request, ClonedTree tree, BuiltOutput built) {
        enter(request, Step.PUBLISHING);
        return Workflow.newActivityStub(
                        Publishing.class,
                        Patience.publishing("Publish " + built.files() + " files of " + request.project()))
                .publish(request, tree, built);
    }

    private void enter(DeploymentRequest request, Step step) {
        tell(request, step.status());
        recording("Record " + status).enter(request.deployment(), status, soFar);
    }

    /** Written down whatever is cancelled meanwhile: what has ended has ended. */
    private void finish(DeploymentRequest request, Outcome outcome, @Nullable Output output) {
        Workflow.newDetachedCancellationScope(() -> {
                    tell(request, outcome.status());
                    recording("Record " + status).finish(request.deployment(), outcome, soFar, output);
                    archive(request);
                })
                .run();
    }

    /** A log that stays where it is does not change how the deployment ended. */
    private static void archive(DeploymentRequest request) {
        try {
            Workflow.newActivityStub(Recording.class, Patience.archiving()).archive(request.deployment());
        } catch (ActivityFailure e) {
            Workflow.getLogger(BuildAndPublish.class)
                    .warn("the log of {} was not archived and stays in the database", request.deployment(), e);
        }
    }

    private void tell(DeploymentRequest request, DeploymentStatus next) {
        status = next;
        Workflow.upsertTypedSearchAttributes(SearchAttributes.DEPLOYMENT_STATUS.valueSet(next.name()));
        Workflow.setCurrentDetails("**" + next + "** · " + request.project() + " · " + nameOf(request));
    }

    /** What breaks because it was stopped is not a failure; publishing alone says itself how far it came. */
    private Outcome outcomeOf(TemporalFailure thrown) {
        var stopped = CancellationScope.current().isCancelRequested() && status != DeploymentStatus.PUBLISHING;
        if (stopped || thrown instanceof CanceledFailure || thrown.getCause() instanceof CanceledFailure) {
            return new Outcome.Canceled();
        }
        return new Outcome.Failed(StepFailure.failureOf(thrown, stepOf(status)));
    }

    private static @Nullable Step stepOf(DeploymentStatus status) {
        return switch (status) {
            case CLONING -> Step.CLONING;
            case UPLOADING -> Step.UPLOADING;
            case BUILDING -> Step.BUILDING;
            case PUBLISHING -> Step.PUBLISHING;
            case QUEUED, READY, FAILED, CANCELED, SUPERSEDED -> null;
        };
    }

    private static Recording recording(String summary) {
        return Workflow.newActivityStub(Recording.class, Patience.recording(summary));
    }

    private static String nameOf(DeploymentRequest request) {
        var ref = request.source().ref();
        return (ref == null ? "the default branch" : ref) + " of "
                + request.source().repository();
    }

    private static String shaOf(ClonedTree tree) {
        return tree.commit().sha().abbreviated();
    }
}
