package codehaven.model;

/** How a deployment ended. */
public sealed interface Outcome {
    DeploymentStatus status();

    /** The site is live at the deployment's own address. */
    record Ready() implements Outcome {
        @Override
        public DeploymentStatus status() {
            return DeploymentStatus.READY;
        }
    }

    record Failed(Failure failure) implements Outcome {
        @Override
        public DeploymentStatus status() {
            return DeploymentStatus.FAILED;
        }
    }

    record Canceled() implements Outcome {
        @Override
        public DeploymentStatus status() {
            return DeploymentStatus.CANCELED;
        }
    }
}
