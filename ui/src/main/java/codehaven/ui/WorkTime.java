package codehaven.ui;

import codehaven.api.deployments.DeploymentView;
import codehaven.model.StepRun;
import java.time.Duration;
import java.time.Instant;

/** How long was worked on a deployment; waiting is not work. */
final class WorkTime {

    private WorkTime() {}

    static Duration of(DeploymentView deployment, Instant now) {
        var sum = Duration.ZERO;
        for (var each : deployment.steps()) {
            sum = sum.plus(of(each, now));
        }
        return sum;
    }

    static Duration of(StepRun step, Instant now) {
        if (step.state() == StepRun.State.reused || step.startedAt() == null) {
            return Duration.ZERO;
        }
        var end = step.endedAt() == null ? now : step.endedAt();
        return end.isAfter(step.startedAt()) ? Duration.between(step.startedAt(), end) : Duration.ZERO;
    }
}
