package codehaven.model;

/** The four things done to a commit, in their order; each is also the status while it runs. */
public enum Step {
    CLONING,
    UPLOADING,
    BUILDING,
    PUBLISHING;

    /** The status of a deployment while this step runs: the same word. */
    public DeploymentStatus status() {
        return DeploymentStatus.valueOf(name());
    }
}
