package codehaven.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The first thing that a newcomer types. */
final class DemoTest {

    @Test
    void servesTheExampleBuiltInAContainer() throws Exception {
        assertThat(Program.firstDemo()).contains("the page of commit").doesNotContain("no Docker engine");
    }

    @Test
    void servesTheExampleWithoutADockerEngineAndSaysSo(@TempDir Path data) throws Exception {
        var nobody = "unix://" + data.resolve("no-engine.sock");
        var demo = Haven.start(Map.of("CODEHAVEN_DOCKER_HOST", nobody), "demo", "--exit", "--data", data.toString());
        assertThat(demo.exitCode()).as(demo.output()).isZero();
        assertThat(demo.output()).contains("the page of commit").contains("no Docker engine");
    }

    @Test
    void wrongSettingIsNamed(@TempDir Path data) throws Exception {
        var demo = Haven.start(
                Map.of("CODEHAVEN_BUILDS", "many"), "up", "--data", data.toString(), "--port", "0", "--edge-port", "0");
        assertThat(demo.exitCode()).as(demo.output()).isEqualTo(Main.USAGE);
        assertThat(demo.output()).contains("CODEHAVEN_BUILDS").doesNotContain("\tat ");
    }

    @Test
    void rolesNameTheSettingThatTheyMiss() throws Exception {
        for (var role : new String[] {"server", "worker", "edge"}) {
            var started = Haven.start(Map.of(), role);
            assertThat(started.exitCode()).as(started.output()).isEqualTo(Main.USAGE);
            assertThat(started.output()).contains("CODEHAVEN_").doesNotContain("\tat ");
        }
    }
}
