package codehaven.model;

/** Why a deployment failed: the word for programs, whether trying again by itself can help, and what a person can do. */
public enum FailureKind {
    REPOSITORY_NOT_FOUND(false, "Check the address; a private repository needs credentials that can read it."),
    REPOSITORY_UNREACHABLE(true, "Check that the Git host is up and that this machine can reach it, then retry."),
    REF_NOT_FOUND(false, "Check the name of the branch, tag or commit, and that it was pushed."),
    REPOSITORY_REFUSED(
            false, "Change what the message names, or have an administrator raise the limit, then deploy again."),
    NO_PROJECT_FOUND(
            false, "Set the root directory to the folder with package.json or index.html, or give a build command."),
    INSTALL_FAILED(false, "Run the install command locally with the same lock file; fix it, commit and push."),
    BUILD_FAILED(false, "Run the build command locally; fix what the log names, commit and push."),
    BUILD_OUT_OF_MEMORY(false, "Raise the project's limits.buildMemoryMb, or make the build use less memory."),
    BUILD_TIMED_OUT(false, "Raise the project's limits.buildSeconds, or find what in the build waits for ever."),
    NO_OUTPUT(false, "Set the project's outputDirectory to the folder that the build writes."),
    HEALTH_CHECK_FAILED(false, "Make the app answer on $PORT at the health check's path, then retry."),
    REGISTRY_UNAVAILABLE(
            true, "Check that the image registry is up and that the Docker engine can reach it, then retry."),
    REGISTRY_REFUSED(false, "Check the registry's address, user and password."),
    DOCKER_UNAVAILABLE(true, "Start the Docker engine, or make the base image available to it, then retry."),
    STORAGE_UNAVAILABLE(true, "Check the S3 endpoint and its credentials, then retry."),
    CANCELED(false, "Retry to run it again."),
    TERMINATED(false, "It was ended from the workflow console. Retry to run it again."),
    UNEXPECTED(true, "Retry; if it happens again, report it with the deployment's id.");

    private final boolean retryable;
    private final String hint;

    FailureKind(boolean retryable, String hint) {
        this.retryable = retryable;
        this.hint = hint;
    }

    /** Whether the same step may succeed later without anybody changing anything. */
    public boolean retryable() {
        return retryable;
    }

    /** One sentence that says what to do when nothing more exact is known. */
    public String hint() {
        return hint;
    }
}
