package codehaven.ui;

import codehaven.api.deployments.DeploymentViews;
import codehaven.api.deployments.Logs;
import codehaven.api.problems.Problem;
import codehaven.api.requests.Page;
import codehaven.ui.LogLines.Look;
import codehaven.ui.LogLines.Range;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseBody;

/** Parts of a log that a page loads later. */
@Controller
final class LogPages {

    private static final int MATCHES = 1_000;

    private final DeploymentViews deployments;
    private final Logs logs;
    private final LogViews views;

    LogPages(DeploymentViews deployments, Logs logs, LogViews views) {
        this.deployments = deployments;
        this.logs = logs;
        this.views = views;
    }

    /** The list of some lines, as it is in the page. */
    @GetMapping("/deployments/{id}/log")
    String window(
            Model model,
            @PathVariable String id,
            @RequestParam(required = false) @Nullable String from,
            @RequestParam(required = false) @Nullable String to,
            @RequestParam(defaultValue = "") String find,
            @RequestParam(required = false) @Nullable String whole) {
        deployments.find(id);
        var first = Page.number("from", from, 1, 1, Long.MAX_VALUE - Logs.MOST_LINES);
        var last = Page.number("to", to, first + LogViews.WINDOW - 1, first, first + Logs.MOST_LINES - 1);
        model.addAttribute(
                "chunk", views.window(id, first, last, new Look(find.strip(), Range.NONE, 0, whole != null)));
        return "deployments/log :: window";
    }

    /** The numbers of the lines with a text in them, or of those that are meant as errors. */
    @GetMapping("/deployments/{id}/log/find")
    @ResponseBody
    Logs.Matches find(
            @PathVariable String id,
            @RequestParam(required = false) @Nullable String text,
            @RequestParam(required = false) @Nullable String level) {
        deployments.find(id);
        if ("error".equals(level)) {
            return logs.outline(id).errors();
        }
        if (text == null) {
            throw Problem.invalid("text", "Say which text to look for, or level=error.");
        }
        return logs.find(id, text.strip(), MATCHES);
    }
}
