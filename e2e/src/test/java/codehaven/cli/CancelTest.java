package codehaven.cli;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.dev.DevGit;
import codehaven.dev.TemporalProgram;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Cancel, terminate and reset, from REST and from Temporal's own program: the container goes, and REST tells the truth. */
final class CancelTest {

    @TempDir
    static Path directory;

    static DevGit git;
    static Haven haven;
    static String repository;

    @BeforeAll
    static void start() throws Exception {
        git = DevGit.start(directory.resolve("git"));
        haven = Haven.up(directory.resolve("data"), Map.of());
        repository = git.create(
                        "slow",
                        FailuresTest.withBuild(
                                "import { existsSync, mkdirSync, writeFileSync } from 'node:fs';\nconsole.log('building');\nawait new Promise((r) => setTimeout(r, Number(process.env.PAUSE ?? 600000)));\nmkdirSync('dist', { recursive: true });\nwriteFileSync('dist/index.html', 'slow');\n"))
                .url();
    }

    @AfterAll
    static void stop() {
        haven.close();
        git.close();
    }

    @Test
    void cancelByRest() throws Exception {
        var id = building();
        haven.post("/v1/deployments/" + id + "/cancel", Map.of(), 202);
        haven.awaitStatus(id, "CANCELED", Duration.ofSeconds(5));
        awaitNoContainer(id);
        var again = haven.raw(haven.request("/v1/deployments/" + id + "/cancel")
                .POST(java.net.http.HttpRequest.BodyPublishers.noBody()));
        assertThat(again.statusCode()).as(again.body()).isEqualTo(409);
    }

    @Test
    void cancelByTemporalsProgram() throws Exception {
        var id = building();
        temporal("workflow", "cancel", "-w", "deploy-" + id);
        haven.awaitStatus(id, "CANCELED", Duration.ofSeconds(5));
        awaitNoContainer(id);
    }

    @Test
    void terminationIsToldAsAFailure() throws Exception {
        var id = building();
        temporal("workflow", "terminate", "-w", "deploy-" + id, "--reason", "test");
        var ended = haven.awaitStatus(id, "FAILED", Duration.ofSeconds(10));
        assertThat(ended.path("failure").path("kind").asText()).isEqualTo("TERMINATED");
        awaitNoContainer(id);
    }

    @Test
    void resetRunsItAgainAndCanBeCancelled() throws Exception {
        var id = building();
        haven.post("/v1/deployments/" + id + "/cancel", Map.of(), 202);
        haven.awaitStatus(id, "CANCELED", Duration.ofSeconds(5));
        temporal("workflow", "reset", "-w", "deploy-" + id, "-t", "FirstWorkflowTask", "--reason", "test");
        haven.awaitStatus(id, "BUILDING", Duration.ofSeconds(30));
        Haven.await(
                "the new run's container",
                Duration.ofSeconds(30),
                () -> !Haven.containers(id).isEmpty());
        haven.post("/v1/deployments/" + id + "/cancel", Map.of(), 202);
        haven.awaitStatus(id, "CANCELED", Duration.ofSeconds(5));
        awaitNoContainer(id);
    }

    @Test
    void retryAfterACancelBuildsToTheEnd() throws Exception {
        var id = building();
        haven.post("/v1/deployments/" + id + "/cancel", Map.of(), 202);
        haven.awaitStatus(id, "CANCELED", Duration.ofSeconds(5));
        haven.send("PUT", "/v1/projects/slow/env/PAUSE", Map.of("value", "1000"), 200);
        try {
            haven.post("/v1/deployments/" + id + "/retry", Map.of(), 202);
            haven.awaitStatus(id, "READY", Duration.ofMinutes(1));
        } finally {
            haven.raw(haven.request("/v1/projects/slow/env/PAUSE").DELETE());
        }
    }

    private static String building() {
        var id = haven.deploy(Map.of("repository", repository, "name", "slow"));
        haven.awaitStatus(id, "BUILDING", Duration.ofMinutes(1));
        Haven.await(
                "the build's container",
                Duration.ofSeconds(60),
                () -> haven.log(id).contains("building"));
        return id;
    }

    private static void awaitNoContainer(String id) {
        Haven.await(
                "no container left",
                Duration.ofSeconds(10),
                () -> Haven.containers(id).isEmpty());
    }

    private static void temporal(String... arguments) throws IOException {
        var address = haven.get("/v1/system").path("temporal").path("address").asText();
        var command =
                new ArrayList<>(List.of(TemporalProgram.find(null).orElseThrow().toString()));
        command.addAll(Arrays.asList(arguments));
        command.addAll(List.of("--address", address));
        Haven.run(command.toArray(String[]::new));
    }
}
