package codehaven.dev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.api.errors.TransportException;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.transport.RefSpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DevGitTest {
    @TempDir
    Path directory;

    private DevGit remote;

    @BeforeEach
    void open() throws Exception {
        remote = DevGit.start(directory.resolve("remote"));
    }

    @AfterEach
    void close() {
        remote.close();
    }

    @Test
    void shallowCloneHasTheFilesAndOneCommit() throws Exception {
        DevRepository repository = remote.create("site", Map.of("index.html", "one", "css/a.css", "body{}"));
        String second = repository.commit("Second", Map.of("index.html", "two"));
        try (Git clone = Git.cloneRepository()
                .setURI(repository.url())
                .setDepth(1)
                .setDirectory(directory.resolve("clone").toFile())
                .call()) {
            assertThat(directory.resolve("clone/index.html")).hasContent("two");
            assertThat(directory.resolve("clone/css/a.css")).hasContent("body{}");
            assertThat(clone.log().call())
                    .extracting(commit -> commit.getName())
                    .containsExactly(second);
        }
    }

    @Test
    void anyCommitCanBeFetchedByItsIdAlsoFromABranchThatIsGone() throws Exception {
        DevRepository repository = remote.create("site", Map.of("a", "1"));
        String first = repository.head();
        repository.commit("feature", "On a branch", Map.of("a", "branch"));
        String lost = repository.bare().resolve("refs/heads/feature").name();
        repository.deleteBranch("feature");
        repository.commit("Newer", Map.of("a", "2"));
        try (Git local =
                Git.init().setDirectory(directory.resolve("local").toFile()).call()) {
            for (String sha : List.of(first, lost)) {
                local.fetch()
                        .setRemote(repository.url())
                        .setDepth(1)
                        .setRefSpecs(new RefSpec(sha))
                        .call();
                assertThat(local.getRepository().getObjectDatabase().has(ObjectId.fromString(sha)))
                        .isTrue();
            }
        }
    }

    @Test
    void theGitProgramClonesShallowWithProtocolTwoAndPushes() throws Exception {
        assertThat(Programs.onPath("git")).as("this test needs git on PATH").isPresent();
        DevRepository repository = remote.create("site", Map.of("a", "1"));
        repository.tag("v1", "main");
        repository.commit("Second", Map.of("a", "2"));
        Path clone = directory.resolve("clone");
        String trace = run("git", "clone", "--depth=1", repository.url(), clone.toString());
        assertThat(trace).contains("version 2").contains("shallow");
        assertThat(clone.resolve("a")).hasContent("2");
        String tags = run("git", "ls-remote", "--tags", repository.url());
        assertThat(tags).contains("refs/tags/v1");
        Files.writeString(clone.resolve("b"), "pushed");
        run("git", "-C", clone.toString(), "add", "b");
        run("git", "-C", clone.toString(), "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-m", "b");
        run("git", "-C", clone.toString(), "push", "origin", "main");
        assertThat(repository.bare().resolve("main:b")).isNotNull();
    }

    @Test
    void directoryBecomesARepositoryAndDeletedFilesGo() throws Exception {
        Path files = Files.createDirectories(directory.resolve("files/sub"));
        Files.writeString(files.resolve("script.sh"), "#!/bin/sh");
        assertThat(files.resolve("script.sh").toFile().setExecutable(true)).isTrue();
        Files.writeString(directory.resolve("files/README"), "hello");
        Files.createDirectories(directory.resolve("files/.git"));
        Files.writeString(directory.resolve("files/.git/HEAD"), "not taken");
        DevRepository repository = remote.create("site", directory.resolve("files"));
        Map<String, String> changes = new HashMap<>(Collections.singletonMap("README", null));
        changes.put("new", "file");
        repository.commit("Change", changes);
        Git.cloneRepository()
                .setURI(repository.url())
                .setDirectory(directory.resolve("clone").toFile())
                .call()
                .close();
        assertThat(directory.resolve("clone/sub/script.sh")).isExecutable();
        assertThat(directory.resolve("clone/new")).hasContent("file");
        assertThat(directory.resolve("clone/README")).doesNotExist();
        assertThat(directory.resolve("clone/.git/HEAD")).hasContent("ref: refs/heads/main");
    }

    @Test
    void remoteThatWasAwayAnswersAgainOnTheSamePort() throws Exception {
        DevRepository repository = remote.create("site", Map.of("a", "1"));
        remote.stop();
        assertThatThrownBy(() ->
                        Git.lsRemoteRepository().setRemote(repository.url()).call())
                .isInstanceOf(TransportException.class);
        remote.start();
        assertThat(Git.lsRemoteRepository().setRemote(repository.url()).call()).isNotEmpty();
    }

    @Test
    void cutRefusedAndDelayedAnswersAreWhatTheCallerSees() throws Exception {
        DevRepository repository = remote.create("site", Map.of("large", "x".repeat(500_000)));
        remote.cutAfter(200);
        assertThatThrownBy(() -> Git.cloneRepository()
                        .setURI(repository.url())
                        .setDirectory(directory.resolve("cut").toFile())
                        .call())
                .isInstanceOf(TransportException.class);
        remote.cutAfter(Long.MAX_VALUE);
        remote.refuseWith(503);
        assertThatThrownBy(() ->
                        Git.lsRemoteRepository().setRemote(repository.url()).call())
                .isInstanceOf(TransportException.class);
        remote.refuseWith(0);
        remote.delay(Duration.ofMillis(300));
        long began = System.nanoTime();
        assertThat(Git.lsRemoteRepository().setRemote(repository.url()).call()).isNotEmpty();
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThanOrEqualTo(Duration.ofMillis(300));
    }

    @Test
    void unknownRepositoryIsNotFound() {
        assertThatThrownBy(() -> Git.lsRemoteRepository()
                        .setRemote(remote.address() + "/none.git")
                        .call())
                .hasMessageContaining("not found");
    }

    private String run(String... command) throws Exception {
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).directory(directory.toFile());
        builder.environment().put("GIT_TRACE_PACKET", "1");
        builder.environment().put("GIT_CONFIG_GLOBAL", "/dev/null");
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
