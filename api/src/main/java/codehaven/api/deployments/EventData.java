package codehaven.api.deployments;

import codehaven.model.DeploymentEvent;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.DeploymentEvent.StatusChanged;
import codehaven.model.DeploymentEvent.StepChanged;
import codehaven.model.DeploymentStatus;
import codehaven.model.Failure;
import codehaven.model.Step;
import codehaven.model.StepRun;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What is told of one event: its name and its data. */
sealed interface EventData {

    record Status(
            DeploymentStatus status, Instant at, @Nullable Failure failure) implements EventData {}

    record StepData(
            Step step,
            StepRun.State state,
            int attempt,
            @Nullable Instant startedAt,
            @Nullable Instant endedAt) implements EventData {}

    /**
     * A line of the log.
     *
     * @param n its number, from 1
     * @param text with its ANSI sequences
     */
    record Line(long n, Instant at, @Nullable Step step, String stream, String text, Level level)
            implements EventData {}

    static EventData of(DeploymentEvent event) {
        return switch (event) {
            case StatusChanged status -> new Status(status.status(), status.at(), status.failure());
            case StepChanged(Instant at, StepRun run) ->
                new StepData(run.step(), run.state(), run.attempt(), run.startedAt(), run.endedAt());
            case LogLine line -> of(line);
        };
    }

    static Line of(LogLine line) {
        return new Line(line.n(), line.at(), line.step(), line.stream(), line.text(), line.level());
    }

    static String nameOf(DeploymentEvent event) {
        return switch (event) {
            case StatusChanged status -> "status";
            case StepChanged step -> "step";
            case LogLine line -> "log";
        };
    }
}
