package codehaven.ui;

import codehaven.api.deployments.Watching;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpMethod;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tells lists which deployments changed, as Server-Sent Events {@code changed}. An event without a deployment says that
 * any may have. The request's own (virtual) thread writes them, blocking.
 */
@Controller
final class ChangeStream {

    private static final Logger log = LoggerFactory.getLogger(ChangeStream.class);

    private final Watching watching;
    private final JsonMapper json;

    ChangeStream(Watching watching, JsonMapper json) {
        this.watching = watching;
        this.json = json;
    }

    private record Data(
            @Nullable String deployment,
            @Nullable String project,
            @Nullable Enum<?> status) {}

    @GetMapping("/stream")
    void changes(
            HttpMethod method,
            HttpServletResponse response,
            @RequestHeader(name = "Last-Event-ID", required = false) @Nullable String lastEventId,
            @RequestParam(required = false) @Nullable String after)
            throws IOException {
        response.setContentType("text/event-stream;charset=UTF-8");
        response.setHeader("X-Accel-Buffering", "no");
        if (method.equals(HttpMethod.HEAD)) {
            return;
        }
        var out = response.getOutputStream();
        try {
            write(out, "retry: 2000\n\n");
            watching.follow(lastEventId == null ? after : lastEventId, new Watching.Reader() {
                @Override
                public void changed(Watching.Change change) throws IOException {
                    var data = new Data(change.deployment(), change.project(), change.status());
                    write(
                            out,
                            "id: " + change.id() + "\nevent: changed\ndata: " + json.writeValueAsString(data) + "\n\n");
                }

                @Override
                public void idle() throws IOException {
                    write(out, "event: heartbeat\ndata:\n\n");
                }
            });
        } catch (IOException e) {
            log.debug("A list went away", e);
        }
    }

    private static void write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }
}
