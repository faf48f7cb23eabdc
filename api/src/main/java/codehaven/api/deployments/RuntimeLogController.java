package codehaven.api.deployments;

import codehaven.api.apps.AppView;
import codehaven.api.apps.RuntimeFollowing;
import codehaven.api.apps.RuntimeLine;
import codehaven.api.apps.RuntimeLogReader;
import codehaven.api.requests.Page;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletResponse;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpMethod;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/**
 * What an app prints: as text, as numbered lines, and as it comes. Streams are written by the request's own (virtual)
 * thread, blocking.
 */
@RestController
@RequestMapping("/v1/deployments/{id}")
@Tag(name = "Apps")
final class RuntimeLogController {

    private static final Logger log = LoggerFactory.getLogger(RuntimeLogController.class);

    private static final int USUAL_LINES = 1_000;
    private static final int MOST_LINES = 2_000;

    private final DeploymentViews deployments;
    private final RuntimeLogReader logs;
    private final RuntimeFollowing following;
    private final JsonMapper json;

    RuntimeLogController(
            DeploymentViews deployments, RuntimeLogReader logs, RuntimeFollowing following, JsonMapper json) {
        this.deployments = deployments;
        this.logs = logs;
        this.following = following;
        this.json = json;
    }

    /**
     * Lines of an app.
     *
     * @param last the number of the last line so far
     */
    record RuntimeLines(List<RuntimeLine> items, long last) {}

    @GetMapping("/runtime-log")
    @Operation(
            summary = "What an app printed lately, as text",
            description = "The newest lines, or those after a number; with `find`, only those that have the text in"
                    + " them. The last " + RuntimeLogReader.MOST_KEPT + " lines are kept.")
    @ApiResponse(responseCode = "200", content = @Content(mediaType = "text/plain", schema = @Schema(type = "string")))
    void text(
            HttpMethod method,
            HttpServletResponse response,
            @PathVariable String id,
            @RequestParam(required = false) @Nullable String after,
            @RequestParam(required = false) @Nullable String limit,
            @RequestParam(required = false) @Nullable String find)
            throws IOException {
        deployments.find(id);
        var from = after == null ? null : Page.number("after", after, 0, 0, Long.MAX_VALUE);
        var most = Page.limit(limit, RuntimeLogReader.MOST_KEPT, RuntimeLogReader.MOST_KEPT);
        var lines = logs.lines(id, from, most, find);
        response.setContentType("text/plain;charset=UTF-8");
        if (method.equals(HttpMethod.HEAD)) {
            return;
        }
        var out = new BufferedOutputStream(response.getOutputStream(), 64 * 1024);
        for (var line : lines) {
            out.write(line.text().getBytes(StandardCharsets.UTF_8));
            out.write('\n');
        }
        out.flush();
    }

    @GetMapping("/runtime-lines")
    @Operation(
            summary = "What an app printed lately, as numbered lines",
            description = "The newest lines, or those after a number; with `find`, only those that have the text in"
                    + " them. `stream` is `stdout`, `stderr`, or `system` for what the platform itself says.")
    RuntimeLines lines(
            @PathVariable String id,
            @RequestParam(required = false) @Nullable String after,
            @RequestParam(required = false) @Nullable String limit,
            @RequestParam(required = false) @Nullable String find) {
        deployments.find(id);
        var from = after == null ? null : Page.number("after", after, 0, 0, Long.MAX_VALUE);
        var most = Page.limit(limit, USUAL_LINES, MOST_LINES);
        return new RuntimeLines(logs.lines(id, from, most, find), logs.last(id));
    }

    @GetMapping("/runtime-events")
    @Operation(
            summary = "What an app prints and how it is, as it happens",
            description = "Server-Sent Events: `log` with a line, whose number is the id, and `app` at first and when"
                    + " the app or one of its containers is otherwise. Resumes after `Last-Event-ID` or `after`; without"
                    + " them it begins with the oldest line that is kept. A client of an app that is no more gets 204"
                    + " once it has everything.")
    @ApiResponse(
            responseCode = "200",
            content = @Content(mediaType = "text/event-stream", schema = @Schema(type = "string")))
    @ApiResponse(responseCode = "204", description = "There is nothing more", content = @Content)
    void events(
            HttpMethod method,
            HttpServletResponse response,
            @PathVariable String id,
            @RequestHeader(name = "Last-Event-ID", required = false) @Nullable String lastEventId,
            @RequestParam(required = false) @Nullable String after)
            throws IOException {
        var place = lastEventId == null || lastEventId.isBlank()
                ? Page.number("after", after, 0, 0, Long.MAX_VALUE)
                : Page.number("Last-Event-ID", lastEventId.strip(), 0, 0, Long.MAX_VALUE);
        var deployment = deployments.find(id);
        if (lastEventId != null && following.isExhausted(deployment, place)) {
            response.setStatus(204);
            return;
        }
        response.setContentType("text/event-stream;charset=UTF-8");
        response.setHeader("Cache-Control", "no-store");
        response.setHeader("X-Accel-Buffering", "no");
        if (method.equals(HttpMethod.HEAD)) {
            return;
        }
        var out = new EventWriter(json, response.getOutputStream());
        try {
            out.begin();
            following.follow(id, place, new RuntimeStream(out));
        } catch (IOException e) {
            log.debug("A reader of the app {} went away", id, e);
        }
    }

    private record RuntimeStream(EventWriter out) implements RuntimeFollowing.Sink {
        @Override
        public void lines(List<RuntimeLine> lines) throws IOException {
            for (var each : lines) {
                out.event(each.n(), "log", each);
            }
        }

        @Override
        public void app(AppView app) throws IOException {
            out.event(null, "app", app);
        }

        @Override
        public void flush() throws IOException {
            out.flush();
        }

        @Override
        public void idle() throws IOException {
            out.idle();
        }
    }
}
