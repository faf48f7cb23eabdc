package codehaven.model;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** One thing that happened to a deployment. Its place in the timeline is a number that counts from 1 without a gap. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "event")
@JsonSubTypes({
    @JsonSubTypes.Type(value = DeploymentEvent.StatusChanged.class, name = "status"),
    @JsonSubTypes.Type(value = DeploymentEvent.StepChanged.class, name = "step"),
    @JsonSubTypes.Type(value = DeploymentEvent.LogLine.class, name = "log")
})
public sealed interface DeploymentEvent {
    Instant at();

    record StatusChanged(
            Instant at, DeploymentStatus status, @Nullable Failure failure) implements DeploymentEvent {}

    record StepChanged(Instant at, StepRun run) implements DeploymentEvent {}

    /**
     * One line of the log, ANSI sequences kept, secrets masked.
     *
     * @param n its number, from 1, as an editor would count
     * @param stream {@code stdout}, {@code stderr}, or {@code system} for what the platform itself says
     */
    record LogLine(Instant at, long n, @Nullable Step step, String stream, String text, Level level)
            implements DeploymentEvent {}

    /** How a line is meant; written in lower case in JSON. */
    enum Level {
        info,
        warn,
        error
    }

    /** An event and its place. */
    record Placed(long position, DeploymentEvent event) {}
}
