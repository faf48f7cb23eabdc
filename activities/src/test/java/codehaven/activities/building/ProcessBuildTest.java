package codehaven.activities.building;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Builds as processes of this machine, where no engine answers. */
final class ProcessBuildTest {

    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    static Path directory;

    private static Workshop workshop;

    @BeforeAll
    static void open() throws Exception {
        workshop = Workshop.withoutDocker(directory);
    }

    @AfterAll
    static void close() {
        workshop.close();
    }

    @Test
    void makesTheSiteAndSaysWhatItLacks() throws IOException {
        var job = workshop.job("node build.mjs; echo \"home $HOME\" >&2; ls /root /home | wc -l", """
                --- build.mjs
                import { mkdirSync, writeFileSync } from 'node:fs';
                mkdirSync('dist', { recursive: true });
                writeFileSync('dist/index.html', process.env.GREETING);
                """)
                .variable("GREETING", "hello");
        var scope = new BuildScope(job.deployment);
        var made = workshop.build(job, scope);
        assertThat(scope.lines().getFirst().text()).startsWith("Single-user mode: no Docker engine");
        assertThat(made.basket().directory().orElseThrow().resolve("index.html"))
                .hasContent("hello");
        assertThat(workshop.engine.describe().mode()).isEqualTo("process");
        assertThat(workshop.settings
                        .data()
                        .resolve("work")
                        .resolve(job.deployment)
                        .resolve("sandbox"))
                .doesNotExist();
    }

    @Test
    void staticFilesNeedNoSandboxAtAll() throws IOException {
        var job = workshop.job(null, "--- index.html\nhello\n--- .git/config\nno\n--- img/a.svg\n<svg/>")
                .outputs("");
        var scope = new BuildScope(job.deployment);
        var made = workshop.build(job, scope);
        assertThat(made.basket().count()).isEqualTo(2);
        assertThat(scope.text()).doesNotContain("Single-user mode");
    }

    @Test
    void cacheIsKeptThoughAFolderOfItIsMissing() throws IOException {
        var build = "mkdir -p \"$HOME/.store\" dist && echo kept > \"$HOME/.store/a\" && echo > dist/index.html";
        var job = workshop.job(build, "--- a").caching(List.of(".not-there", ".store"));
        job.project = "cached";
        var scope = new BuildScope(job.deployment);
        workshop.build(job, scope);
        assertThat(scope.text()).contains("Kept the dependency cache").doesNotContain("could not be kept");
        var next = workshop.job(build, "--- a").caching(List.of(".not-there", ".store"));
        next.project = "cached";
        assertThat(workshop.build(next, new BuildScope(next.deployment)).cache())
                .isEqualTo("hit");
    }

    @Test
    void cancelKillsTheWholeGroup() throws Exception {
        var job = workshop.job("trap '' TERM; (trap '' TERM HUP; sleep 4711.25) & echo begun; sleep 4711.25", "--- a");
        var scope = new BuildScope(job.deployment);
        var running = workshop.start(job, scope);
        Workshop.await("output", SOON, () -> scope.of("stdout").contains("begun"));
        scope.cancel();
        assertThat(running.stopped(SOON)).isTrue();
        assertThat(HostProcess.ask(SOON, null, List.of("ps", "-eo", "args")).output())
                .doesNotContain("sleep 4711.25");
    }

    @Test
    void limitsHoldAsFarAsTheyCan() throws IOException {
        var hangs = workshop.job("sleep 600", "--- a").limits(256, 100, 1000, Duration.ofSeconds(2));
        var late =
                catchThrowableOfType(StepFailure.class, () -> workshop.build(hangs, new BuildScope(hangs.deployment)));
        assertThat(late.kind()).isEqualTo(FailureKind.BUILD_TIMED_OUT);

        var eats = workshop.job(
                        "node eat.mjs",
                        "--- eat.mjs\nconst all = [];\nsetInterval(() => all.push(Buffer.alloc(16 << 20, 1)), 20);\n")
                .limits(256, 100, 1000, SOON);
        var large =
                catchThrowableOfType(StepFailure.class, () -> workshop.build(eats, new BuildScope(eats.deployment)));
        assertThat(large.kind()).isEqualTo(FailureKind.BUILD_OUT_OF_MEMORY);
        assertThat(Files.exists(workshop.settings
                        .data()
                        .resolve("work")
                        .resolve(eats.deployment)
                        .resolve("source")))
                .isFalse();
    }
}
