package codehaven.cli;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.dev.DevGit;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code kill -9} of the whole program in each step: started again, the deployment ends READY by itself. */
final class CrashTest {

    private static final List<String> LIFE =
            List.of("QUEUED", "CLONING", "UPLOADING", "BUILDING", "PUBLISHING", "READY");

    @ParameterizedTest
    @ValueSource(strings = {"QUEUED", "CLONING", "UPLOADING", "BUILDING", "PUBLISHING"})
    void deploymentGoesOnAfterAKillInEachStep(String step, @TempDir Path directory) throws Exception {
        try (var git = DevGit.start(directory.resolve("git"))) {
            // Large enough that each step takes a moment: noise that no compression shortens.
            var files = new HashMap<String, String>();
            var random = new Random(7);
            for (var n = 0; n < 130; n++) {
                var bytes = new byte[24_000];
                random.nextBytes(bytes);
                files.put(
                        "public/noise-" + n + ".txt",
                        java.util.Base64.getEncoder().encodeToString(bytes));
            }
            files.putAll(FailuresTest.withBuild("""
                    import { cpSync, writeFileSync } from 'node:fs';
                    cpSync('public', 'dist', { recursive: true });
                    for (let n = 0; n < 4; n++) { console.log('working', n); await new Promise((r) => setTimeout(r, 1000)); }
                    writeFileSync('dist/index.html', 'whole');
                    """));
            var repository = git.create("crash", files);
            var data = directory.resolve("data");
            String id;
            try (var first = Haven.up(data, Map.of())) {
                if (step.equals("CLONING")) {
                    git.delay(Duration.ofMillis(700));
                }
                id = first.deploy(Map.of("repository", repository.url()));
                var crashing = id;
                Haven.await("in " + step + " or past it", Duration.ofMinutes(2), () -> {
                    var status = first.status(crashing);
                    assertThat(status).isNotEqualTo("FAILED");
                    return LIFE.indexOf(status) >= LIFE.indexOf(step);
                });
                first.kill();
            }
            git.delay(Duration.ZERO);
            try (var second = Haven.up(data, Map.of())) {
                var ready = second.awaitStatus(id, "READY", Duration.ofMinutes(5));
                assertThat(second.visit(ready.path("urls").path("production").asText())
                                .body())
                        .isEqualTo("whole");
                assertThat(second.log(id)).contains("working 3");
            }
        }
    }
}
