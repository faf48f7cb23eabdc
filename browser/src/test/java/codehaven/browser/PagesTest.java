package codehaven.browser;

import static org.assertj.core.api.Assertions.assertThat;

import com.deque.html.axecore.playwright.AxeBuilder;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every page in every state, in light and dark, on a desk and on a phone: readable by everybody (axe), quiet on the
 * console, no wider than the screen. With {@code -Dpictures=true} it leaves a picture of each in
 * {@code target/screenshots}, which takes a while.
 */
final class PagesTest {

    private static final Duration PATIENCE = Duration.ofMinutes(4);
    private static final String BRANCH =
            "feature/CHK-2214-make-the-basket-survive-a-locale-switch-and-a-late-session-refresh";
    private static final Path PICTURES = Path.of("target/screenshots");
    /** The rules that look at colours, which take most of the time. */
    private static final List<String> COLORS = List.of("color-contrast", "link-in-text-block");
    /** The rules whose answer depends on what a small screen shows and leaves out; the document is the same. */
    private static final List<String> ROOM = List.of(
            "aria-hidden-focus",
            "button-name",
            "label",
            "link-name",
            "meta-viewport",
            "page-has-heading-one",
            "region",
            "scrollable-region-focusable",
            "select-name",
            "summary-name",
            "target-size");

    @TempDir
    static Path directory;

    private static Installation installation;
    /** The path of each page, by the name of its picture. */
    private static final Map<String, String> PAGES = new LinkedHashMap<>();

    @BeforeAll
    static void start() throws Exception {
        installation = Installation.start(directory);
        Files.createDirectories(PICTURES);
        PAGES.put("projects-empty", "/");
        PAGES.put("new-project-empty", "/new");
    }

    @AfterAll
    static void stop() {
        installation.close();
    }

    /**
     * Brings the installation into the states that pages can be in.
     *
     * @return the deployment that goes on building
     */
    private static String fill() throws Exception {
        var haven = installation.haven();
        var shop = installation.repository("storefront", Installation.chatty("first", 20, 20));
        var apps = installation.repository("kiosk", Installation.app(""));
        var first = deploy("storefront", shop.url(), Map.of());
        var app = deploy("kiosk", apps.url(), Map.of());
        var stopped = deploy("kiosk-at-night", apps.url(), Map.of());
        var unwell = deploy(
                "kiosk-without-a-database",
                installation
                        .repository(
                                "unwell",
                                Installation.app("console.error('Error: connect ECONNREFUSED'); process.exit(3);\n"))
                        .url(),
                Map.of());
        haven.awaitStatus(first, "READY", PATIENCE);
        shop.commit(
                "Prices in the visitor’s currency",
                Installation.with(Installation.chatty("second", 20, 20), "public/a.txt", "a"));
        var live = haven.deploy(Map.of("project", "storefront"));
        shop.branch(BRANCH, "main");
        shop.commit(BRANCH, Installation.hostile(), Map.of("note.txt", "x"));
        haven.awaitStatus(live, "READY", PATIENCE);
        var preview = haven.deploy(Map.of("project", "storefront", "ref", BRANCH));
        haven.awaitStatus(preview, "READY", PATIENCE);
        haven.send("PUT", "/v1/projects/storefront/env/API", Map.of("value", Installation.hostile()), 200);
        haven.send("PUT", "/v1/projects/storefront/env/KEY", Map.of("value", "secret", "sensitive", true), 200);

        var failing = deploy(
                "ledger",
                installation.repository("ledger", Installation.failing()).url(),
                Map.of());
        haven.awaitStatus(failing, "FAILED", PATIENCE);
        var missing = deploy("lost", shop.url(), Map.of("ref", "no-such-branch"));
        haven.awaitStatus(missing, "FAILED", PATIENCE);
        var endless = installation.repository("endless", Installation.chatty("never", 100_000, 50));
        var canceled = deploy("playground", endless.url(), Map.of());
        haven.awaitStatus(canceled, "BUILDING", PATIENCE);
        haven.post("/v1/deployments/" + canceled + "/cancel", Map.of(), 202);
        haven.awaitStatus(canceled, "CANCELED", PATIENCE);
        installation.haven().post("/v1/projects", Map.of("name", "never-deployed", "repository", shop.url()), 201);
        var running = deploy("internationalization-of-the-storefront-f", endless.url(), Map.of());
        haven.awaitStatus(running, "BUILDING", PATIENCE);

        var served =
                haven.awaitStatus(app, "READY", PATIENCE).at("/urls/production").asText();
        for (var n = 0; n < 40; n++) {
            haven.visit(served + (n % 7 == 3 ? "odd" : "page-" + n));
        }
        haven.awaitStatus(stopped, "READY", PATIENCE);
        haven.post("/v1/deployments/" + stopped + "/app/stop", Map.of(), 202);
        haven.awaitStatus(unwell, "FAILED", PATIENCE);

        PAGES.clear();
        PAGES.put("projects", "/");
        PAGES.put("app", "/projects/kiosk");
        PAGES.put("app-settings", "/projects/kiosk/settings");
        PAGES.put("app-deployment", "/deployments/" + app);
        PAGES.put("app-runtime-log", "/deployments/" + app + "/runtime");
        PAGES.put("app-stopped", "/deployments/" + stopped);
        PAGES.put("app-failed", "/deployments/" + unwell);
        PAGES.put("projects-none-found", "/?q=nothing-has-this");
        PAGES.put("new-project", "/new?repository=" + shop.url());
        PAGES.put("new-project-refused", "/new?repository=" + shop.url() + "-that-is-not-there");
        PAGES.put("project", "/projects/storefront");
        PAGES.put("project-not-live", "/projects/never-deployed");
        PAGES.put("project-none-found", "/projects/storefront?q=nothing-has-this");
        PAGES.put("env", "/projects/storefront/env");
        PAGES.put("env-edit", "/projects/storefront/env?edit=API");
        PAGES.put("env-empty", "/projects/ledger/env");
        PAGES.put("domains", "/projects/storefront/domains");
        PAGES.put("settings", "/projects/storefront/settings");
        PAGES.put("deployment-live", "/deployments/" + live);
        PAGES.put("deployment-ready", "/deployments/" + first);
        PAGES.put("deployment-preview", "/deployments/" + preview);
        PAGES.put("deployment-line", "/deployments/" + live + "?line=3-6#L3");
        PAGES.put("deployment-failed", "/deployments/" + failing);
        PAGES.put("deployment-failed-cloning", "/deployments/" + missing);
        PAGES.put("deployment-canceled", "/deployments/" + canceled);
        PAGES.put("deployment-building", "/deployments/" + running);
        PAGES.put("files", "/deployments/" + live + "/files");
        PAGES.put("system", "/system");
        PAGES.put("not-found", "/deployments/nosuch");
        return running;
    }

    private static String deploy(String name, String repository, Map<String, String> more) {
        var body = new LinkedHashMap<String, Object>(more);
        body.put("name", name);
        body.put("repository", repository);
        return installation.haven().deploy(body);
    }

    @Test
    void everyPageIsReadableQuietAndFits() throws Exception {
        var wrong = new ArrayList<String>();
        look(wrong);
        var running = fill();
        look(wrong);
        // Otherwise its container would wait for the program's next start.
        installation.haven().post("/v1/deployments/" + running + "/cancel", Map.of(), 202);
        installation.haven().awaitStatus(running, "CANCELED", PATIENCE);
        for (var each : List.of("kiosk", "kiosk-at-night", "kiosk-without-a-database")) {
            installation.haven().delete(each);
        }
        assertThat(wrong).isEmpty();
    }

    private static void look(List<String> wrong) {
        look(1280, wrong);
        look(390, wrong);
    }

    private static void look(int width, List<String> wrong) {
        var touch = width < 1000;
        try (var visitor = installation
                .chromium()
                .visitor(
                        installation.home(),
                        options -> options.setViewportSize(width, touch ? 844 : 900)
                                .setHasTouch(touch))) {
            PAGES.forEach((name, path) -> {
                var page = visitor.open(path);
                page.locator("main").waitFor();
                for (var theme : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
                    page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(theme));
                    settle(page);
                    var shown = name + "-" + theme.name().toLowerCase(Locale.ROOT) + "-" + width;
                    picture(page, shown);
                    fits(page, shown, wrong);
                    // Those of a phone are the same colours, and another theme is nothing but other colours.
                    var axe = new AxeBuilder(page);
                    if (theme == ColorScheme.LIGHT) {
                        axe(touch ? axe.withRules(ROOM) : axe, shown, wrong);
                    } else if (!touch) {
                        axe(axe.withRules(COLORS), shown, wrong);
                    }
                }
                if (touch) {
                    page.setViewportSize(360, 844);
                    settle(page);
                    fits(page, name + "-360", wrong);
                    page.setViewportSize(width, 844);
                }
                page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.LIGHT));
                visitor.complaints().stream()
                        // The page that is not there is said to be so on the console, too.
                        .filter(each -> !name.equals("not-found"))
                        .filter(each -> !(name.equals("new-project-refused") && each.contains("422")))
                        .forEach(each -> wrong.add(name + "-" + width + ": " + each));
                visitor.complaints().clear();
            });
        }
    }

    private static void fits(Page page, String shown, List<String> wrong) {
        var over = ((Number) page.evaluate(
                        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"))
                .intValue();
        if (over > 0) {
            wrong.add(shown + ": " + over + " px too wide");
        }
    }

    private static void settle(Page page) {
        page.evaluate("() => document.fonts.ready");
        page.waitForTimeout(150);
    }

    private static void picture(Page page, String name) {
        if (Boolean.getBoolean("pictures")) {
            page.screenshot(new Page.ScreenshotOptions()
                    .setPath(PICTURES.resolve(name + ".png"))
                    .setFullPage(true));
        }
    }

    private static void axe(AxeBuilder axe, String shown, List<String> wrong) {
        var found = new TreeSet<String>();
        // In the page itself: what is left out is another page for each look, which only frames of other sites need.
        axe.setLegacyMode(true)
                .analyze()
                .getViolations()
                .forEach(rule -> rule.getNodes()
                        .forEach(node -> found.add(rule.getId() + " (" + rule.getHelp() + ") at " + node.getTarget()
                                + " " + node.getFailureSummary())));
        found.forEach(each -> wrong.add(shown + ": " + each));
    }

    /** From the address bar on, Tab comes to everything that can be used, and each shows where it is. */
    @Test
    void everythingIsReachedByKeyboard() {
        try (var visitor = installation.visitor()) {
            // Parts that are fetched anew meanwhile are left unanswered: what is counted is not replaced under the
            // count.
            visitor.context().route(url -> true, route -> {
                if (!route.request().headers().containsKey("hx-request")) {
                    route.resume();
                }
            });
            for (var path : List.of("/", "/new", "/system")) {
                var page = visitor.open(path);
                var all = ((Number) page.evaluate("""
                                () => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
                                  .filter((e) => e.checkVisibility() && !e.disabled && e.tabIndex >= 0).length""")).intValue();
                var seen = new java.util.HashSet<Object>();
                for (int i = 0; i < all + 5; i++) {
                    page.keyboard().press("Tab");
                    seen.add(page.evaluate("""
                            () => {
                              const e = document.activeElement;
                              if (!e || e === document.body) return null;
                              e.dataset.seen ??= String(Math.random());
                              const style = getComputedStyle(e);
                              const after = getComputedStyle(e, '::after');
                              return style.outlineStyle === 'none' && after.outlineStyle === 'none' && !e.matches('input, select, textarea')
                                ? 'no focus ring: ' + e.outerHTML.slice(0, 120) : e.dataset.seen;
                            }"""));
                }
                seen.remove(null);
                assertThat(seen)
                        .as("on " + path)
                        .noneMatch(each -> each.toString().startsWith("no focus ring"));
                assertThat(seen.size()).as("on " + path).isGreaterThanOrEqualTo(all);
            }
        }
    }
}
