package codehaven.api.deployments;

import codehaven.model.Deployment;
import codehaven.model.DeploymentEvent;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.DeploymentEvent.StatusChanged;
import codehaven.model.DeploymentEvent.StepChanged;
import codehaven.model.DeploymentStatus;
import codehaven.model.Failure;
import codehaven.model.Step;
import codehaven.model.StepRun;
import codehaven.state.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Reads from the timeline what the record of a deployment no longer says: when it was queued last, and the attempts
 * before the last one of a step. Most deployments have nothing of the kind, and their timelines are not read.
 */
@Component
public final class Histories {

    private static final int KEPT = 256;

    /** A wait that is longer may be that of a deployment that was cancelled in the queue and put there again. */
    private static final Duration SUSPICIOUS = Duration.ofSeconds(10);

    private static final Pattern AGAIN = Pattern.compile("\\s*It is tried again\\.$");

    private final State state;
    private final Map<String, Reading> readings = new LinkedHashMap<>(16, 0.75f, true);

    Histories(State state) {
        this.state = state;
    }

    public History of(Deployment deployment) {
        if (!isToBeRead(deployment)) {
            return new History(deployment.createdAt(), List.of());
        }
        Reading reading;
        synchronized (readings) {
            reading = readings.computeIfAbsent(deployment.id(), id -> new Reading(deployment));
            if (readings.size() > KEPT) {
                readings.remove(readings.keySet().iterator().next());
            }
        }
        return reading.toTheEnd(state);
    }

    /** The lines of the log that a failure names, at most so many of them. */
    public List<LogLine> lines(Deployment deployment, Failure.Lines lines, int most) {
        return state.timeline().lines(deployment.id(), lines.from(), Math.min(lines.to(), lines.from() + most - 1L));
    }

    private static boolean isToBeRead(Deployment deployment) {
        var steps = deployment.steps();
        if (steps.stream().anyMatch(each -> each.attempt() > 1 || each.state() == StepRun.State.reused)) {
            return true;
        }
        var over = steps.stream()
                .anyMatch(each -> each.state() == StepRun.State.failed || each.state() == StepRun.State.canceled);
        if (over && !deployment.status().isFinal()) {
            return true;
        }
        var begun = steps.isEmpty() ? null : steps.getFirst().startedAt();
        return Duration.between(deployment.createdAt(), begun == null ? Instant.now() : begun)
                        .compareTo(SUSPICIOUS)
                > 0;
    }

    /** One timeline, as far as it was read; what is in it never changes. */
    private static final class Reading {
        private final String id;
        private final List<History.Attempt> attempts = new ArrayList<>();
        private final Map<Step, StepRun> newest = new EnumMap<>(Step.class);
        private Instant queuedAt;
        private long position;
        private Instant heard;
        private @Nullable String said;

        Reading(Deployment deployment) {
            id = deployment.id();
            queuedAt = deployment.createdAt();
            heard = queuedAt;
        }

        synchronized History toTheEnd(State state) {
            state.timeline().forEach(id, position, placed -> {
                take(placed.event());
                position = placed.position();
            });
            return new History(queuedAt, attempts);
        }

        private void take(DeploymentEvent event) {
            switch (event) {
                case StatusChanged changed -> {
                    if (changed.status() == DeploymentStatus.QUEUED) {
                        queuedAt = changed.at();
                        attempts.clear();
                        newest.clear();
                    }
                }
                case StepChanged(var _, StepRun run) -> take(run);
                case LogLine line -> {
                    heard = line.at();
                    if (line.stream().equals("system") && line.level() != Level.info) {
                        said = AGAIN.matcher(line.text()).replaceFirst("");
                    }
                }
            }
        }

        private void take(StepRun run) {
            var before = newest.put(run.step(), run);
            if (before != null && before.startedAt() != null && before.attempt() < run.attempt()) {
                attempts.add(new History.Attempt(
                        run.step(),
                        before.attempt(),
                        before.startedAt(),
                        before.endedAt() != null
                                ? before.endedAt()
                                : heard.isBefore(before.startedAt()) ? before.startedAt() : heard,
                        said));
            }
            if (run.state() == StepRun.State.running) {
                said = null;
                heard = run.startedAt() == null ? heard : run.startedAt();
            }
        }
    }
}
