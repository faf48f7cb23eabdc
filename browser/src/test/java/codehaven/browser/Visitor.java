package codehaven.browser;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.ConsoleMessage;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/** Somebody with a browser window of their own; whatever the browser complains of is remembered. */
final class Visitor implements AutoCloseable {

    private final BrowserContext context;
    private final Page page;
    private final URI home;
    private final List<String> complaints = new CopyOnWriteArrayList<>();

    private Visitor(BrowserContext context, URI home) {
        this.context = context;
        this.home = home;
        context.setDefaultTimeout(20_000);
        page = context.newPage();
        page.onConsoleMessage(message -> {
            if ((message.type().equals("error") || message.type().equals("warning")) && isOurs(message)) {
                complaints.add(message.type() + ": " + message.text() + " at " + message.location());
            }
        });
        page.onPageError(complaints::add);
    }

    /** Not of the sites that are visited, and not what htmx says when a page is left while it asks for a part. */
    private boolean isOurs(ConsoleMessage message) {
        return message.location().startsWith(home.toString())
                && !message.text().startsWith("htmx:sendAbort")
                && !message.text().startsWith("htmx:afterRequest");
    }

    static Visitor of(Browser browser, URI home, UnaryOperator<Browser.NewContextOptions> options) {
        var usual = new Browser.NewContextOptions().setViewportSize(1280, 900).setColorScheme(ColorScheme.LIGHT);
        return new Visitor(browser.newContext(options.apply(usual)), home);
    }

    Page page() {
        return page;
    }

    BrowserContext context() {
        return context;
    }

    Page open(String path) {
        page.navigate(home.resolve(path).toString());
        return page;
    }

    Locator button(String name) {
        return page.getByRole(AriaRole.BUTTON, named(name)).first();
    }

    Locator link(String name) {
        return page.getByRole(AriaRole.LINK, named(name)).first();
    }

    private static Page.GetByRoleOptions named(String name) {
        // The pattern is the browser's, which knows no \\Q.
        return new Page.GetByRoleOptions()
                .setName(Pattern.compile("^" + name.replaceAll("[\\\\.*+?^${}()|\\[\\]]", "\\\\$0")));
    }

    /** Waits until the state said on top is the one wanted. */
    void awaitState(String state, double seconds) {
        page.locator("h1 .status", new Page.LocatorOptions().setHasText(state))
                .waitFor(new Locator.WaitForOptions().setTimeout(seconds * 1_000));
    }

    /** The id of the deployment that is shown. */
    String deployment() {
        page.waitForURL(Pattern.compile(".*/deployments/[a-z0-9]+(?:[?#].*)?$"));
        return page.url().replaceFirst(".*/deployments/([a-z0-9]+).*", "$1");
    }

    List<String> complaints() {
        return complaints;
    }

    void assertNoComplaint() {
        assertThat(complaints)
                .as("what the browser said while it showed %s", page.url())
                .isEmpty();
    }

    @Override
    public void close() {
        context.close();
    }
}
