package codehaven.api.deployments;

import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.Slug;
import codehaven.model.Step;
import codehaven.model.StepRun;
import codehaven.state.Deployments.Filter;
import codehaven.state.State;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** How long deployments usually take: the median of the last ten READY ones of an environment. */
@Component
public final class UsualTimes {

    private static final int LAST = 10;
    private static final int LEAST = 3;

    private final State state;

    UsualTimes(State state) {
        this.state = state;
    }

    /**
     * What is usual.
     *
     * @param whole of all steps together, without waiting
     */
    public record Times(Duration whole, Map<Step, Duration> steps) {
        public Times {
            steps = Map.copyOf(steps);
        }
    }

    /** Empty as long as there are fewer than three to tell from. */
    public Optional<Times> of(Slug project, Environment environment) {
        var ready =
                state.deployments().list(new Filter(project, null, DeploymentStatus.READY, environment), null, LAST);
        if (ready.size() < LEAST) {
            return Optional.empty();
        }
        var steps = new EnumMap<Step, Duration>(Step.class);
        for (var step : Step.values()) {
            var took = ready.stream()
                    .flatMap(each -> each.steps().stream().filter(run -> run.step() == step))
                    .map(UsualTimes::of)
                    .toList();
            if (took.size() >= LEAST) {
                steps.put(step, median(took));
            }
        }
        return Optional.of(
                new Times(median(ready.stream().map(UsualTimes::worked).toList()), steps));
    }

    private static Duration worked(Deployment deployment) {
        return deployment.steps().stream().map(UsualTimes::of).reduce(Duration.ZERO, Duration::plus);
    }

    private static Duration of(StepRun run) {
        return run.startedAt() == null || run.endedAt() == null
                ? Duration.ZERO
                : Duration.between(run.startedAt(), run.endedAt());
    }

    private static Duration median(List<Duration> all) {
        return all.stream().sorted().toList().get(all.size() / 2);
    }
}
