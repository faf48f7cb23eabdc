package codehaven.workflows;

/** The names of the queues that workers poll. */
public final class TaskQueues {
    /** Workflows and the light steps. */
    public static final String DEPLOYMENTS = "deployments";
    /** Builds, which need a Docker engine, memory and patience. */
    public static final String BUILDS = "builds";

    private TaskQueues() {}
}
