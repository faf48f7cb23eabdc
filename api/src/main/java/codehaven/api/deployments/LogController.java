package codehaven.api.deployments;

import codehaven.api.problems.Problem;
import codehaven.api.requests.Page;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletResponse;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpMethod;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** A deployment's log: as text, as numbered lines, and searched. */
@RestController
@RequestMapping("/v1/deployments/{id}")
@Tag(name = "Deployments")
final class LogController {

    private static final int MOST_MATCHES = 2_000;

    private final Logs logs;
    private final DeploymentViews views;

    LogController(Logs logs, DeploymentViews views) {
        this.logs = logs;
        this.views = views;
    }

    /**
     * Lines of the log.
     *
     * @param last the number of the log's last line so far
     */
    record Lines(List<EventData.Line> items, long last) {}

    @GetMapping("/log")
    @Operation(
            summary = "The log as text",
            description = "What is there so far; complete once the deployment has ended.")
    @ApiResponse(responseCode = "200", content = @Content(mediaType = "text/plain", schema = @Schema(type = "string")))
    void log(
            HttpMethod method,
            HttpServletResponse response,
            @PathVariable String id,
            @RequestParam(required = false) @Nullable String after)
            throws IOException {
        views.find(id);
        var from = Page.number("after", after, 0, 0, Long.MAX_VALUE);
        var last = logs.last(id);
        response.setContentType("text/plain;charset=UTF-8");
        if (method.equals(HttpMethod.HEAD) || last <= from) {
            return;
        }
        var out = new BufferedOutputStream(response.getOutputStream(), 64 * 1024);
        try {
            logs.forEach(id, from, line -> write(out, line.text()));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        out.flush();
    }

    private static void write(OutputStream out, String line) {
        try {
            out.write(line.getBytes(StandardCharsets.UTF_8));
            out.write('\n');
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @GetMapping("/lines")
    @Operation(
            summary = "Numbered lines, or the numbers of those with a text in them",
            description =
                    "`from` and `to` are both included; at most 2,000 lines a call. With `find`, the numbers of the"
                            + " lines that have the text in them, whatever their case and colours.")
    @ApiResponse(responseCode = "200", content = @Content(schema = @Schema(oneOf = {Lines.class, Logs.Matches.class})))
    ResponseEntity<?> lines(
            @PathVariable String id,
            @RequestParam(required = false) @Nullable String from,
            @RequestParam(required = false) @Nullable String to,
            @RequestParam(required = false) @Nullable String find) {
        views.find(id);
        if (find != null) {
            return ResponseEntity.ok(logs.find(id, find, MOST_MATCHES));
        }
        var first = Page.number("from", from, 1, 1, Long.MAX_VALUE - Logs.MOST_LINES);
        var last = Page.number("to", to, first + Logs.MOST_LINES - 1, 1, Long.MAX_VALUE);
        if (last < first) {
            throw Problem.invalid("to", "to is not less than from.");
        }
        if (last - first >= Logs.MOST_LINES) {
            throw Problem.invalid("to", "At most 2,000 lines are given at once; ask for them in parts.");
        }
        var found = logs.lines(id, first, last).stream().map(EventData::of).toList();
        return ResponseEntity.ok(new Lines(found, logs.last(id)));
    }
}
