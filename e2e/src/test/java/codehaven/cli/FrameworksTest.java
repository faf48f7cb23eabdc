package codehaven.cli;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.dev.DevGit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What people bring: each from a Git remote to READY and 200 at its addresses, built in a real Docker engine. React comes
 * with pnpm, Vue with Yarn, Svelte with npm and its lockfile.
 */
final class FrameworksTest {

    /** A site of the test resources, what its front page says, another page of it, and settings its project needs. */
    private record Example(String name, String marker, String page, Map<String, Object> settings) {
        Example(String name, String marker, String page) {
            this(name, marker, page, Map.of());
        }
    }

    private static final Stream<Example> EXAMPLES = Stream.of(
            new Example("react", "react-marker", "/any/route"),
            new Example("vue", "vue-marker", "/"),
            new Example("svelte", "svelte-marker", "/"),
            new Example("astro", "ASTRO-MARKER", "/about/"),
            new Example("eleventy", "eleventy-marker", "/"),
            new Example("vitepress", "vitepress-marker", "/"),
            new Example("next", "next-marker", "/about"),
            new Example("plain", "plain-marker", "/about"),
            new Example("monorepo", "monorepo-marker", "/", Map.of("rootDirectory", "apps/web")));

    @Test
    void eachFrameworkIsServedFromItsRepository(@TempDir Path directory) throws Exception {
        try (var git = DevGit.start(directory.resolve("git"));
                var haven = Haven.up(directory.resolve("data"), Map.of())) {
            var deployments = new LinkedHashMap<Example, String>();
            for (var example : EXAMPLES.toList()) {
                var repository = git.create(example.name(), filesOf(example.name()));
                var project = new TreeMap<>(example.settings());
                project.put("name", example.name());
                project.put("repository", repository.url());
                haven.post("/v1/projects", project, 201);
                deployments.put(example, haven.deploy(Map.of("project", example.name())));
            }
            deployments.forEach((example, id) -> {
                var ended = haven.awaitFinal(id, Duration.ofMinutes(15));
                assertThat(ended.path("status").asText())
                        .as("%s: %s\n%s", example.name(), ended.toPrettyString(), haven.log(id))
                        .isEqualTo("READY");
                for (var url : ended.path("urls")) {
                    var front = haven.visit(url.asText());
                    assertThat(front.statusCode()).as(url.asText()).isEqualTo(200);
                    assertThat(front.body()).as(url.asText()).contains(example.marker());
                    assertThat(haven.visit(url.asText().replaceFirst("/$", example.page()))
                                    .statusCode())
                            .as(url.asText() + example.page())
                            .isEqualTo(200);
                }
            });
        }
    }

    static Map<String, String> filesOf(String name) throws IOException {
        var root = Path.of("src/test/resources/sites", name);
        var files = new TreeMap<String, String>();
        try (var all = Files.walk(root)) {
            for (var file : all.filter(Files::isRegularFile).toList()) {
                files.put(root.relativize(file).toString(), Files.readString(file));
            }
        }
        return files;
    }
}
