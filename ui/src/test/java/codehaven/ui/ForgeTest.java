package codehaven.ui;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.CommitSha;
import org.junit.jupiter.api.Test;

class ForgeTest {

    private static final CommitSha SHA = new CommitSha("0123456789abcdef0123456789abcdef01234567");

    private static String line(String repository) {
        return Forge.of(repository).orElseThrow().file(SHA, "src/a b[c]?#.ts", 88);
    }

    @Test
    void eachHostHasItsOwnAddresses() {
        var file = SHA.text() + "/src/a%20b%5Bc%5D%3F%23.ts";
        assertThat(line("https://github.com/o/r")).isEqualTo("https://github.com/o/r/blob/" + file + "#L88");
        assertThat(line("https://gitlab.com/g/s/r.git")).isEqualTo("https://gitlab.com/g/s/r/-/blob/" + file + "#L88");
        assertThat(line("https://gitlab.example.org:8443/g/r"))
                .isEqualTo("https://gitlab.example.org:8443/g/r/-/blob/" + file + "#L88");
        assertThat(line("https://bitbucket.org/o/r")).isEqualTo("https://bitbucket.org/o/r/src/" + file + "#lines-88");
        assertThat(line("https://codeberg.org/o/r")).isEqualTo("https://codeberg.org/o/r/src/commit/" + file + "#L88");
        assertThat(Forge.of("https://github.com/o/r").orElseThrow().commit(SHA))
                .isEqualTo("https://github.com/o/r/commit/" + SHA.text());
        assertThat(Forge.of("https://github.com/o/r").orElseThrow().file(SHA, "a", null))
                .endsWith("/a");
    }

    @Test
    void othersAreNotGuessed() {
        assertThat(Forge.of("https://example.org/o/r")).isEmpty();
        assertThat(Forge.of("https://notgithub.com/o/r")).isEmpty();
        assertThat(Forge.of("file:///srv/git/r.git")).isEmpty();
        assertThat(Forge.of("javascript://github.com/%0aalert(1)")).isEmpty();
        assertThat(Forge.of("https://github.com")).isEmpty();
        assertThat(Forge.of("not an address")).isEmpty();
    }

    @Test
    void codeInASentenceIsToldApart() {
        assertThat(Prose.of("`npm run build` failed: `"))
                .containsExactly(
                        new Prose.Piece("npm run build", true),
                        new Prose.Piece(" failed: ", false),
                        new Prose.Piece("`", false));
        assertThat(Prose.of("Fix it.")).containsExactly(new Prose.Piece("Fix it.", false));
    }
}
