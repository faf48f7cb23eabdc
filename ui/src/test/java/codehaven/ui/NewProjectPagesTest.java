package codehaven.ui;

import static codehaven.ui.NewProjectHaven.REPOSITORIES;
import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.Environment;
import codehaven.model.Project;
import codehaven.model.Slug;
import codehaven.state.Deployments.Filter;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class NewProjectPagesTest {

    private final NewProjectHaven haven = NewProjectHaven.get();

    @Test
    void aRepositoryIsShownAsItWasSeen() {
        var page = haven.get("/new?repository=git.example.org/ada/seen.git").body();

        assertThat(page)
                .contains("Found, public", "a41f09c", "Keep the &lt;b&gt;basket&lt;/b&gt;")
                .contains("<strong>Next.js 16</strong>, built with pnpm on Node 24")
                .contains("Two folders can be deployed by themselves.")
                .contains("Express, cannot be deployed as it is")
                .contains("placeholder=\"pnpm run build\"", "placeholder=\"out\"", "24, detected");
        assertThat(field(page, "name")).contains("value=\"shop\"");
        assertThat(page).contains("Live at <code>shop.sites.localhost:8081</code>");
        assertThat(field(page, "productionBranch")).contains("value=\"main\"");
    }

    @Test
    void anotherFolderIsShownWithItsOwnDetails() {
        var page = haven.post(
                        "/projects",
                        Map.of(
                                "look", "folder",
                                "repository", REPOSITORIES + "folders",
                                "rootDirectory", "docs",
                                "name", "shop",
                                "suggested", "shop",
                                "env", "KEPT=1"))
                .body();

        assertThat(page)
                .contains("<strong>VitePress</strong>", "placeholder=\".vitepress/dist\"", "KEPT=1", "1 variable.");
        assertThat(field(page, "name")).as("docs alone says nothing").contains("value=\"folders-docs\"");
    }

    @Test
    void aFolderThatHasToRunIsSaidToBeOne() {
        assertThat(haven.get("/new?repository=" + REPOSITORIES + "runs&root-directory=services/ledger")
                        .body())
                .contains("It has to run.", "Publish only its files.");
    }

    @Test
    void whatIsNotThereIsSaidAtTheField() {
        var page = haven.get("/new?repository=" + REPOSITORIES + "missing");

        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(field(page.body(), "repo"))
                .contains("aria-invalid=\"true\"", "aria-describedby=\"repository-e repo-h\"", "autofocus");
        assertThat(page.body())
                .contains("There is no Git repository at " + REPOSITORIES + "missing.")
                .doesNotContain("id=\"dock\"");
        assertThat(haven.get("/new?repository=git@github.com:you/site").body())
                .contains("Addresses for SSH cannot be used.");
    }

    @Test
    void whatCannotBeLookedAtCanBeDeployedAllTheSame() {
        assertThat(haven.get("/new?repository=" + REPOSITORIES + "away").body())
                .contains("git.example.org does not answer.", "It can be deployed all the same", "id=\"dock\"");
    }

    @Test
    void deployButtonsFillTheFormIn() {
        var page = haven.get("/new?repository-url=" + REPOSITORIES
                        + "button&project-name=my-shop&build-command=make&env=API_KEY,SITE_NAME")
                .body();

        assertThat(field(page, "name")).contains("value=\"my-shop\"");
        assertThat(field(page, "buildCommand")).contains("value=\"make\"");
        assertThat(page).contains("Yours. Detected: <code>pnpm run build</code>", "API_KEY=\nSITE_NAME=");
    }

    @Test
    void aPressOfTheButtonMakesTheProjectWithItsVariablesAndDeploysIt() {
        var answer = haven.post(
                "/projects",
                form(
                        "made",
                        Map.of(
                                "rootDirectory", "apps/shop",
                                "buildCommand", "make site",
                                "env", "NEXT_PUBLIC_API=https://api.example\r\nPAYMENT_KEY='a\r\nb'\r\n")));

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(303);
        var project = project("made");
        assertThat(project.settings().rootDirectory()).isEqualTo("apps/shop");
        assertThat(project.settings().buildCommand()).isEqualTo("make site");
        assertThat(project.settings().installCommand())
                .as("what is left empty is detected")
                .isNull();
        assertThat(project.productionBranch()).isEqualTo("main");
        assertThat(haven.state.variables().resolve(project.slug(), Environment.PRODUCTION))
                .isEqualTo(Map.of("NEXT_PUBLIC_API", "https://api.example", "PAYMENT_KEY", "a\nb"));
        assertThat(haven.state.variables().list(project.slug()))
                .filteredOn(each -> each.sensitive())
                .singleElement()
                .satisfies(each -> assertThat(each.key()).isEqualTo("PAYMENT_KEY"));
        var deployment = haven.state.deployments().list(new Filter(project.slug(), null, null, null), null, 2);
        assertThat(deployment).singleElement().satisfies(each -> {
            assertThat(location(answer)).endsWith("/deployments/" + each.id());
            assertThat(each.environment()).isEqualTo(Environment.PRODUCTION);
            assertThat(each.source().ref()).isEqualTo("main");
        });
    }

    @Test
    void anotherProductionBranchIsDeployedFirst() {
        haven.post("/projects", form("branched", Map.of("productionBranch", "release")));

        assertThat(haven.state.deployments().list(new Filter(new Slug("branched"), null, null, null), null, 1))
                .singleElement()
                .satisfies(each -> {
                    assertThat(each.source().ref()).isEqualTo("release");
                    assertThat(each.environment()).isEqualTo(Environment.PRODUCTION);
                });
    }

    @Test
    void aProjectCanBeSavedWithoutDeploying() {
        var answer = haven.post("/projects", form("saved", Map.of("deploy", "no")));

        assertThat(answer.statusCode()).isEqualTo(303);
        assertThat(location(answer)).endsWith("/projects/saved");
        assertThat(haven.state.deployments().list(new Filter(new Slug("saved"), null, null, null), null, 1))
                .isEmpty();
    }

    @Test
    void aButtonPressedTwiceMakesOneProject() {
        var form = form("twice", Map.of("once", "0b7e"));

        var first = haven.post("/projects", form);
        var second = haven.post("/projects", form);

        assertThat(first.statusCode()).isEqualTo(303);
        assertThat(second.statusCode()).as(second.body()).isEqualTo(303);
        assertThat(location(second)).isEqualTo(location(first));
    }

    @Test
    void whatIsWrongIsSaidAtItsFieldAndWhatWasTypedIsKept() {
        var answer = haven.post(
                "/projects",
                form(
                        "wrong",
                        Map.of("outputDirectory", "../out", "productionBranch", "-x", "env", "A=1\nhunter2\nCI=1")));

        assertThat(answer.statusCode()).isEqualTo(422);
        var page = answer.body();
        assertThat(field(page, "productionBranch")).contains("aria-invalid=\"true\"", "value=\"-x\"", "autofocus");
        assertThat(field(page, "outputDirectory"))
                .contains("aria-invalid=\"true\"", "value=\"../out\"")
                .contains("aria-describedby=\"outputDirectory-e")
                .doesNotContain("autofocus");
        assertThat(page)
                .contains("may not lead out of the repository")
                .contains("Line 2 has no", "CI is set by CodeHaven itself.")
                .contains("hunter2");
        assertThat(haven.state.projects().find(new Slug("wrong"))).isEmpty();
    }

    @Test
    void aNameThatIsTakenIsSaidAtTheName() {
        haven.project("taken", Instant.now());

        var answer = haven.post("/projects", form("taken", Map.of("repository", REPOSITORIES + "another")));

        assertThat(answer.statusCode()).isEqualTo(422);
        assertThat(field(answer.body(), "name")).contains("aria-invalid=\"true\"", "value=\"taken\"", "autofocus");
        assertThat(answer.body()).contains("The name taken is taken by another project.");
    }

    @Test
    void aRepositoryWithAProjectIsSaidToHaveOne() {
        haven.project("known", Instant.now());

        var page = haven.get("/new?repository=" + REPOSITORIES + "known").body();

        assertThat(page).contains("<a href=\"/projects/known\"><bdi>known</bdi></a> deploys this repository already.");
    }

    @Test
    void anAddressThatWasChangedIsLookedAtBeforeItIsDeployed() {
        var answer = haven.post("/projects", form("changed", Map.of("seen", REPOSITORIES + "before")));

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).contains("Found, public");
        assertThat(haven.state.projects().find(new Slug("changed"))).isEmpty();
    }

    @Test
    void textOfOthersIsInert() {
        var page = haven.get("/new?repository=" + REPOSITORIES
                        + "inert&project-name=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&env=%3C/textarea%3E%3Cscript%3E")
                .body();

        assertThat(page).doesNotContain("<script>alert", "</textarea><script>");
    }

    private static Map<String, String> form(String name, Map<String, String> more) {
        var fields = new HashMap<>(Map.of(
                "repository", REPOSITORIES + name,
                "name", name,
                "productionBranch", "main",
                "defaultBranch", "main",
                "installCommand", "",
                "env", ""));
        fields.putAll(more);
        return fields;
    }

    private Project project(String slug) {
        return haven.state.projects().find(new Slug(slug)).orElseThrow();
    }

    private static String location(HttpResponse<String> answer) {
        return answer.headers().firstValue("Location").orElseThrow();
    }

    /** The tag of the control with the id. */
    private static String field(String page, String id) {
        var match = Pattern.compile("<(?:input|select|textarea)[^>]*\\bid=\"" + id + "\"[^>]*>")
                .matcher(page);
        assertThat(match.find()).as(id).isTrue();
        return match.group();
    }
}
