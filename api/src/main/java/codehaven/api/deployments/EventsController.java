package codehaven.api.deployments;

import codehaven.api.requests.Page;
import codehaven.model.DeploymentEvent.Placed;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpMethod;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/**
 * A deployment's events as Server-Sent Events. The request's own (virtual) thread writes them, blocking: whoever reads
 * slowly holds that thread and one batch of events, nothing more.
 */
@RestController
@Tag(name = "Deployments")
final class EventsController {

    private static final Logger log = LoggerFactory.getLogger(EventsController.class);

    private final DeploymentViews views;
    private final Following following;
    private final JsonMapper json;

    EventsController(DeploymentViews views, Following following, JsonMapper json) {
        this.views = views;
        this.following = following;
        this.json = json;
    }

    @GetMapping("/v1/deployments/{id}/events")
    @Operation(
            summary = "What happens to a deployment, as it happens",
            description = "Server-Sent Events `status`, `step` and `log`, each with its place in the timeline as id."
                    + " Resumes after `Last-Event-ID` or `after`. Ends after the final status; a client that has all"
                    + " of it gets 204, so that it does not come back.")
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
        var deployment = views.find(id);
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
            following.follow(id, place, new EventStream(out), () -> false);
        } catch (IOException e) {
            log.debug("A reader of {} went away", id, e);
        }
    }

    /** Each event with its place in the timeline. */
    private record EventStream(EventWriter out) implements Following.Sink {
        @Override
        public void event(Placed event) throws IOException {
            out.event(event.position(), EventData.nameOf(event.event()), EventData.of(event.event()));
        }

        @Override
        public void idle() throws IOException {
            out.idle();
        }

        @Override
        public void flush() throws IOException {
            out.flush();
        }
    }
}
