package codehaven.model;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** How a deployment ended. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "is")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Outcome.Ready.class, name = "ready"),
    @JsonSubTypes.Type(value = Outcome.Failed.class, name = "failed"),
    @JsonSubTypes.Type(value = Outcome.Canceled.class, name = "canceled")
})
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
