package codehaven.browser;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import codehaven.cli.Haven;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What people do with the dashboard, from the first address they paste to the project's end. */
final class LifeTest {

    private static final double BUILD = 180;

    @TempDir
    static Path directory;

    private static Installation installation;

    @BeforeAll
    static void start() throws Exception {
        installation = Installation.start(directory);
    }

    @AfterAll
    static void stop() {
        installation.close();
    }

    @Test
    void fromAnAddressToALiveSiteToTheNextCommitAndBack() throws Exception {
        var repository = installation.repository("storefront", Installation.chatty("first-marker", 40, 100));
        try (var visitor = installation.visitor()) {
            var page = visitor.open("/new");
            page.getByLabel("Git repository").fill(repository.url());
            visitor.button("Look at it").click();
            assertThat(page.getByLabel("Name", new Page.GetByLabelOptions().setExact(true)))
                    .hasValue("storefront");
            visitor.button("Deploy").click();

            var first = visitor.deployment();
            var line = page.locator(".lines > li", new Page.LocatorOptions().setHasText("part 3 of 40 is made"));
            line.waitFor(new Locator.WaitForOptions().setTimeout(BUILD * 1_000));
            assertThat(page).hasTitle(Pattern.compile(".*Building.*storefront.*"));
            visitor.awaitState("Ready", BUILD);
            assertThat(page.locator("#connection")).not().hasText("Reconnecting");

            assertShows(page, visitor.link("Visit").getAttribute("href"), "first-marker");
            visitor.open("/deployments/" + first);
            assertThat(page.locator(".addresses")).containsText("storefront-" + first + ".sites.localhost");

            var second = repository.commit("The second <b>version</b> 🌊", Installation.chatty("second-marker", 2, 10));
            visitor.open("/projects/storefront");
            visitor.button("Deploy main").click();
            assertThat(visitor.deployment()).isNotEqualTo(first);
            visitor.awaitState("Ready", BUILD);
            assertThat(page.locator("body")).containsText("The second <b>version</b> 🌊");
            assertThat(page.locator("body")).containsText(second.substring(0, 7));
            var production =
                    "http://storefront.sites.localhost:" + installation.haven().edgePort() + "/";
            assertShows(page, production, "second-marker");

            visitor.open("/projects/storefront");
            visitor.button("Roll back…").click();
            page.locator("#rollback")
                    .getByRole(AriaRole.BUTTON, new Locator.GetByRoleOptions().setName("Roll back"))
                    .click();
            page.getByText("Rolled back.").waitFor();
            assertShows(page, production, "first-marker");
            visitor.open("/");
            assertThat(page.locator(".project-row", new Page.LocatorOptions().setHasText("storefront")))
                    .hasCount(1);
            visitor.assertNoComplaint();
        }
    }

    @Test
    void aFailureSaysWhatHappenedAndARetryAfterTheCauseIsGoneEndsReady() throws Exception {
        var repository = installation.repository("basket", Installation.failing());
        try (var visitor = installation.visitor()) {
            var page = visitor.open("/new?repository=" + repository.url());
            visitor.button("Deploy").click();
            visitor.awaitState("Failed in Building", BUILD);
            assertThat(page.locator(".failure")).containsText("BUILD_FAILED");
            assertThat(page.locator(".failure .excerpt")).containsText("error TS18047");
            assertThat(page).hasTitle(Pattern.compile(".*Failed.*basket.*"));
            var id = visitor.deployment();

            // The build command of the settings stands in for the cause: without it nothing fails any more.
            visitor.open("/projects/basket/settings");
            page.locator("#buildCommand").fill("mkdir -p dist && cp public.html dist/index.html");
            page.locator("#build")
                    .getByRole(AriaRole.BUTTON, new Locator.GetByRoleOptions().setName("Save"))
                    .click();
            page.getByText("Saved.").waitFor();
            visitor.open("/deployments/" + id);
            visitor.button("Retry from Building").click();
            visitor.awaitState("Ready", BUILD);
            assertThat(visitor.deployment())
                    .as("a retry is the same deployment")
                    .isEqualTo(id);
            visitor.assertNoComplaint();
        }
    }

    @Test
    void aRunningDeploymentIsCancelled() throws Exception {
        var repository = installation.repository("endless", Installation.chatty("never", 3_000, 100));
        try (var visitor = installation.visitor()) {
            visitor.open("/new?repository=" + repository.url());
            visitor.button("Deploy").click();
            visitor.page()
                    .locator(".lines > li", new Page.LocatorOptions().setHasText("part 2 of"))
                    .waitFor(new Locator.WaitForOptions().setTimeout(BUILD * 1_000));
            visitor.button("Cancel").click();
            visitor.awaitState("Canceled", 15);
            assertThat(visitor.button("Redeploy")).isVisible();
            visitor.assertNoComplaint();
        }
    }

    @Test
    void aLogGoesOnWithoutGapOrRepeatAfterTheConnectionWasLost() throws Exception {
        var repository = installation.repository("patient", Installation.chatty("patient-marker", 150, 150));
        try (var wire = Wire.to(installation.home());
                var visitor = installation.chromium().visitor(wire.address())) {
            var page = visitor.open("/new?repository=" + repository.url());
            visitor.button("Deploy").click();
            page.locator(".lines > li", new Page.LocatorOptions().setHasText("part 5 of"))
                    .waitFor(new Locator.WaitForOptions().setTimeout(BUILD * 1_000));
            wire.cut();
            assertThat(page.locator("#connection")).containsText("Reconnecting");
            page.waitForTimeout(2_000);
            wire.mend();
            assertThat(page.locator("#connection")).containsText("Connected");
            visitor.awaitState("Ready", BUILD);
            var numbers = page.locator(".log .lines > li .n").allInnerTexts().stream()
                    .map(each -> Long.parseLong(each.strip()))
                    .toList();
            assertThat(numbers)
                    .as("each line once, in order")
                    .doesNotHaveDuplicates()
                    .isSorted();
            var first = numbers.getFirst();
            assertThat(numbers)
                    .as("no line is missing")
                    .isEqualTo(IntStream.range(0, numbers.size())
                            .mapToObj(i -> first + i)
                            .toList());
        }
    }

    @Test
    void variablesAreAddedChangedAndTakenAway() throws Exception {
        var repository = installation.repository("shop", Installation.page("shop-marker"));
        installation.haven().post("/v1/projects", Map.of("name", "shop", "repository", repository.url()), 201);
        try (var visitor = installation.visitor()) {
            var page = visitor.open("/projects/shop/env");
            page.getByLabel("Name", new Page.GetByLabelOptions().setExact(true)).fill("GREETING");
            page.getByLabel("Value, or a .env file").fill("Welkom <b>aan boord</b> 👋");
            visitor.button("Add").click();
            assertThat(page.locator(".table")).containsText("Welkom <b>aan boord</b> 👋");

            page.getByLabel("Value, or a .env file")
                    .fill("# two\nAPI_URL=https://api.example\nexport PAYMENT_KEY=\"sk_live_1\"");
            page.getByLabel("sensitive: never shown again").check();
            visitor.button("Add").click();
            assertThat(page.locator(".table tbody tr")).hasCount(3);
            assertThat(page.locator("body")).not().containsText("sk_live_1");

            page.getByLabel(Pattern.compile("^Edit GREETING")).click();
            page.locator("textarea[name=value]").fill("Ahoy");
            visitor.button("Save").click();
            assertThat(page.locator(".table")).containsText("Ahoy");

            visitor.button("Remove GREETING").click();
            page.locator("#remove-GREETING")
                    .getByRole(AriaRole.BUTTON, new Locator.GetByRoleOptions().setName("Remove"))
                    .click();
            assertThat(page.locator(".table")).not().containsText("GREETING");

            page.getByLabel("Name", new Page.GetByLabelOptions().setExact(true)).fill("1 wrong name");
            page.getByLabel("Value, or a .env file").fill("kept");
            visitor.button("Add").click();
            assertThat(page.locator("[aria-invalid=true]")).hasValue("1 wrong name");
            assertThat(page.getByLabel("Value, or a .env file")).hasValue("kept");
        }
    }

    @Test
    void settingsThatAreWrongAreSaidAtTheirFieldAndNothingTypedIsLost() throws Exception {
        var repository = installation.repository("wrong", Installation.page("wrong-marker"));
        installation.haven().post("/v1/projects", Map.of("name", "wrong", "repository", repository.url()), 201);
        try (var visitor = installation.visitor()) {
            var page = visitor.open("/projects/wrong/settings");
            page.getByLabel("Output directory").fill("../outside");
            page.getByLabel("Node version").fill("22");
            page.locator("#build")
                    .getByRole(AriaRole.BUTTON, new Locator.GetByRoleOptions().setName("Save"))
                    .click();
            assertThat(page.locator("[aria-invalid=true]")).hasValue("../outside");
            assertThat(page.getByLabel("Node version")).hasValue("22");
            assertThat(installation.haven().get("/v1/projects/wrong").has("nodeVersion"))
                    .isFalse();
        }
    }

    @Test
    void aProjectIsDeletedByTypingItsName() throws Exception {
        var repository = installation.repository("goner", Installation.page("goner-marker"));
        var haven = installation.haven();
        haven.post("/v1/projects", Map.of("name", "goner", "repository", repository.url()), 201);
        var id = haven.deploy(Map.of("project", "goner"));
        haven.awaitStatus(id, "READY", Duration.ofMinutes(3));
        try (var visitor = installation.visitor()) {
            var page = visitor.open("/projects/goner/settings");
            assertThat(visitor.button("Delete project")).isDisabled();
            page.getByLabel(Pattern.compile("^Type goner")).fill("goner");
            visitor.button("Delete project").click();
            page.getByText("goner is deleted.").waitFor();
            assertThat(page.locator("#projects a.name", new Page.LocatorOptions().setHasText("goner")))
                    .hasCount(0);
            assertThat(haven.get("/v1/projects").toString()).doesNotContain("goner");
            visitor.open("/projects/goner");
            assertThat(page.locator("h1")).hasText("Not found");
        }
    }

    @Test
    void everythingIsDoneWithoutScriptsToo() throws Exception {
        var repository = installation.repository("plain", Installation.chatty("plain-marker", 3, 50));
        try (var visitor =
                installation.chromium().visitor(installation.home(), options -> options.setJavaScriptEnabled(false))) {
            var page = visitor.open("/");
            visitor.link("New project").click();
            page.getByLabel("Git repository").fill(repository.url());
            visitor.button("Look at it").click();
            visitor.button("Deploy").click();
            var id = visitor.deployment();
            installation.haven().awaitStatus(id, "READY", Duration.ofMinutes(4));
            page.reload();
            visitor.awaitState("Ready", 10);
            for (var step : List.of("Cloning", "Building", "Publishing")) {
                assertThat(page.locator(".steps")).containsText(step);
            }
            page.locator(".log-step summary", new Page.LocatorOptions().setHasText("Building"))
                    .click();
            page.locator(".log-step[open] a", new Page.LocatorOptions().setHasText("Load lines"))
                    .first()
                    .click();
            assertThat(page.locator(".log")).containsText("part 3 of 3 is made");
            assertShows(page, visitor.link("Visit").getAttribute("href"), "plain-marker");

            visitor.open("/projects/plain");
            visitor.button("Deploy main").click();
            var second = visitor.deployment();
            installation.haven().awaitStatus(second, "READY", Duration.ofMinutes(4));
            visitor.open("/projects/plain");
            visitor.button("Roll back…").click();
            page.locator("#rollback")
                    .getByRole(AriaRole.BUTTON, new Locator.GetByRoleOptions().setName("Roll back"))
                    .click();
            page.getByText("Rolled back.").waitFor();
            assertThat(installation.haven().deployment(id).path("live").asBoolean())
                    .isTrue();
        }
    }

    private static void assertShows(Page page, String url, String marker) {
        Haven.await(marker + " at " + url, Duration.ofSeconds(10), () -> {
            page.navigate(url);
            return page.content().contains(marker);
        });
    }
}
