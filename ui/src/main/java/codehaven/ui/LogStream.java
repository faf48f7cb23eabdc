package codehaven.ui;

import codehaven.api.deployments.DeploymentViews;
import codehaven.api.deployments.Following;
import codehaven.api.requests.Page;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.DeploymentEvent.Placed;
import codehaven.model.DeploymentEvent.StatusChanged;
import codehaven.model.DeploymentEvent.StepChanged;
import codehaven.model.DeploymentStatus;
import codehaven.model.Step;
import codehaven.model.StepRun;
import codehaven.ui.LogLines.Look;
import jakarta.servlet.http.HttpServletResponse;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;
import tools.jackson.databind.json.JsonMapper;

/**
 * What happens to a deployment, for its page: as {@code /v1/deployments/{id}/events}, but lines come rendered and many at
 * once. The ids are places in the timeline, so whoever comes back goes on where it was.
 */
@Controller
final class LogStream {

    private static final Logger log = LoggerFactory.getLogger(LogStream.class);

    private final DeploymentViews deployments;
    private final Following following;
    private final JsonMapper json;
    private final Words words;

    LogStream(DeploymentViews deployments, Following following, JsonMapper json, Words words) {
        this.deployments = deployments;
        this.following = following;
        this.json = json;
        this.words = words;
    }

    /**
     * @param word the status as people say it
     * @param last whether nothing more happens by itself
     */
    record Status(DeploymentStatus status, String word, boolean last, Instant at) {}

    /**
     * @param word the step as people say it
     * @param status as {@code data-status} has it
     * @param icon of that
     */
    record StepData(
            Step step,
            String word,
            StepRun.State state,
            String status,
            String icon,
            int attempt,
            @Nullable Instant startedAt,
            @Nullable Instant endedAt) {}

    /**
     * Lines in a row of one step.
     *
     * @param html the items of {@code ol.lines}
     * @param bytes of them as text
     */
    record Lines(long from, long to, @Nullable Step step, long bytes, String html) {}

    /**
     * @param after the place up to which the page tells
     */
    @GetMapping("/deployments/{id}/stream")
    void stream(
            HttpServletResponse response,
            @PathVariable String id,
            @RequestHeader(name = "Last-Event-ID", required = false) @Nullable String lastEventId,
            @RequestParam(required = false) @Nullable String after)
            throws IOException {
        var place = lastEventId == null || lastEventId.isBlank()
                ? Page.number("after", after, 0, 0, Long.MAX_VALUE)
                : Page.number("Last-Event-ID", lastEventId.strip(), 0, 0, Long.MAX_VALUE);
        deployments.find(id);
        response.setContentType("text/event-stream;charset=UTF-8");
        response.setHeader("X-Accel-Buffering", "no");
        var sink = new PageSink(response.getOutputStream(), place);
        try {
            sink.begin();
            following.follow(id, place, sink, () -> false);
            if (following.isRunning()) {
                sink.end();
            }
        } catch (IOException e) {
            log.debug("A page of {} went away", id, e);
        }
    }

    /** Writes events in the form of HTML's section 9.2.6. */
    private final class PageSink implements Following.Sink {

        private static final int LINES_AT_ONCE = 500;
        private static final int CHARACTERS_AT_ONCE = 256 * 1024;

        private final LogLines lines = new LogLines(words);
        private final OutputStream out;
        private final List<LogLine> waiting = new ArrayList<>();
        private int characters;
        private long place;

        PageSink(OutputStream out, long place) {
            this.out = new BufferedOutputStream(out, 16 * 1024);
            this.place = place;
        }

        /** Tells at once that the stream is open, and how soon to come back when it breaks. */
        void begin() throws IOException {
            write("retry: 1000\n\n");
            idle();
        }

        /** There is nothing more to come back for. Without an id, because nothing has happened. */
        void end() throws IOException {
            write("event: end\ndata: {}\n\n");
            out.flush();
        }

        @Override
        public void event(Placed placed) throws IOException {
            switch (placed.event()) {
                case LogLine line -> {
                    if (!waiting.isEmpty()
                            && (waiting.getLast().step() != line.step()
                                    || waiting.size() == LINES_AT_ONCE
                                    || characters > CHARACTERS_AT_ONCE)) {
                        writeLines();
                    }
                    waiting.add(line);
                    characters += line.text().length();
                    place = placed.position();
                }
                case StatusChanged changed -> {
                    writeLines();
                    place = placed.position();
                    var status = changed.status();
                    write("status", new Status(status, words.status(status), status.isFinal(), changed.at()));
                }
                case StepChanged(Instant at, StepRun run) -> {
                    writeLines();
                    place = placed.position();
                    var status = LogViews.status(run.step(), run.state());
                    write(
                            "step",
                            new StepData(
                                    run.step(),
                                    words.status(run.step()),
                                    run.state(),
                                    status,
                                    LogViews.icon(status),
                                    run.attempt(),
                                    run.startedAt(),
                                    run.endedAt()));
                }
            }
        }

        private void writeLines() throws IOException {
            if (waiting.isEmpty()) {
                return;
            }
            var bytes = waiting.stream()
                    .mapToLong(line -> line.text().getBytes(StandardCharsets.UTF_8).length + 1L)
                    .sum();
            var html = lines.html(waiting, Look.PLAIN);
            var first = waiting.getFirst();
            write("log", new Lines(first.n(), waiting.getLast().n(), first.step(), bytes, html));
            waiting.clear();
            characters = 0;
        }

        private void write(String name, Object data) throws IOException {
            write("id: " + place + "\nevent: " + name + "\ndata: ");
            out.write(json.writeValueAsBytes(data));
            write("\n\n");
        }

        private void write(String text) throws IOException {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }

        /** An event rather than a comment, so that the page notices when none comes. */
        @Override
        public void idle() throws IOException {
            write("event: heartbeat\ndata: {}\n\n");
            out.flush();
        }

        @Override
        public void flush() throws IOException {
            writeLines();
            out.flush();
        }
    }
}
