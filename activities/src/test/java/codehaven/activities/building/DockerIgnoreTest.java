package codehaven.activities.building;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class DockerIgnoreTest {

    @Test
    void laterLinesWinAndFoldersTakeWhatIsInThem() {
        var ignore = DockerIgnore.of("""
                # a comment
                node_modules
                **/*.log
                /docs/
                *.md
                !README.md
                secret?.txt
                build/[a-c]*
                """);
        assertThat(ignore.leavesOut("node_modules/x/index.js")).isTrue();
        assertThat(ignore.leavesOut("packages/a/node_modules/x"))
                .as("only at the top")
                .isFalse();
        assertThat(ignore.leavesOut("a/b/c.log")).isTrue();
        assertThat(ignore.leavesOut("c.log")).isTrue();
        assertThat(ignore.leavesOut("docs/a/b.txt")).isTrue();
        assertThat(ignore.leavesOut("CHANGES.md")).isTrue();
        assertThat(ignore.leavesOut("README.md")).isFalse();
        assertThat(ignore.leavesOut("a/CHANGES.md")).isFalse();
        assertThat(ignore.leavesOut("secret1.txt")).isTrue();
        assertThat(ignore.leavesOut("build/cat")).isTrue();
        assertThat(ignore.leavesOut("build/dog")).isFalse();
    }

    @Test
    void allButSomeIsPossible() {
        var ignore = DockerIgnore.of("*\n!src\n!package.json\nsrc/secret");
        assertThat(ignore.leavesOut("src/a/b.js")).isFalse();
        assertThat(ignore.leavesOut("package.json")).isFalse();
        assertThat(ignore.leavesOut("other/a")).isTrue();
        assertThat(ignore.leavesOut("src/secret")).isTrue();
    }
}
