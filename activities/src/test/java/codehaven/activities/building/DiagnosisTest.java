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
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class DiagnosisTest {

    private final LoneScope scope = new LoneScope("d1", Step.BUILDING);

    private StepFailure failure(int attempt, Exit exit) {
        return failure(attempt, exit, Phase.Name.BUILD, "");
    }

    private StepFailure failure(Phase.Name name, String printed) {
        return failure(1, new Exit(Ended.BY_ITSELF, 1, false), name, printed);
    }

    private StepFailure failure(int attempt, Exit exit, Phase.Name name, String printed) {
        var phase = new Phase(name, "", "npm run build");
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
        var feed = new OutputFeed(scope, 0);
        var bytes = printed.getBytes(StandardCharsets.UTF_8);
        feed.take(false, bytes, 0, bytes.length);
        feed.end();
        return Diagnosis.of(order, phase, exit, Running.HOME, feed, scope);
    }

    @Test
    void theHostThatDidNotAnswerIsTheReasonAndNotAWarningBeforeIt() {
        var install = failure(Phase.Name.INSTALL, """
                npm warn Could not resolve dependency:
                npm warn peer react@"0.0.0" from gatsby@5.16.1
                npm error code 1
                npm error sharp: Please see https://example.com/install
                npm error sharp: Installation error: getaddrinfo ENOTFOUND downloads.example.com
                """);
        assertThat(install.kind()).isEqualTo(FailureKind.INSTALL_FAILED);
        assertThat(install).hasMessageContaining("getaddrinfo ENOTFOUND downloads.example.com");
        assertThat(install.hint()).contains("could not be reached");

        var pnpm = failure(
                Phase.Name.INSTALL,
                " ERR_PNPM_META_FETCH_FAIL  GET https://npm.example.com/vite: request failed, reason: getaddrinfo EAI_AGAIN npm.example.com\n");
        assertThat(pnpm.hint()).contains("could not be reached");

        assertThat(failure(Phase.Name.INSTALL, """
                npm error code ENOTFOUND
                npm error errno ENOTFOUND
                npm error network request to https://npm.example.com/vite failed, reason: getaddrinfo ENOTFOUND npm.example.com
                """))
                .hasMessageContaining("network request to https://npm.example.com/vite");
        assertThat(failure(Phase.Name.INSTALL, """
                npm error code ERR_SOCKET_TIMEOUT
                npm error network Socket timeout
                """).hint()).contains("could not be reached");

        var build = failure(Phase.Name.BUILD, """
                TypeError: fetch failed
                    at node:internal/deps/undici/undici:15270:13 {
                  [cause]: Error: getaddrinfo ENOTFOUND cms.example.com
                """);
        assertThat(build.kind()).isEqualTo(FailureKind.BUILD_FAILED);
        assertThat(build).hasMessageContaining("ENOTFOUND cms.example.com");
        assertThat(build.hint()).contains("could not be reached");

        assertThat(failure(Phase.Name.BUILD, """
                Failed to compile.

                app/layout.tsx
                `next/font` error:
                Failed to fetch `Inter` from Google Fonts.
                """)).hasMessageContaining("Failed to fetch `Inter` from Google Fonts");
    }

    @Test
    void aWrongImportIsTheReasonWhateverElseCouldNotBeReached() {
        var build = failure(Phase.Name.BUILD, """
                telemetry: getaddrinfo ENOTFOUND telemetry.example.com
                src/main.ts: RollupError: Could not resolve "./basket" from "src/main.ts"
                """);
        assertThat(build).hasMessageContaining("Could not resolve \"./basket\"");
        assertThat(build.hint()).doesNotContain("reached");
    }

    @Test
    void theReasonIsFoundAboveALongTrace() {
        var build = failure(
                Phase.Name.BUILD,
                "Error: Cannot find module 'side-channel'\n" + "    at Module.load (node:internal:1)\n".repeat(60)
                        + "error Command failed with exit code 1.\n"
                        + "info Visit https://example.com/docs for documentation about this command.\n");
        assertThat(build).hasMessageContaining("Cannot find module 'side-channel'");
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
