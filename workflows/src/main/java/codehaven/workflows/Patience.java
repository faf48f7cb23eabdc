package codehaven.workflows;

import codehaven.model.BuildSettings;
import io.temporal.activity.ActivityCancellationType;
import io.temporal.activity.ActivityOptions;
import io.temporal.common.RetryOptions;
import java.time.Duration;

/** How long each step is waited for and how often it is tried again: every figure in one place, with its reason. */
public final class Patience {

    /** What a build may take when its project does not say: long enough for a large monorepo with a cold cache. */
    public static final Duration BUILD = Duration.ofMinutes(20);

    /** What a look at a repository takes at most; whoever waits for its workflow waits a little longer. */
    public static final Duration INSPECTION = Duration.ofSeconds(24);

    /**
     * A worker that is silent for so long is taken for dead. Workers beat every second or two; ten seconds ride out a
     * long garbage collection or a suspended laptop's wake-up, and keep a takeover under half a minute.
     */
    static final Duration SILENCE = Duration.ofSeconds(10);

    /** The first pause before trying again: most faults are a restart of something and over in seconds. */
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);

    /** The longest pause: whoever repairs a backend does not wait longer than this to see deployments go on. */
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(15);

    private Patience() {}

    /** A large history over a slow line, and a Git host that is away for the length of a typical incident's restart. */
    static ActivityOptions cloning(String summary) {
        return step(TaskQueues.DEPLOYMENTS, summary, Duration.ofMinutes(15), Duration.ofMinutes(45))
                .setCancellationType(ActivityCancellationType.TRY_CANCEL)
                .build();
    }

    /** The clone again, where another worker has it, and one archive over a home's uplink. */
    static ActivityOptions uploading(String summary) {
        return step(TaskQueues.DEPLOYMENTS, summary, Duration.ofMinutes(30), Duration.ofHours(2))
                .setCancellationType(ActivityCancellationType.TRY_CANCEL)
                .build();
    }

    /**
     * The step keeps the project's own limit itself, and says so better than a time-out here could: this one is only
     * for a worker that no longer can. Half an hour more is for the image, the caches and the output. A build may wait
     * for a free slot behind others for most of a day.
     */
    static ActivityOptions building(BuildSettings settings, String summary) {
        var seconds = settings.limits().buildSeconds();
        var limit = seconds == null ? BUILD : Duration.ofSeconds(seconds);
        return step(TaskQueues.BUILDS, summary, limit.plusMinutes(30), Duration.ofHours(20))
                .setCancellationType(ActivityCancellationType.TRY_CANCEL)
                .build();
    }

    /**
     * Once the pointer is moved the site is live, so a cancellation waits for the step's own word on whether it was:
     * a live site is never called cancelled.
     */
    static ActivityOptions publishing(String summary) {
        return step(TaskQueues.DEPLOYMENTS, summary, Duration.ofMinutes(30), Duration.ofHours(2))
                .setCancellationType(ActivityCancellationType.WAIT_CANCELLATION_COMPLETED)
                .build();
    }

    /**
     * The truth is written down however long the database is away; a single write that hangs is given up after half a
     * minute and tried again.
     */
    static ActivityOptions recording(String summary) {
        return ActivityOptions.newBuilder()
                .setTaskQueue(TaskQueues.DEPLOYMENTS)
                .setSummary(summary)
                .setStartToCloseTimeout(Duration.ofSeconds(30))
                .setRetryOptions(retries())
                .setCancellationType(ActivityCancellationType.WAIT_CANCELLATION_COMPLETED)
                .build();
    }

    /**
     * Somebody sits before it. Twenty seconds bring the newest commit of all but the largest repositories, and a look is
     * no deployment: whoever cannot wait can deploy without it. One more attempt, for a connection that broke; a host
     * that is away is told as such. A worker that is there takes it at once.
     */
    static ActivityOptions inspecting(String summary) {
        return ActivityOptions.newBuilder()
                .setTaskQueue(TaskQueues.DEPLOYMENTS)
                .setSummary(summary)
                .setScheduleToStartTimeout(Duration.ofSeconds(10))
                .setStartToCloseTimeout(Duration.ofSeconds(22))
                .setScheduleToCloseTimeout(INSPECTION)
                .setRetryOptions(RetryOptions.newBuilder()
                        .setInitialInterval(FIRST_PAUSE)
                        .setMaximumAttempts(2)
                        .build())
                .build();
    }

    /** The log is whole in the database until it is archived, so nobody waits for this; storage may be away for a day. */
    static ActivityOptions archiving() {
        return ActivityOptions.newBuilder()
                .setTaskQueue(TaskQueues.DEPLOYMENTS)
                .setSummary("Archive the log")
                .setStartToCloseTimeout(Duration.ofMinutes(5))
                .setScheduleToCloseTimeout(Duration.ofHours(24))
                .setRetryOptions(retries())
                .build();
    }

    private static ActivityOptions.Builder step(String queue, String summary, Duration oneAttempt, Duration inAll) {
        return ActivityOptions.newBuilder()
                .setTaskQueue(queue)
                .setSummary(summary)
                .setHeartbeatTimeout(SILENCE)
                .setStartToCloseTimeout(oneAttempt)
                .setScheduleToCloseTimeout(inAll)
                .setRetryOptions(retries());
    }

    private static RetryOptions retries() {
        return RetryOptions.newBuilder()
                .setInitialInterval(FIRST_PAUSE)
                .setBackoffCoefficient(1.7)
                .setMaximumInterval(LONGEST_PAUSE)
                .build();
    }
}
