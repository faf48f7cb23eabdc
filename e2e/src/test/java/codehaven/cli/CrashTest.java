package codehaven.cli;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.dev.DevGit;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code kill -9} of the whole program in each step: started again, the deployment ends READY by itself. While it runs, no
 * second one starts beside it.
 */
final class CrashTest {

    private static final List<String> LIFE =
            List.of("QUEUED", "CLONING", "UPLOADING", "BUILDING", "PUBLISHING", "READY");

    @Test
    void deploymentGoesOnAfterAKillInEachStep(@TempDir Path directory) throws Exception {
        var data = directory.resolve("data");
        try (var git = DevGit.start(directory.resolve("git"))) {
            var haven = Haven.up(data, Map.of());
            try {
                assertNoSecondStarts(data, haven.address("dashboard").getPort());
                for (var step : LIFE.subList(0, LIFE.size() - 1)) {
                    if (step.equals("CLONING")) {
                        git.delay(Duration.ofMillis(700));
                    }
                    var repository = git.create("crash-in-" + step.toLowerCase(Locale.ROOT), files(step));
                    var id = haven.deploy(Map.of("repository", repository.url()));
                    var crashing = haven;
                    Haven.await("in " + step + " or past it", Duration.ofMinutes(2), Haven.SHORT, () -> {
                        var status = crashing.status(id);
                        assertThat(status).as("before the kill in %s", step).isNotEqualTo("FAILED");
                        return LIFE.indexOf(status) >= LIFE.indexOf(step);
                    });
                    haven.kill();
                    git.delay(Duration.ZERO);
                    haven = Haven.up(data, Map.of());
                    var ready = haven.awaitStatus(id, "READY", Duration.ofMinutes(5));
                    assertThat(haven.visit(ready.path("urls").path("production").asText())
                                    .body())
                            .as("after the kill in %s", step)
                            .isEqualTo("whole");
                    assertThat(haven.log(id)).as("after the kill in %s", step).contains("working 3");
                }
            } finally {
                haven.close();
            }
        }
    }

    /** Neither on the directory of one that runs nor at its port. */
    private static void assertNoSecondStarts(Path data, int port) throws IOException {
        var second = Haven.start(Map.of(), "up", "--data", data.toString(), "--port", "0", "--edge-port", "0");
        assertThat(second.exitCode()).as(second.output()).isNotZero();
        assertThat(second.output()).contains(data.toString()).doesNotContain("\tat ");
        var third = Haven.start(
                Map.of(), "up", "--data", data.resolveSibling("other").toString(), "--port", String.valueOf(port));
        assertThat(third.exitCode()).as(third.output()).isNotZero();
        assertThat(third.output())
                .contains(String.valueOf(port))
                .contains("--port 0")
                .doesNotContain("\tat ");
    }

    /** Large enough that each step takes a moment: noise that no compression shortens, and that no step before sent. */
    private static Map<String, String> files(String step) {
        var files = new HashMap<String, String>();
        var random = new Random(step.hashCode());
        for (var n = 0; n < 60; n++) {
            var bytes = new byte[24_000];
            random.nextBytes(bytes);
            files.put("public/noise-" + n + ".txt", Base64.getEncoder().encodeToString(bytes));
        }
        files.putAll(FailuresTest.withBuild("""
                import { cpSync, writeFileSync } from 'node:fs';
                cpSync('public', 'dist', { recursive: true });
                for (let n = 0; n < 4; n++) { console.log('working', n); await new Promise((r) => setTimeout(r, 1000)); }
                writeFileSync('dist/index.html', 'whole');
                """));
        return files;
    }
}
