package codehaven.activities.cloning;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.dev.DevGit;
import codehaven.dev.DevRepository;
import codehaven.model.FailureKind;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.TreeFormatter;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A branch, a tag, a commit's full or short name: each means one commit, whatever server is asked. */
final class ResolvingRefsTest {

    /** Who answers: JGit's server, Git's own, and Git's own as it was before version 2 of the protocol. */
    enum Server {
        JGIT,
        GIT,
        OLD_GIT
    }

    @TempDir
    static Path remotes;

    @TempDir
    Path data;

    static DevGit git;
    static GitProgram program;
    static GitProgram old;
    static DevRepository repository;
    static Objects objects;
    static ObjectId first;
    static ObjectId second;
    static ObjectId third;
    static ObjectId dev;

    @BeforeAll
    static void start() throws Exception {
        git = DevGit.start(remotes);
        program = GitProgram.serve(remotes, true);
        old = GitProgram.serve(remotes, false);
        repository = git.createEmpty("site");
        // Git's own default, for the two that heed it.
        repository.bare().getConfig().unset("uploadpack", null, "allowAnySHA1InWant");
        repository.bare().getConfig().save();
        objects = Objects.of(repository);
        first = commit("first");
        second = commit("second", first);
        third = commit("third", second);
        dev = commit("dev", second);
        objects.ref("refs/heads/main", third);
        objects.ref("refs/heads/dev", dev);
        objects.ref("refs/heads/feature/login", dev);
        objects.ref("refs/heads/--upload-pack=touch", dev);
        objects.ref("refs/tags/light", second);
        objects.tag("v1.0", second, Constants.OBJ_COMMIT);
        objects.tag("dev", first, Constants.OBJ_COMMIT);
        objects.ref("refs/tags/file", objects.blob("no commit"));
        objects.ref("refs/pull/7/head", first);
    }

    private static ObjectId commit(String text, ObjectId... parents) {
        return objects.commit(objects.tree(objects.file("index.html", text)), text, parents);
    }

    @AfterAll
    static void stop() {
        old.close();
        program.close();
        git.close();
    }

    private Bench bench(Server server) {
        return Bench.of(
                data,
                switch (server) {
                    case JGIT -> repository.url();
                    case GIT -> program.url("site.git");
                    case OLD_GIT -> old.url("site.git");
                });
    }

    private void means(Server server, @Nullable String ref, ObjectId commit, @Nullable String branch) throws Exception {
        var bench = bench(server).ref(ref);
        var cloned = bench.cloned();
        assertThat(cloned.commit().sha().text()).as("%s of %s", ref, server).isEqualTo(commit.name());
        assertThat(cloned.branch()).as("branch of %s", ref).isEqualTo(branch);
        assertThat(cloned.defaultBranch()).isEqualTo("main");
        assertThat(bench.tree().resolve("index.html"))
                .hasContent(cloned.commit().message());
        bench.trees().release(bench.scope().deployment());
    }

    @ParameterizedTest
    @EnumSource
    void refsMeanTheirCommits(Server server) throws Exception {
        means(server, null, third, "main");
        means(server, "", third, "main");
        means(server, "HEAD", third, "main");
        means(server, "main", third, "main");
        means(server, "feature/login", dev, "feature/login");
        means(server, "refs/heads/feature/login", dev, "feature/login");
        means(server, "heads/dev", dev, "dev");
        means(server, "dev", dev, "dev");
        means(server, "tags/dev", first, null);
        means(server, "light", second, null);
        means(server, "v1.0", second, null);
        means(server, "refs/tags/v1.0", second, null);
        means(server, "refs/pull/7/head", first, null);
        means(server, "--upload-pack=touch", dev, "--upload-pack=touch");
    }

    @ParameterizedTest
    @EnumSource
    void commitsAreFoundByTheirNames(Server server) throws Exception {
        means(server, third.name(), third, null);
        means(server, third.name().toUpperCase(Locale.ROOT), third, null);
        means(server, third.abbreviate(7).name(), third, null);
        means(server, first.name(), first, null);
        means(server, first.abbreviate(7).name(), first, null);
        means(server, first.name().substring(0, 20), first, null);
    }

    @ParameterizedTest
    @EnumSource
    void whatThereIsNotIsSaid(Server server) {
        assertThat(bench(server).ref("mian").refusal(FailureKind.REF_NOT_FOUND))
                .contains("'mian'")
                .contains("branches are: main, dev");
        assertThat(bench(server).ref("abcdef1234").refusal(FailureKind.REF_NOT_FOUND))
                .contains("no commit 'abcdef1234'");
        assertThat(bench(server).ref("a".repeat(40)).refusal(FailureKind.REF_NOT_FOUND))
                .contains("no commit");
        assertThat(bench(server).ref("abcde").refusal(FailureKind.REF_NOT_FOUND))
                .contains("at least 7 digits");
        if (server != Server.JGIT) { // which fails itself when a shallow fetch asks for no commit
            assertThat(bench(server).ref("file").refusal(FailureKind.REF_NOT_FOUND))
                    .contains("no commit");
        }
        assertThat(bench(server).ref("a\u001b[31m\nb").refusal(FailureKind.REF_NOT_FOUND))
                .contains("'a\\u001b[31m\\u000ab'");
        assertThat(bench(server).ref("main/../dev").refusal(FailureKind.REF_NOT_FOUND))
                .contains("no branch");
    }

    @Test
    void branchNamedLikeACommitIsTheBranch() throws Exception {
        objects.ref("refs/heads/" + first.abbreviate(7).name(), third);
        try {
            means(
                    Server.GIT,
                    first.abbreviate(7).name(),
                    third,
                    first.abbreviate(7).name());
        } finally {
            repository.deleteBranch(first.abbreviate(7).name());
        }
    }

    @Test
    void shortNameThatTwoCommitsShareIsAmbiguous() throws Exception {
        try (var other = git.createEmpty("twins")) {
            var made = Objects.of(other);
            var tree = made.tree(made.file("index.html", "x"));
            // By the birthday paradox, two of some 20,000 commits share their first seven digits.
            var seen = new HashMap<String, Integer>();
            ObjectId one;
            ObjectId two;
            try (var inserter = other.bare().newObjectInserter()) {
                for (int i = 0; ; i++) {
                    var id = inserter.idFor(Constants.OBJ_COMMIT, numbered(tree, i));
                    var twin = seen.put(id.abbreviate(7).name(), i);
                    if (twin != null) {
                        one = made.insert(Constants.OBJ_COMMIT, numbered(tree, i));
                        two = made.insert(Constants.OBJ_COMMIT, numbered(tree, twin));
                        break;
                    }
                }
            }
            made.ref("refs/heads/main", made.commit(tree, "on top", one, two));
            assertThat(Bench.of(data, other.url()).ref(one.abbreviate(7).name()).refusal(FailureKind.REF_NOT_FOUND))
                    .contains("More than one commit")
                    .contains(one.abbreviate(12).name())
                    .contains(two.abbreviate(12).name());
        }
    }

    private static byte[] numbered(ObjectId tree, int number) {
        return ("tree " + tree.name() + "\nauthor a <a> " + number + " +0000\ncommitter a <a> 1 +0000\n\nx\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void defaultBranchWithAnOddNameIsFound() throws Exception {
        try (var other = git.createEmpty("odd")) {
            var made = Objects.of(other);
            made.ref("refs/heads/production/2026-ß", made.commit(made.tree(made.file("a", "b")), "odd"));
            other.bare().updateRef(Constants.HEAD).link("refs/heads/production/2026-ß");
            for (var url : new String[] {other.url(), program.url("odd.git"), old.url("odd.git")}) {
                var bench = Bench.of(data, url);
                assertThat(bench.cloned().branch()).isEqualTo("production/2026-ß");
                bench.trees().release(bench.scope().deployment());
            }
        }
    }

    @Test
    void emptyRepositoryIsSaidToBeEmpty() throws Exception {
        try (var other = git.createEmpty("empty")) {
            for (var url : new String[] {other.url(), program.url("empty.git"), old.url("empty.git")}) {
                assertThat(Bench.of(data, url).refusal(FailureKind.REF_NOT_FOUND))
                        .contains("empty")
                        .contains("push");
                assertThat(Bench.of(data, url).ref("main").refusal(FailureKind.REF_NOT_FOUND))
                        .contains("empty");
            }
        }
    }

    @Test
    void defaultBranchThatDoesNotExistIsSaid() throws Exception {
        try (var other = git.createEmpty("dangling")) {
            var made = Objects.of(other);
            made.ref("refs/heads/trunk", made.commit(made.tree(made.file("a", "b")), "x"));
            assertThat(Bench.of(data, program.url("dangling.git")).refusal(FailureKind.REF_NOT_FOUND))
                    .contains("default branch does not exist")
                    .contains("trunk");
        }
    }

    @Test
    void repositoryOnThisMachineIsCloned() throws Exception {
        var bench = Bench.of(data, "file://" + repository.path());
        assertThat(bench.ref("v1.0").cloned().commit().sha().text()).isEqualTo(second.name());
        bench.trees().release(bench.scope().deployment());
        assertThat(bench.ref(first.name()).cloned().commit().sha().text()).isEqualTo(first.name());
        assertThat(bench.local(false).ref("main").refusal(FailureKind.REPOSITORY_REFUSED))
                .contains(GitUrl.SETTING);
        assertThat(Bench.of(data, "file:///nowhere/at/all").refusal(FailureKind.REPOSITORY_NOT_FOUND))
                .contains("/nowhere");
    }

    @ParameterizedTest
    @EnumSource
    void commitOfABranchThatMovedIsFoundAgain(Server server) throws Exception {
        try (var other = git.create("moving" + server, Map.of("index.html", "one"))) {
            other.bare().getConfig().unset("uploadpack", null, "allowAnySHA1InWant");
            other.bare().getConfig().save();
            var url = switch (server) {
                case JGIT -> other.url();
                case GIT -> program.url("moving" + server + ".git");
                case OLD_GIT -> old.url("moving" + server + ".git");
            };
            var bench = Bench.of(data, url).ref("main");
            var cloned = bench.cloned();
            other.commit("Second", Map.of("index.html", "two"));
            assertThat(bench.cloned()).as("a retry finds the same").isEqualTo(cloned);
            bench.trees().release(bench.scope().deployment());
            var tree = bench.trees().tree(bench.request(), cloned, bench.scope());
            assertThat(tree.resolve("index.html")).hasContent("one");
            bench.trees().release(bench.scope().deployment());
            assertThat(bench.cloned().commit().message()).isEqualTo("Second");
        }
    }

    @Test
    void cloneOfABranchTakesFewRequests() throws Exception {
        program.requests.set(0);
        bench(Server.GIT).ref("main").cloned();
        assertThat(program.requests).as("info/refs, ls-refs, fetch").hasValueLessThanOrEqualTo(3);
    }

    @Test
    void repositoryOfThousandsOfFilesComesQuickly() throws Exception {
        try (var other = git.createEmpty("large")) {
            var made = Objects.of(other);
            var folders = new Objects.Entry[50];
            try (var inserter = other.bare().newObjectInserter()) {
                for (int i = 0; i < folders.length; i++) {
                    var folder = new TreeFormatter();
                    for (int j = 0; j < 100; j++) {
                        var content = ("file " + i + " " + j + "\n").repeat(200).getBytes(StandardCharsets.US_ASCII);
                        folder.append(
                                String.format("file%03d.js", j),
                                FileMode.REGULAR_FILE,
                                inserter.insert(Constants.OBJ_BLOB, content));
                    }
                    folders[i] =
                            new Objects.Entry(Objects.TREE, String.format("folder%02d", i), inserter.insert(folder));
                }
                inserter.flush();
            }
            made.main(folders);
            var began = Instant.now();
            assertThat(Bench.of(data, program.url("large.git")).cloned().files())
                    .isEqualTo(5_000);
            assertThat(Duration.between(began, Instant.now()))
                    .as("nothing in it grows faster than the tree")
                    .isLessThan(Duration.ofMinutes(2));
        }
    }
}
