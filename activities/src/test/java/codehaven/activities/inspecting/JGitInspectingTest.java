package codehaven.activities.inspecting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import codehaven.activities.Settings;
import codehaven.dev.DevGit;
import codehaven.model.FailureKind;
import codehaven.model.GitSource;
import codehaven.model.Inspection;
import codehaven.model.Inspection.Candidate;
import codehaven.model.Kind;
import codehaven.workflows.InspectionRequest;
import codehaven.workflows.StepFailure;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class JGitInspectingTest {

    private static final String VITE = """
            {"scripts":{"build":"vite build"},"devDependencies":{"vite":"^7.1.0"}}
            """;

    @TempDir
    Path directory;

    private DevGit git;
    private Path data;

    @BeforeEach
    void start() throws IOException {
        git = DevGit.start(Files.createDirectory(directory.resolve("git")));
        data = Files.createDirectory(directory.resolve("data"));
    }

    @AfterEach
    void stop() {
        git.close();
    }

    @Test
    void aSiteIsSeenWithHowItWouldBeBuilt() throws IOException {
        var repository = git.create(
                "site", Map.of("package.json", VITE, "index.html", "<p>hi", "package-lock.json", "{}", ".nvmrc", "24"));

        var seen = look(repository.url(), null, null);

        assertThat(seen.branch()).isEqualTo("main");
        assertThat(seen.defaultBranch()).isEqualTo("main");
        assertThat(seen.commit().sha().text()).isEqualTo(repository.head());
        assertThat(seen.root()).isEmpty();
        assertThat(seen.problem()).isNull();
        assertThat(seen.candidates())
                .containsExactly(new Candidate(
                        "",
                        "vite",
                        "Vite",
                        "7",
                        Kind.STATIC,
                        "package.json",
                        "npm",
                        24,
                        "npm ci --include=dev",
                        "npm run build",
                        "dist",
                        null));
    }

    @Test
    void nothingIsLeftOnTheDisk() throws IOException {
        look(git.create("gone", Map.of("index.html", "<p>hi")).url(), null, null);

        try (var left = Files.list(data.resolve("work"))) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void eachFolderOfAMonorepoThatCanBeDeployedByItselfIsACandidate() throws IOException {
        var repository = git.create(
                "mono",
                Map.of(
                        "package.json",
                        "{\"private\":true,\"workspaces\":[\"apps/*\",\"packages/*\"]}",
                        "apps/shop/package.json",
                        VITE,
                        "apps/docs/package.json",
                        "{\"scripts\":{\"docs:build\":\"vitepress build\"},\"devDependencies\":{\"vitepress\":\"1\"}}",
                        "packages/ui/package.json",
                        "{\"scripts\":{\"build\":\"tsc\"}}",
                        "services/ledger/Dockerfile",
                        "FROM scratch",
                        "tests/fixtures/page/index.html",
                        "<p>no",
                        "apps/shop/public/index.html",
                        "<p>a part of the shop"));

        var seen = look(repository.url(), null, null);

        assertThat(seen.root()).as("nobody can tell which").isNull();
        assertThat(seen.problem()).isNotNull();
        assertThat(seen.candidates())
                .extracting(Candidate::directory)
                .as("sites, then what documents them, then what has to run")
                .containsExactly("apps/shop", "apps/docs", "services/ledger");
        var ledger = seen.candidates().getLast();
        assertThat(ledger.kind()).isEqualTo(Kind.DYNAMIC);
        assertThat(ledger.problem()).isNull();
        assertThat(ledger.readFrom()).isEqualTo("services/ledger/Dockerfile");
    }

    @Test
    void anAppThatHasToRunIsSaidToBeOne() throws IOException {
        var repository = git.create(
                "express",
                Map.of(
                        "package.json",
                        "{\"scripts\":{\"start\":\"node server.js\"},\"dependencies\":{\"express\":\"^5.1.0\"}}",
                        "server.js",
                        "require('express')().listen(process.env.PORT)"));

        var seen = look(repository.url(), null, null);

        assertThat(seen.problem()).isNull();
        assertThat(seen.candidates()).singleElement().satisfies(each -> {
            assertThat(each.label()).isEqualTo("Express");
            assertThat(each.kind()).isEqualTo(Kind.DYNAMIC);
            assertThat(each.problem()).isNull();
        });
    }

    @Test
    void aFolderThatWasAskedForIsAmongThem() throws IOException {
        var repository =
                git.create("asked", Map.of("index.html", "<p>hi", "old/index.html", "<p>old", "empty/x.txt", "x"));

        assertThat(look(repository.url(), null, "./old/").candidates())
                .extracting(Candidate::directory)
                .containsExactly("", "old");
        assertThat(look(repository.url(), null, "missing").candidates())
                .filteredOn(each -> each.directory().equals("missing"))
                .singleElement()
                .satisfies(each -> assertThat(problem(each))
                        .isEqualTo("There is no folder 'missing' in the repository at this commit."));
        assertThat(look(repository.url(), null, "../..").candidates())
                .filteredOn(each -> each.problem() != null)
                .hasSize(1);
    }

    @Test
    void anotherBranchIsLookedAtWhereOneIsNamed() throws IOException {
        var repository = git.create("branches", Map.of("index.html", "<p>hi"));
        repository.commit("next", "Try Vite", Map.of("package.json", VITE));

        var seen = look(repository.url(), "next", null);

        assertThat(seen.branch()).isEqualTo("next");
        assertThat(seen.defaultBranch()).isEqualTo("main");
        assertThat(seen.commit().message()).isEqualTo("Try Vite");
    }

    @Test
    void whatCannotBeReadIsSaidAsInADeployment() throws IOException {
        var missing = git.address().resolve("missing.git").toString();

        assertThatExceptionOfType(StepFailure.class)
                .isThrownBy(() -> look(missing, null, null))
                .satisfies(failure -> assertThat(failure.kind()).isEqualTo(FailureKind.REPOSITORY_NOT_FOUND));
        assertThatExceptionOfType(StepFailure.class)
                .as("addresses of this machine are not for everybody")
                .isThrownBy(() -> new JGitInspecting(settings(false))
                        .look(request(missing, null, null), new Glance(Duration.ofSeconds(20))))
                .satisfies(failure -> assertThat(failure.kind()).isEqualTo(FailureKind.REPOSITORY_REFUSED));
    }

    @Test
    void whoWaitsIsToldWhenTheTimeIsOver() throws IOException {
        var repository = git.create("slow", Map.of("index.html", "<p>hi"));

        assertThatExceptionOfType(StepFailure.class)
                .isThrownBy(() -> new JGitInspecting(settings(true))
                        .look(request(repository.url(), null, null), new Glance(Duration.ZERO)))
                .withMessageContaining("too large to look at");
    }

    private Inspection look(String repository, @Nullable String ref, @Nullable String root) throws IOException {
        return new JGitInspecting(settings(true))
                .look(request(repository, ref, root), new Glance(Duration.ofSeconds(20)));
    }

    private static InspectionRequest request(String repository, @Nullable String ref, @Nullable String root) {
        return new InspectionRequest(new GitSource(repository, ref), root);
    }

    private static String problem(Candidate candidate) {
        return candidate.problem() == null ? "" : candidate.problem().message();
    }

    private Settings settings(boolean local) {
        return new Settings(
                data,
                null,
                false,
                1,
                local,
                "sites.localhost",
                URI.create("http://sites.localhost:8081"),
                Settings.Limits.DEFAULT);
    }
}
