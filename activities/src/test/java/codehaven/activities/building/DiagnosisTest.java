package codehaven.activities.building;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.activities.LoneScope;
import codehaven.activities.building.BuildOrder.Phase;
import codehaven.activities.building.BuildOrder.Walls;
import codehaven.activities.building.Sandbox.Ended;
import codehaven.activities.building.Sandbox.Exit;
import codehaven.model.FailureKind;
import codehaven.model.Step;
import codehaven.workflows.StepFailure;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class DiagnosisTest {

    private final LoneScope scope = new LoneScope("d1", Step.BUILDING);

    private StepFailure failure(int attempt, Exit exit) {
        var phase = new Phase(Phase.Name.BUILD, "", "npm run build");
        var order = new BuildOrder(
                "d1",
                "site",
                "run-1",
                attempt,
                "node:22",
                List.of(phase),
                List.of(),
                Map.of(),
                new Walls(512, 1, 100, 1000, 1000, Duration.ofMinutes(1)),
                Path.of("source"),
                Path.of("work"));
        return Diagnosis.of(order, phase, exit, Running.HOME, new OutputFeed(scope, 0), scope);
    }

    @Test
    void onlyKillsCountAgainstABuildThatIsKilled() {
        var killed = new Exit(Ended.FROM_OUTSIDE, 137, false);
        assertThat(failure(7, killed).kind())
                .as("the six attempts before had other troubles")
                .isEqualTo(FailureKind.DOCKER_UNAVAILABLE);
        assertThat(failure(8, killed).kind()).isEqualTo(FailureKind.DOCKER_UNAVAILABLE);
        var last = failure(9, killed);
        assertThat(last.kind()).isEqualTo(FailureKind.BUILD_FAILED);
        assertThat(last).hasMessageEndingWith("ended without a result (exit code 137), 3 times.");
        assertThat(last.hint()).contains("limits.buildMemoryMb");
    }
}
