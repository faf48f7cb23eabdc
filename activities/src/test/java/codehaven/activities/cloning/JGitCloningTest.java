package codehaven.activities.cloning;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.dev.DevGit;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JGitCloningTest {

    @TempDir
    static Path remotes;

    @TempDir
    Path data;

    static DevGit git;

    @BeforeAll
    static void start() throws Exception {
        git = DevGit.start(remotes);
    }

    @AfterAll
    static void stop() {
        git.close();
    }

    @Test
    void treeOfTheDefaultBranchIsThere() throws Exception {
        try (var site = git.create("plain", Map.of("index.html", "<h1>hi</h1>", "css/a b.css", "x"))) {
            var bench = Bench.of(data, site.url());
            var cloned = bench.cloned();
            assertThat(cloned.branch()).isEqualTo("main");
            assertThat(cloned.commit().sha().text()).isEqualTo(site.head());
            assertThat(bench.tree().resolve("css/a b.css")).hasContent("x");
        }
    }
}
