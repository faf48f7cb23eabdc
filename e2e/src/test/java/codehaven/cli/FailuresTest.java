package codehaven.cli;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.dev.DevGit;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Builds and remotes that go wrong: the right kind, a sentence with the facts, a hint, and a retry that works. */
final class FailuresTest {

    private static final Duration SOON = Duration.ofMinutes(2);

    @TempDir
    static Path directory;

    static DevGit git;
    static Haven haven;

    @BeforeAll
    static void start() throws IOException {
        git = DevGit.start(directory.resolve("git"));
        haven = Haven.up(directory.resolve("data"), Map.of());
    }

    @AfterAll
    static void stop() {
        haven.close();
        git.close();
    }

    @Test
    void badImportIsTheBuildsFailureAndNamesThePlace() throws Exception {
        var repository = git.create("bad-import", withBuild("import './not-there.mjs';\n"));
        var failed = fail(Map.of("repository", repository.url()), "BUILDING", "BUILD_FAILED");
        assertThat(failed.path("lines").path("from").asLong()).isPositive();
        assertThat(haven.log(idOf(failed))).contains("not-there.mjs");
    }

    @Test
    void buildWithoutEnoughMemoryIsSaidSo() throws Exception {
        var repository = git.create(
                "memory",
                withBuild(
                        "const held = [];\nfor (let n = 0; n < 4000; n++) held.push(Buffer.alloc(1 << 20, 1));\nconsole.log(held.length);\n"));
        project("memory", repository.url(), Map.of("limits", Map.of("buildMemoryMb", 256)));
        var failed = fail(Map.of("project", "memory"), "BUILDING", "BUILD_OUT_OF_MEMORY");
        assertThat(failed.path("message").asText()).contains("256");
    }

    @Test
    void buildThatHangsIsStoppedAtItsLimit() throws Exception {
        var repository = git.create("hang", withBuild("setInterval(() => {}, 1000);\n"));
        project("hang", repository.url(), Map.of("limits", Map.of("buildSeconds", 10)));
        var failed = fail(Map.of("project", "hang"), "BUILDING", "BUILD_TIMED_OUT");
        assertThat(failed.path("message").asText()).contains("10");
    }

    @Test
    void hundredMegabytesOfOutputKeepTheEnd() throws Exception {
        var repository = git.create("noisy", withBuild("""
                import { once } from 'node:events';
                import { mkdirSync, writeFileSync } from 'node:fs';
                const line = 'x'.repeat(999) + '\\n';
                for (let n = 0; n < 1024; n++) if (!process.stdout.write(line.repeat(100))) await once(process.stdout, 'drain');
                mkdirSync('dist', { recursive: true });
                writeFileSync('dist/index.html', 'quiet');
                console.log('the very last words');
                """));
        var id = haven.deploy(Map.of("repository", repository.url()));
        haven.awaitStatus(id, "READY", SOON);
        var log = haven.log(id);
        assertThat(log.length()).isLessThan(32 << 20);
        assertThat(log.contains("the very last words")).isTrue();
    }

    @Test
    void refThatDoesNotExistIsNamedAndRetriedOnceItDoes() throws Exception {
        var repository = git.create("late-branch", site("late"));
        var id = haven.deploy(Map.of("repository", repository.url(), "ref", "release"));
        var failed = haven.awaitStatus(id, "FAILED", SOON).path("failure");
        assertThat(failed.path("kind").asText()).isEqualTo("REF_NOT_FOUND");
        assertThat(failed.path("message").asText()).contains("release");
        repository.branch("release", "main");
        haven.post("/v1/deployments/" + id + "/retry", Map.of(), 202);
        haven.awaitStatus(id, "READY", SOON);
    }

    @Test
    void repositoryThatDoesNotExistIsSaidSo() {
        fail(Map.of("repository", git.address() + "/nobody.git"), "CLONING", "REPOSITORY_NOT_FOUND");
    }

    @Test
    void buildWithoutOutputIsRetriedFromBuildingWithTheNewSetting() throws Exception {
        var repository = git.create(
                "elsewhere",
                withBuild(
                        "import { mkdirSync, writeFileSync } from 'node:fs';\nmkdirSync('made/here', { recursive: true });\nwriteFileSync('made/here/index.html', 'found');\n"));
        var id = haven.deploy(Map.of("repository", repository.url(), "name", "elsewhere"));
        var failed = haven.awaitStatus(id, "FAILED", SOON);
        assertThat(failed.path("failure").path("kind").asText()).isEqualTo("NO_OUTPUT");
        assertThat(failed.path("failure").path("hint").asText()).contains("outputDirectory");
        haven.send("PATCH", "/v1/projects/elsewhere", Map.of("outputDirectory", "made/here"), 200);
        haven.post("/v1/deployments/" + id + "/retry", Map.of(), 202);
        var ready = haven.awaitStatus(id, "READY", SOON);
        assertThat(ready.path("steps").get(0).path("attempt").asInt())
                .as("the clone is not done again")
                .isEqualTo(1);
        assertThat(haven.visit(ready.path("urls").path("deployment").asText()).body())
                .isEqualTo("found");
    }

    @Test
    void remoteThatIsDownForAWhileIsWaitedFor() throws Exception {
        try (var remote = DevGit.start(directory.resolve("flaky"))) {
            var repository = remote.create("flaky", site("flaky"));
            remote.stop();
            var id = haven.deploy(Map.of("repository", repository.url()));
            haven.awaitDeployment(
                    id,
                    SOON,
                    "a second attempt",
                    each -> each.path("steps").path(0).path("attempt").asInt() >= 2);
            assertThat(haven.status(id)).isEqualTo("CLONING");
            remote.start();
            haven.awaitStatus(id, "READY", SOON);
        }
    }

    @Test
    void redeployOfTheSameCommitSendsNoBlob() throws Exception {
        var repository = git.create("again", site("again"));
        var id = haven.deploy(Map.of("repository", repository.url()));
        haven.awaitStatus(id, "READY", SOON);
        var again = haven.post("/v1/deployments/" + id + "/redeploy", Map.of(), 202)
                .path("id")
                .asText();
        assertThat(again).isNotEqualTo(id);
        var ready = haven.awaitStatus(again, "READY", SOON);
        assertThat(ready.path("output").path("uploadedFiles").asInt(-1)).isZero();
        assertThat(ready.path("output").path("uploadedBytes").asLong(-1)).isZero();
    }

    @Test
    void variablesReachTheBuildAndNotTheLog() throws Exception {
        var repository = git.create(
                "secretive",
                withBuild(
                        "import { mkdirSync, writeFileSync } from 'node:fs';\nmkdirSync('dist', { recursive: true });\nconst s = process.env.API_KEY;\nconsole.log('key ' + s);\nprocess.stdout.write(s.slice(0, 7)); setTimeout(() => { console.log(s.slice(7)); }, 300);\nwriteFileSync('dist/index.html', 'length ' + s.length);\n"));
        project("secretive", repository.url(), Map.of());
        haven.send(
                "PUT",
                "/v1/projects/secretive/env/API_KEY",
                Map.of("value", "canary-3f9a61c27e", "sensitive", true),
                200);
        var id = haven.deploy(Map.of("project", "secretive"));
        var ready = haven.awaitStatus(id, "READY", SOON);
        assertThat(haven.visit(ready.path("urls").path("deployment").asText()).body())
                .isEqualTo("length 17");
        assertThat(haven.log(id)).doesNotContain("canary-3f9a61c27e").contains("key ");
        assertThat(haven.get("/v1/projects/secretive/env").toString()).doesNotContain("canary");
    }

    // --- fixtures ---

    private static JsonNode fail(Map<String, ?> request, String step, String kind) {
        var id = haven.deploy(request);
        var ended = haven.awaitFinal(id, SOON);
        assertThat(ended.path("status").asText())
                .as(ended.toPrettyString() + haven.log(id))
                .isEqualTo("FAILED");
        var failure = ended.path("failure");
        assertThat(failure.path("kind").asText()).as(ended.toPrettyString()).isEqualTo(kind);
        assertThat(failure.path("step").asText()).isEqualTo(step);
        assertThat(failure.path("message").asText()).isNotBlank();
        assertThat(failure.path("hint").asText()).isNotBlank();
        ((com.fasterxml.jackson.databind.node.ObjectNode) failure).put("deployment", id);
        return failure;
    }

    private static String idOf(JsonNode failure) {
        return failure.path("deployment").asText();
    }

    private static void project(String name, String repository, Map<String, ?> settings) {
        var project = new HashMap<String, Object>(settings);
        project.put("name", name);
        project.put("repository", repository);
        haven.post("/v1/projects", project, 201);
    }

    /** A Node project without dependencies whose build is the script. */
    static Map<String, String> withBuild(String script) {
        return Map.of(
                "package.json",
                "{\"name\": \"fixture\", \"private\": true, \"scripts\": {\"build\": \"node build.mjs\"}}\n",
                "build.mjs",
                script);
    }

    /** One that writes a page with the text. */
    static Map<String, String> site(String text) {
        return withBuild(
                "import { mkdirSync, writeFileSync } from 'node:fs';\nmkdirSync('dist', { recursive: true });\nwriteFileSync('dist/index.html', '%s ' + process.env.CODEHAVEN_GIT_COMMIT_SHA);\n"
                        .formatted(text));
    }
}
