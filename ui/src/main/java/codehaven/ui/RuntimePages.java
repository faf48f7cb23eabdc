package codehaven.ui;

import codehaven.api.apps.AppView;
import codehaven.api.apps.RuntimeFollowing;
import codehaven.api.apps.RuntimeLine;
import codehaven.api.apps.RuntimeLogReader;
import codehaven.api.deployments.DeploymentViews;
import codehaven.api.problems.Problem;
import codehaven.api.requests.Page;
import codehaven.model.Kind;
import jakarta.servlet.http.HttpServletResponse;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.servlet.ModelAndView;
import tools.jackson.databind.json.JsonMapper;

/** What an app prints: its newest lines, those before them, those with a text in them, and what comes. */
@Controller
final class RuntimePages {

    private static final Logger log = LoggerFactory.getLogger(RuntimePages.class);

    /** On a page; the script keeps some more of those that come. */
    private static final int SHOWN = 500;

    private final DeploymentViews deployments;
    private final RuntimeLogReader logs;
    private final RuntimeFollowing following;
    private final JsonMapper json;
    private final RuntimeLines lines;

    RuntimePages(
            DeploymentViews deployments,
            RuntimeLogReader logs,
            RuntimeFollowing following,
            JsonMapper json,
            Words words) {
        this.deployments = deployments;
        this.logs = logs;
        this.following = following;
        this.json = json;
        this.lines = new RuntimeLines(words);
    }

    /**
     * @param before the lines before that one
     * @param line the lines around that one
     */
    @GetMapping("/deployments/{id}/runtime")
    ModelAndView runtime(
            @PathVariable String id,
            @RequestParam(defaultValue = "") String find,
            @RequestParam(required = false) @Nullable String before,
            @RequestParam(required = false) @Nullable String line) {
        var deployment = deployments.find(id);
        if (deployment.kind() != Kind.DYNAMIC) {
            throw Problem.notFound("The deployment " + id + " has no runtime log: no app runs behind it.");
        }
        var view = deployments.view(deployment);
        var text = find.strip();
        text = text.length() > RuntimeLogReader.LONGEST_TEXT ? text.substring(0, RuntimeLogReader.LONGEST_TEXT) : text;
        var picked = Page.number("line", line, 0, 0, Long.MAX_VALUE);
        var end = Page.number("before", before, 0, 0, Long.MAX_VALUE);
        var newest = text.isEmpty() && picked == 0 && end == 0;
        var shown = shown(id, text, picked, end);
        var first = shown.isEmpty() ? 0 : shown.getFirst().n();
        var last = newest && !shown.isEmpty() ? shown.getLast().n() : logs.last(id);
        var app = view.app();
        return new ModelAndView(
                "deployments/runtime",
                "page",
                new RuntimePage(
                        view,
                        app == null ? null : AppSaid.of(app),
                        lines.html(shown, text, picked),
                        shown.size(),
                        first,
                        last,
                        text.isEmpty() && first > 1 ? first : null,
                        text,
                        newest,
                        isOfMany(app, shown)));
    }

    private List<RuntimeLine> shown(String id, String text, long picked, long end) {
        if (!text.isEmpty()) {
            return logs.lines(id, null, SHOWN, text);
        }
        if (picked > 0) {
            return logs.lines(id, Math.max(0, picked - 1 - SHOWN / 2), SHOWN, null);
        }
        if (end > 0) {
            return logs.lines(id, Math.max(0, end - 1 - SHOWN), SHOWN, null).stream()
                    .filter(each -> each.n() < end)
                    .toList();
        }
        return logs.lines(id, null, SHOWN, null);
    }

    private static boolean isOfMany(@Nullable AppView app, List<RuntimeLine> shown) {
        return (app != null && (app.replicas() > 1 || app.instances().size() > 1))
                || shown.stream().anyMatch(each -> each.instance() > 1);
    }

    /** What is printed after the page's last line, rendered, and {@code app} when the app is otherwise. */
    @GetMapping("/deployments/{id}/runtime-stream")
    void stream(
            HttpServletResponse response,
            @PathVariable String id,
            @RequestHeader(name = "Last-Event-ID", required = false) @Nullable String lastEventId,
            @RequestParam(required = false) @Nullable String after)
            throws IOException {
        var place = lastEventId == null || lastEventId.isBlank()
                ? Page.number("after", after, 0, 0, Long.MAX_VALUE)
                : Page.number("Last-Event-ID", lastEventId.strip(), 0, 0, Long.MAX_VALUE);
        tell(response, id, place);
    }

    /** For pages that show how an app is, and not what it prints. */
    @GetMapping("/deployments/{id}/app-stream")
    void states(HttpServletResponse response, @PathVariable String id) throws IOException {
        tell(response, id, RuntimeFollowing.NO_LINES);
    }

    private void tell(HttpServletResponse response, String id, long after) throws IOException {
        deployments.find(id);
        response.setContentType("text/event-stream;charset=UTF-8");
        response.setHeader("X-Accel-Buffering", "no");
        var sink = new PageSink(response.getOutputStream());
        try {
            sink.begin();
            following.follow(id, after, sink);
            if (following.isRunning()) {
                sink.end();
            }
        } catch (IOException e) {
            log.debug("A page of the app {} went away", id, e);
        }
    }

    /**
     * Lines in a row.
     *
     * @param html the items of {@code ol.lines}
     */
    record Printed(long from, long to, int count, String html) {}

    /** How the app is as a whole. */
    record Told(String state, String word) {}

    /** Writes events in the form of HTML's section 9.2.6. */
    private final class PageSink implements RuntimeFollowing.Sink {

        private final OutputStream out;

        PageSink(OutputStream out) {
            this.out = new BufferedOutputStream(out, 16 * 1024);
        }

        /** Tells at once that the stream is open, and how soon to come back when it breaks. */
        void begin() throws IOException {
            write("retry: 1000\n\n");
            idle();
        }

        /** There is nothing more to come back for. */
        void end() throws IOException {
            write("event: end\ndata: {}\n\n");
            out.flush();
        }

        @Override
        public void lines(List<RuntimeLine> some) throws IOException {
            var to = some.getLast().n();
            var printed = new Printed(some.getFirst().n(), to, some.size(), lines.html(some, "", 0));
            write("id: " + to + "\nevent: log\ndata: " + json.writeValueAsString(printed) + "\n\n");
        }

        @Override
        public void app(AppView app) throws IOException {
            var said = AppSaid.of(app);
            write("event: app\ndata: " + json.writeValueAsString(new Told(said.state(), said.word())) + "\n\n");
        }

        /** An event rather than a comment, so that the page notices when none comes. */
        @Override
        public void idle() throws IOException {
            write("event: heartbeat\ndata: {}\n\n");
            out.flush();
        }

        @Override
        public void flush() throws IOException {
            out.flush();
        }

        private void write(String text) throws IOException {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }
}
