package codehaven.ui;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.BuildSettings;
import codehaven.model.Project;
import codehaven.model.Slug;
import java.time.Duration;
import java.util.Objects;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

final class SettingsPagesTest {

    private final ProjectHaven haven = ProjectHaven.get();

    private BuildSettings settings(String slug) {
        return haven.state
                .projects()
                .find(new Slug(slug))
                .map(Project::settings)
                .orElseThrow();
    }

    @Test
    void sectionIsSavedByItselfAndEmptyMeansDetected() {
        var built = haven.project("built");
        haven.past(built, "built001").put().live(Duration.ofHours(1));
        var page = "/projects/built/settings";

        var saved = haven.post(
                page,
                page,
                "section",
                "build",
                "rootDirectory",
                "apps/web",
                "framework",
                "astro",
                "installCommand",
                "",
                "installCommand.nothing",
                "on",
                "buildCommand",
                "pnpm build",
                "outputDirectory",
                "",
                "nodeVersion",
                "22");

        assertThat(ProjectHaven.location(saved)).startsWith(page + "?saved=build");
        var now = settings("built");
        assertThat(now.rootDirectory()).isEqualTo("apps/web");
        assertThat(now.installCommand()).as("nothing is to be installed").isEmpty();
        assertThat(now.outputDirectory()).isNull();
        assertThat(now.nodeVersion()).isEqualTo("22");
        assertThat(haven.get(page + "?saved=build").body())
                .contains(
                        "Takes effect with the next deployment.",
                        "/deployments/built001/redeploy",
                        "value=\"apps/web\"");

        haven.post(page, page, "section", "behaviour", "spaFallback", "true", "cleanUrls", "false", "submodules", "");
        haven.post(page, page, "section", "limits", "limits.buildMemoryMb", "1024", "limits.buildSeconds", "");
        assertThat(settings("built").spaFallback()).isTrue();
        assertThat(settings("built").cleanUrls()).isFalse();
        assertThat(settings("built").limits().buildMemoryMb()).isEqualTo(1024);
        assertThat(settings("built").nodeVersion())
                .as("the other sections stay")
                .isEqualTo("22");
    }

    @Test
    void whatIsWrongIsSaidAtEachFieldAndWhatWasTypedIsKept() {
        haven.project("wrong");
        var page = "/projects/wrong/settings";

        var answer = haven.post(
                page,
                page,
                "section",
                "build",
                "rootDirectory",
                "../up",
                "framework",
                "",
                "installCommand",
                "",
                "buildCommand",
                "make \"it\" <now>",
                "outputDirectory",
                "/abs",
                "nodeVersion",
                "lts");

        assertThat(answer.statusCode()).isEqualTo(422);
        assertThat(answer.body())
                .contains("value=\"../up\"", "value=\"/abs\"", "value=\"lts\"", "make &quot;it&quot; &lt;now&gt;")
                .contains("aria-describedby=\"rootDirectory-e\"", "This may not lead out of the repository")
                .contains("aria-describedby=\"nodeVersion-e\"", "This is a major version such as 22");
        assertThat(Pattern.compile("<input[^>]*autofocus")
                        .matcher(answer.body())
                        .results())
                .as("focus goes to the first wrong field")
                .hasSize(1);
        assertThat(settings("wrong").nodeVersion()).isNull();

        var limits =
                haven.post(page, page, "section", "limits", "limits.buildMemoryMb", "much", "limits.buildSeconds", "1");
        assertThat(limits.body())
                .contains("This is a whole number from 128 to 65536.", "This is a whole number from 10 to 14400.");
        var general = haven.post(page, page, "section", "general", "repository", "", "productionBranch", "main");
        assertThat(general.body()).contains("A project has a repository");
    }

    @Test
    void howAnAppRunsIsSetAndWhatIsWrongIsSaidAtItsField() {
        haven.project("appset");
        var page = "/projects/appset/settings";
        haven.post(
                page,
                page,
                "section",
                "app",
                "startCommand",
                "node server.js",
                "app.port",
                "4000",
                "healthCheck.path",
                "/up",
                "dockerfile",
                "docker/Dockerfile",
                "app.dockerContext",
                "");
        haven.post(
                page,
                page,
                "section",
                "running",
                "limits.memoryMb",
                "512",
                "limits.cpus",
                "0.5",
                "app.replicas",
                "2",
                "app.sleepAfterSeconds",
                "0",
                "app.stopSignal",
                "int",
                "app.writable",
                "true",
                "app.volumes",
                "data  /data\r\n\r\nuploads /srv/up");
        var now = settings("appset");
        assertThat(now.startCommand()).isEqualTo("node server.js");
        assertThat(Objects.requireNonNull(now.healthCheck()).path()).isEqualTo("/up");
        assertThat(now.app().port()).isEqualTo(4000);
        assertThat(now.app().stopSignal()).isEqualTo("SIGINT");
        assertThat(now.app().sleepAfterSeconds()).isZero();
        assertThat(now.app().volumes()).hasSize(2);
        assertThat(now.limits().cpus()).isEqualTo(0.5);
        assertThat(haven.get(page).body()).contains("data /data\nuploads /srv/up</textarea>", "value=\"SIGINT\"");

        var wrong = haven.post(
                page,
                page,
                "section",
                "running",
                "limits.cpus",
                "lots",
                "app.replicas",
                "99",
                "app.volumes",
                "data /data\nUp! /srv\nalone");
        assertThat(wrong.statusCode()).isEqualTo(422);
        assertThat(wrong.body())
                .contains("aria-describedby=\"app-volumes-e\"", "In number 2: the name is 1 to 40 of a-z")
                .contains("data /data\nUp! /srv\nalone</textarea>", "value=\"lots\"", "value=\"99\"")
                .contains("This is a whole number from 1 to 50.");
        assertThat(settings("appset").app().replicas()).as("nothing is saved").isEqualTo(2);
    }

    @Test
    void projectIsDeletedOnlyByItsTypedName() {
        var doomed = haven.project("doomed");
        haven.past(doomed, "doomed01").put().live(Duration.ofHours(1));
        var page = "/projects/doomed/settings";

        var refused = haven.post(page, "/projects/doomed/delete", "name", "doomd");
        assertThat(refused.statusCode()).isEqualTo(422);
        assertThat(refused.body()).contains("this is not the project’s name", "value=\"doomd\"");
        assertThat(haven.state.projects().find(doomed)).isPresent();

        var deleted = haven.post(page, "/projects/doomed/delete", "name", " doomed ");
        assertThat(ProjectHaven.location(deleted)).isEqualTo("/?deleted=doomed");
        assertThat(haven.state.projects().find(doomed)).isEmpty();
        assertThat(haven.state.deployments().find("doomed01")).isEmpty();
        assertThat(haven.state.sites().ofProject(doomed)).isEmpty();
        assertThat(Objects.requireNonNull(haven.get(page)).statusCode()).isEqualTo(404);
    }
}
