package codehaven.activities.cloning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import codehaven.activities.Settings;
import codehaven.dev.DevGit;
import codehaven.dev.DevRepository;
import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.ObjectId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is in a repository is somebody's who may wish us ill. */
final class HostileRepositoriesTest {

    @TempDir
    Path remotes;

    @TempDir
    Path data;

    DevGit git;
    DevRepository repository;
    Objects objects;
    Bench bench;

    @BeforeEach
    void start() throws Exception {
        git = DevGit.start(remotes);
        repository = git.createEmpty("site");
        objects = Objects.of(repository);
        bench = Bench.of(data, repository.url());
    }

    @AfterEach
    void stop() {
        git.close();
    }

    private String refused() throws Exception {
        var sentence = bench.refusal(FailureKind.REPOSITORY_REFUSED);
        assertThat(data.resolve("work/k3v9x2mq")).as("nothing is left").isEmptyDirectory();
        return sentence;
    }

    @Test
    void millionsOfPathsInAFewKilobytesAreCountedAndNotWritten() throws Exception {
        var level = objects.tree(objects.file("f", "x"));
        for (int depth = 0; depth < 8; depth++) {
            var entries = new Objects.Entry[10];
            for (int i = 0; i < entries.length; i++) {
                entries[i] = new Objects.Entry(Objects.TREE, "d" + i, level);
            }
            level = objects.tree(entries);
        }
        objects.ref("refs/heads/main", objects.commit(level, "Bomb"));
        var began = Instant.now();
        assertThat(refused()).contains("100,000 files").contains("treeFiles");
        assertThat(Duration.between(began, Instant.now())).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void millionsOfEmptyFoldersAreCountedToo() throws Exception {
        var level = objects.tree();
        for (int depth = 0; depth < 7; depth++) {
            var entries = new Objects.Entry[10];
            for (int i = 0; i < entries.length; i++) {
                entries[i] = new Objects.Entry(Objects.TREE, "d" + i, level);
            }
            level = objects.tree(entries);
        }
        objects.ref("refs/heads/main", objects.commit(level, "Bomb"));
        assertThat(refused()).contains("treeFiles");
    }

    @Test
    void oneLargeFileManyTimesIsTooLarge() throws Exception {
        var blob = objects.insert(Constants.OBJ_BLOB, new byte[3_000_000]);
        var entries = new Objects.Entry[1_000];
        for (int i = 0; i < entries.length; i++) {
            entries[i] = new Objects.Entry(Objects.FILE, "f" + (1000 + i), blob);
        }
        objects.main(entries);
        assertThat(refused()).contains("2.15 GB").contains("treeBytes");
    }

    @Test
    void foldersWithoutEndAreRefused() throws Exception {
        var level = objects.tree(objects.file("f", "x"));
        for (int depth = 0; depth < 300; depth++) {
            level = objects.tree(new Objects.Entry(Objects.TREE, "d", level));
        }
        objects.ref("refs/heads/main", objects.commit(level, "Deep"));
        assertThat(refused()).contains("200 deep");
    }

    @Test
    void cloneThatTransfersTooMuchIsCutOff() throws Exception {
        var random = new byte[3_000_000];
        new Random(1).nextBytes(random);
        objects.main(new Objects.Entry(Objects.FILE, "noise", objects.insert(Constants.OBJ_BLOB, random)));
        bench = bench.limits(100, 10_000_000, 1_000_000);
        assertThat(refused()).contains("1.0 MB").contains("packBytes");
    }

    @ParameterizedTest
    @CsvSource({
        "direct, ../outside",
        "direct, /etc/passwd",
        "direct, a/../../b",
        "direct, ..",
        "direct, folder/up/../../etc",
        "direct, missing/../../etc"
    })
    void linkOutOfTheTreeIsRefused(String name, String target) throws Exception {
        objects.main(objects.link(name, target), objects.folder("folder", objects.link("up", "..")));
        assertThat(refused()).contains("'direct'").contains("'" + target + "'").contains("out of the repository");
    }

    @Test
    void linkOutOfTheTreeThroughAnotherIsRefused() throws Exception {
        // a/b/c is the top by two steps; through it, one step more is outside.
        objects.main(
                objects.folder("a", objects.folder("b", objects.link("c", "../.."))),
                objects.link("sly", "a/b/c/../x"));
        assertThat(refused()).contains("'sly'");
    }

    @Test
    void linksWithinTheTreeAreKeptAsTheyAre() throws Exception {
        objects.main(
                objects.folder("a", objects.file("f", "content"), objects.link("self", ".")),
                objects.link("dangling", "nowhere/at/all"),
                objects.link("loop1", "loop2"),
                objects.link("loop2", "loop1/x"),
                objects.link("to", "a/self/self/f"));
        var tree = bench.tree();
        assertThat(Files.readSymbolicLink(tree.resolve("to"))).hasToString("a/self/self/f");
        assertThat(tree.resolve("to")).hasContent("content");
        assertThat(Files.isSymbolicLink(tree.resolve("loop1"))).isTrue();
        assertThat(Files.readSymbolicLink(tree.resolve("dangling"))).hasToString("nowhere/at/all");
    }

    @Test
    void nothingIsWrittenThroughALink() throws Exception {
        var outside = Files.createDirectory(data.resolve("outside"));
        objects.main(objects.link("a", outside.toString()), objects.folder("a", objects.file("planted", "x")));
        assertThat(bench.refusal(FailureKind.REPOSITORY_REFUSED)).contains("malformed");
        assertThat(outside).isEmptyDirectory();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ".git",
                ".GIT",
                ".Git",
                "GIT~1",
                "git~1",
                ".git ",
                ".git.",
                ".git. .",
                ".g\u200cit",
                "\u200e.git",
                ".gi\ufefft",
                ".."
            })
    void namesThatSomeDiskTakesForGitsOwnAreRefused(String name) throws Exception {
        objects.main(objects.folder(name, objects.file("config", "[core]")));
        assertThat(refused()).containsAnyOf("Git's own directory", "malformed").contains("'");
    }

    @Test
    void namesWithASlashAreRefused() throws Exception {
        objects.main(objects.file("../../planted", "x"));
        assertThat(refused()).contains("malformed");
    }

    @Test
    void sameNameTwiceIsRefused() throws Exception {
        objects.main(objects.file("a", "1"), objects.file("a", "2"));
        assertThat(refused()).contains("malformed");
    }

    @Test
    void namesThatAreNoTextAreRefused() throws Exception {
        objects.main(new Objects.Entry(Objects.FILE, new byte[] {'a', (byte) 0xff, (byte) 0xfe}, objects.blob("x")));
        assertThat(refused()).contains("not valid UTF-8");
    }

    @Test
    void modesThatGitDoesNotHaveAreRefused() throws Exception {
        var tree = objects.tree(new Objects.Entry(0010644, "fifo", objects.blob("x")));
        try (var reader = repository.bare().newObjectReader()) {
            // Straight from the objects: JGit's server does not send such a tree.
            assertThatThrownBy(() -> new TreeListing(Settings.Limits.DEFAULT).add(reader, tree, ""))
                    .isInstanceOf(StepFailure.class)
                    .hasMessageContaining("malformed");
        }
    }

    @Test
    void oddNamesAreKeptToTheLetter() throws Exception {
        var longest = "n".repeat(255);
        var odd = new String[] {
            "$(touch x)",
            "%2e%2e",
            "-rf",
            "a\nb",
            "back\\slash",
            "it's \"quoted\"",
            longest,
            "tab\t",
            "\u202ertl",
            "Caf\u00e9",
            "Cafe\u0301",
            "README",
            "readme",
            "con",
            "x:y",
            ".gitignore",
            ".gitx",
            "git~2"
        };
        java.util.Arrays.sort(
                odd,
                java.util.Comparator.comparing(
                        each -> each.getBytes(StandardCharsets.UTF_8), java.util.Arrays::compareUnsigned));
        var entries = new Objects.Entry[odd.length];
        for (int i = 0; i < odd.length; i++) {
            entries[i] = objects.file(odd[i], "content of " + i);
        }
        objects.main(entries);
        var tree = bench.tree();
        for (int i = 0; i < odd.length; i++) {
            assertThat(tree.resolve(odd[i])).hasContent("content of " + i);
        }
        assertThat(bench.cloned().files()).isEqualTo(odd.length);
    }

    @Test
    void nothingInTheRepositoryIsRunOrObeyed() throws Exception {
        objects.main(
                objects.file(".gitattributes", "* text=auto eol=crlf filter=evil ident export-subst\n"),
                objects.file(".gitconfig", "[filter \"evil\"]\n\tsmudge = touch planted\n"),
                objects.folder(
                        "hooks", new Objects.Entry(Objects.EXECUTABLE, "post-checkout", objects.blob("#!/bin/sh\n"))),
                objects.file("text", "line\n$Id$\nline\r\n"));
        var tree = bench.tree();
        assertThat(Files.readString(tree.resolve("text"))).isEqualTo("line\n$Id$\nline\r\n");
        assertThat(tree.resolve("planted")).doesNotExist();
        assertThat(Files.getPosixFilePermissions(tree.resolve("hooks/post-checkout")))
                .contains(PosixFilePermission.OWNER_EXECUTE);
        assertThat(Files.getPosixFilePermissions(tree.resolve("text")))
                .doesNotContain(PosixFilePermission.OWNER_EXECUTE);
        assertThat(tree.resolve(".git")).doesNotExist();
    }

    @Test
    void lfsPointersAreWarnedOf() throws Exception {
        objects.main(objects.file(
                "video.mp4",
                "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0".repeat(64) + "\nsize 12345\n"));
        bench.cloned();
        assertThat(bench.scope().warned)
                .singleElement()
                .asString()
                .contains("Git LFS")
                .contains("'video.mp4'");
    }

    @Test
    void submodulesAreLeftOutUnlessTheProjectSaysSo() throws Exception {
        objects.main(
                objects.file(".gitmodules", "[submodule \"lib\"]\n\tpath = lib\n\turl = ../lib.git\n"),
                new Objects.Entry(Objects.GITLINK, "lib", ObjectId.fromString("1".repeat(40))));
        var tree = bench.tree();
        assertThat(tree.resolve("lib")).isEmptyDirectory();
        assertThat(bench.scope().warned)
                .singleElement()
                .asString()
                .contains("1 submodule is left out")
                .contains("'lib'");
    }

    @Test
    void submodulesAreClonedWhereTheProjectSaysSo() throws Exception {
        var inner = Objects.of(git.createEmpty("inner"));
        var innerCommit = inner.main(inner.file("deep", "down"));
        var lib = Objects.of(git.createEmpty("lib"));
        var libCommit = lib.commit(
                lib.tree(
                        lib.file(".gitmodules", "[submodule \"x\"]\n\tpath = in\n\turl = ./../inner.git\n"),
                        new Objects.Entry(Objects.GITLINK, "in", innerCommit),
                        lib.link("up", "../site.txt")),
                "Lib");
        lib.ref("refs/heads/main", libCommit);
        objects.main(
                objects.file(".gitmodules", "[submodule \"lib\"]\n\tpath = lib\n\turl = ../lib.git\n"),
                new Objects.Entry(Objects.GITLINK, "lib", libCommit),
                objects.file("site.txt", "site"));
        bench = bench.submodules();
        var tree = bench.tree();
        assertThat(tree.resolve("lib/in/deep")).hasContent("down");
        assertThat(tree.resolve("lib/up")).hasContent("site");
        assertThat(bench.cloned().files()).isEqualTo(5);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ext::sh -c 'touch x' | a space",
                "--upload-pack=touch | '-'",
                "http://169.254.169.254/x.git | link-local",
                "ssh://example.com/x | https:// only",
                "https://user:secret@example.com/x | a user or a password"
            })
    void submodulesElsewhereAreJudged(String url, String reason) throws Exception {
        objects.main(
                objects.file(".gitmodules", "[submodule \"lib\"]\n\tpath = lib\n\turl = \"" + url + "\"\n"),
                new Objects.Entry(Objects.GITLINK, "lib", ObjectId.fromString("1".repeat(40))));
        bench = bench.submodules();
        assertThat(refused()).contains("The submodule 'lib'").contains(reason).doesNotContain("secret");
    }

    @Test
    void submodulesShareTheLimitsOfTheirRepository() throws Exception {
        var noise = new byte[700_000];
        new Random(7).nextBytes(noise);
        var lib = Objects.of(git.createEmpty("lib"));
        var commit = lib.main(new Objects.Entry(Objects.FILE, "noise", lib.insert(Constants.OBJ_BLOB, noise)));
        noise[0]++;
        objects.main(
                objects.file(".gitmodules", "[submodule \"s\"]\n\tpath = s\n\turl = ../lib.git\n"),
                new Objects.Entry(Objects.FILE, "noise", objects.insert(Constants.OBJ_BLOB, noise)),
                new Objects.Entry(Objects.GITLINK, "s", commit));
        var with = bench.submodules();
        bench = with.limits(100, 10_000_000, 1_000_000);
        assertThat(refused()).contains("The submodule 's'").contains("packBytes");
        bench = with.limits(100, 1_000_000, 10_000_000);
        assertThat(refused()).contains("treeBytes");
        bench = with.limits(2, 10_000_000, 10_000_000);
        assertThat(refused()).contains("treeFiles");
        bench = with.limits(3, 1_500_000, 1_500_000);
        assertThat(bench.cloned().files()).isEqualTo(3);
    }

    @Test
    void submoduleThatContainsItselfEnds() throws Exception {
        var lib = Objects.of(git.createEmpty("lib"));
        // A commit cannot name itself, but every version may name the one before it.
        var commit = lib.main(lib.file("end", "x"));
        for (int i = 0; i < 10; i++) {
            commit = lib.main(
                    lib.file(".gitmodules", "[submodule \"s\"]\n\tpath = s\n\turl = ../lib.git\n"),
                    new Objects.Entry(Objects.GITLINK, "s", commit));
        }
        objects.main(
                objects.file(".gitmodules", "[submodule \"s\"]\n\tpath = s\n\turl = ../lib.git\n"),
                new Objects.Entry(Objects.GITLINK, "s", commit));
        bench = bench.submodules();
        assertThat(refused()).contains("nested deeper than 5");
    }

    @Test
    void commitThatIsOddlyWrittenIsStillTold() throws Exception {
        var tree = objects.tree(objects.file("index.html", "x"));
        var raw = "tree " + tree.name()
                + "\nauthor no brackets here\ncommitter x <y> 1767323045 +0000\nencoding no-such-code\n\n\n\u001b[31m"
                + "m".repeat(5_000) + "\n";
        objects.ref("refs/heads/main", objects.insert(Constants.OBJ_COMMIT, raw.getBytes(StandardCharsets.UTF_8)));
        var commit = bench.cloned().commit();
        assertThat(commit.message()).startsWith("\\u001b[31mmmm").hasSizeLessThan(250);
        assertThat(commit.author()).isEqualTo("no brackets here");
        assertThat(commit.at()).isEqualTo(Instant.parse("2026-01-02T03:04:05Z"));
    }

    @Test
    void objectThatIsMissingIsNotTakenForAWholeClone() throws Exception {
        objects.main(new Objects.Entry(Objects.FILE, "gone", ObjectId.fromString("1".repeat(40))));
        var thrown = catchThrowable(bench::cloned);
        assertThat(thrown).isInstanceOf(StepFailure.class);
        assertThat(Files.exists(data.resolve("work/k3v9x2mq/tree.json"), LinkOption.NOFOLLOW_LINKS))
                .isFalse();
    }
}
