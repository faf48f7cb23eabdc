package codehaven.api.deployments;

import codehaven.api.problems.Problem;
import codehaven.api.requests.Page;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.state.State;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletResponse;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
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

    private static final int BATCH = 1_000;
    private static final int MOST_LINES = 2_000;
    private static final Pattern ANSI =
            Pattern.compile("\\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\))");

    private final State state;
    private final DeploymentViews views;

    LogController(State state, DeploymentViews views) {
        this.state = state;
        this.views = views;
    }

    /**
     * Lines of the log.
     *
     * @param last the number of the log's last line so far
     */
    record Lines(List<EventData.Line> items, long last) {}

    /**
     * Which lines have the text in them.
     *
     * @param items their numbers, the first 2,000 of them
     * @param count of all
     */
    record Matches(List<Long> items, long count) {}

    /** Takes lines until it has enough. */
    @FunctionalInterface
    private interface Taker {
        boolean wants(LogLine line) throws IOException;
    }

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
        var first = state.timeline().read(id, from, 1);
        response.setContentType("text/plain;charset=UTF-8");
        if (method.equals(HttpMethod.HEAD) || first.isEmpty()) {
            return;
        }
        var out = new BufferedOutputStream(response.getOutputStream(), 64 * 1024);
        read(id, from, line -> {
            out.write(line.text().getBytes(StandardCharsets.UTF_8));
            out.write('\n');
            return true;
        });
        out.flush();
    }

    @GetMapping("/lines")
    @Operation(
            summary = "Numbered lines, or the numbers of those with a text in them",
            description =
                    "`from` and `to` are both included; at most 2,000 lines a call. With `find`, the numbers of the"
                            + " lines that have the text in them, whatever their case and colours.")
    @ApiResponse(responseCode = "200", content = @Content(schema = @Schema(oneOf = {Lines.class, Matches.class})))
    ResponseEntity<?> lines(
            @PathVariable String id,
            @RequestParam(required = false) @Nullable String from,
            @RequestParam(required = false) @Nullable String to,
            @RequestParam(required = false) @Nullable String find)
            throws IOException {
        views.find(id);
        if (find != null) {
            return ResponseEntity.ok(matches(id, find));
        }
        var first = Page.number("from", from, 1, 1, Long.MAX_VALUE - MOST_LINES);
        var last = Page.number("to", to, first + MOST_LINES - 1, 1, Long.MAX_VALUE);
        if (last < first) {
            throw Problem.invalid("to", "to is not less than from.");
        }
        if (last - first >= MOST_LINES) {
            throw Problem.invalid("to", "At most 2,000 lines are given at once; ask for them in parts.");
        }
        var found = new ArrayList<EventData.Line>();
        read(id, first - 1, line -> {
            if (line.n() <= last) {
                found.add(EventData.of(line));
            }
            return line.n() < last;
        });
        return ResponseEntity.ok(new Lines(found, state.timeline().lastLine(id)));
    }

    private Matches matches(String id, String find) throws IOException {
        if (find.isBlank() || find.length() > 200) {
            throw Problem.invalid("find", "find is a text of 1 to 200 characters.");
        }
        var wanted = find.toLowerCase(Locale.ROOT);
        var numbers = new ArrayList<Long>();
        var count = new long[1];
        read(id, 0, line -> {
            if (ANSI.matcher(line.text())
                    .replaceAll("")
                    .toLowerCase(Locale.ROOT)
                    .contains(wanted)) {
                count[0]++;
                if (numbers.size() < MOST_LINES) {
                    numbers.add(line.n());
                }
            }
            return true;
        });
        return new Matches(numbers, count[0]);
    }

    /** Reads the lines with numbers above the given one; a line's place is never below its number. */
    private void read(String id, long after, Taker taker) throws IOException {
        var place = after;
        while (true) {
            var batch = state.timeline().read(id, place, BATCH);
            for (var each : batch) {
                place = each.position();
                if (each.event() instanceof LogLine line && line.n() > after && !taker.wants(line)) {
                    return;
                }
            }
            if (batch.isEmpty()) {
                return;
            }
        }
    }
}
