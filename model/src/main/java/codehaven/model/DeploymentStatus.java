package codehaven.model;

/** Where a deployment is in its life. The names are what REST, the timeline, the console and metrics say. */
public enum DeploymentStatus {
    QUEUED,
    CLONING,
    UPLOADING,
    BUILDING,
    PUBLISHING,
    READY,
    FAILED,
    CANCELED,
    /** A newer commit of the same branch took its place before it began. */
    SUPERSEDED;

    /** Whether nothing more happens by itself; a retry or a reset may still begin it again. */
    public boolean isFinal() {
        return switch (this) {
            case QUEUED, CLONING, UPLOADING, BUILDING, PUBLISHING -> false;
            case READY, FAILED, CANCELED, SUPERSEDED -> true;
        };
    }
}
