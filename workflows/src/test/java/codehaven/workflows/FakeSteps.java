package codehaven.workflows;

import codehaven.model.Checkpoint;
import codehaven.model.Checkpoint.BuiltOutput;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.Checkpoint.StoredSource;
import codehaven.model.Commit;
import codehaven.model.CommitSha;
import codehaven.model.DeploymentStatus;
import codehaven.model.FailureKind;
import codehaven.model.Kind;
import codehaven.model.Outcome;
import codehaven.model.Output;
import io.temporal.activity.Activity;
import io.temporal.client.ActivityCompletionException;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** All five ports, without the world behind them: each says in {@link #told} that it was called, and does as it is told. */
final class FakeSteps implements Cloning, Uploading, Building, Publishing, Recording {

    static final ClonedTree TREE = new ClonedTree(
            new Commit(new CommitSha("a".repeat(40)), "Say hello", "Ada", Instant.EPOCH),
            "main",
            "main",
            "b".repeat(40),
            3,
            1_000);
    static final StoredSource SOURCE = new StoredSource("c".repeat(64), 500, true);
    static final BuiltOutput BUILT =
            new BuiltOutput("outputs/k3v9x2mq.tar.zst", "vite", Kind.STATIC, 14, 214_512, true, "hit", null);
    static final Output OUTPUT = new Output(14, 214_512, 2, 812L, "hit");

    /** What a step does, besides answering. */
    @FunctionalInterface
    interface Deed {
        void run() throws Exception;
    }

    /** What was called, in order, with what was recorded. */
    final List<String> told = new CopyOnWriteArrayList<>();

    volatile Deed cloning = () -> {};
    volatile Deed uploading = () -> {};
    volatile Deed building = () -> {};
    volatile Deed publishing = () -> {};
    volatile Deed entering = () -> {};
    volatile Deed archiving = () -> {};

    volatile @Nullable Outcome outcome;
    volatile @Nullable Output published;
    volatile Checkpoint stored = Checkpoint.NONE;

    /** Open as soon as a step waits. */
    final CountDownLatch waiting = new CountDownLatch(1);

    @Override
    public ClonedTree clone(DeploymentRequest request) {
        return answer("clone", cloning, TREE);
    }

    @Override
    public StoredSource upload(DeploymentRequest request, ClonedTree tree) {
        return answer("upload", uploading, SOURCE);
    }

    @Override
    public BuiltOutput build(DeploymentRequest request, ClonedTree tree, StoredSource source) {
        return answer("build", building, BUILT);
    }

    @Override
    public Output publish(DeploymentRequest request, ClonedTree tree, BuiltOutput built) {
        return answer("publish", publishing, OUTPUT);
    }

    @Override
    public void enter(String deployment, DeploymentStatus status, Checkpoint soFar) {
        stored = soFar;
        answer("enter " + status, entering, "");
    }

    @Override
    public void finish(String deployment, Outcome end, Checkpoint soFar, @Nullable Output output) {
        stored = soFar;
        outcome = end;
        published = output;
        told.add("finish " + end.status());
    }

    @Override
    public void archive(String deployment) {
        answer("archive", archiving, "");
    }

    private <T> T answer(String name, Deed deed, T answer) {
        told.add(name);
        try {
            deed.run();
        } catch (StepFailure e) {
            throw e.crossing(Activity.getExecutionContext().getInfo().getAttempt());
        } catch (Exception e) {
            throw Activity.wrap(e);
        }
        return answer;
    }

    /** Fails the first attempts, then no more. */
    static Deed failing(int times, FailureKind kind, String message) {
        return () -> {
            if (Activity.getExecutionContext().getInfo().getAttempt() <= times) {
                throw new StepFailure(kind, message);
            }
        };
    }

    /** Works until it is cancelled, and stops then, as a step should. */
    Deed untilCanceled() {
        return () -> {
            while (true) {
                Activity.getExecutionContext().heartbeat(null);
                waiting.countDown();
                TimeUnit.MILLISECONDS.sleep(20);
            }
        };
    }

    /** Works until it is cancelled, and succeeds in spite of it: what it does was done already. */
    Deed doneInSpiteOfCancellation() {
        return () -> {
            try {
                untilCanceled().run();
            } catch (ActivityCompletionException e) {
                told.add("heard of the cancellation");
            }
        };
    }
}
