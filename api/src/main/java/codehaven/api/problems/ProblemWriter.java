package codehaven.api.problems;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Answers with a problem; the same from filters, controllers and the container's own errors. */
@Component
public final class ProblemWriter {

    /** What filters say of every answer, whatever becomes of it. */
    private static final Set<String> KEPT = Set.of(
            "content-security-policy",
            "cross-origin-opener-policy",
            "cross-origin-resource-policy",
            "permissions-policy",
            "referrer-policy",
            "set-cookie",
            "x-content-type-options",
            "x-frame-options");

    private final JsonMapper json;
    private final ObjectProvider<ProblemPage> pages;

    ProblemWriter(JsonMapper json, ObjectProvider<ProblemPage> pages) {
        this.json = json;
        this.pages = pages;
    }

    /** Does nothing when the answer is already on its way. */
    public void write(Problem problem, HttpServletRequest request, HttpServletResponse response) throws IOException {
        if (response.isCommitted()) {
            return;
        }
        clear(response);
        response.setStatus(problem.status());
        response.setHeader("Cache-Control", "no-store");
        response.setHeader("X-Content-Type-Options", "nosniff");
        problem.headers().forEach(response::setHeader);
        for (var each : pages) {
            if (each.answer(problem, request, response)) {
                return;
            }
        }
        response.setContentType("application/problem+json");
        var body = json.writeValueAsBytes(problem.body());
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }

    private static void clear(HttpServletResponse response) {
        var kept = new LinkedHashMap<String, List<String>>();
        for (var name : response.getHeaderNames()) {
            if (KEPT.contains(name.toLowerCase(Locale.ROOT))) {
                kept.put(name, List.copyOf(response.getHeaders(name)));
            }
        }
        response.reset();
        kept.forEach((name, values) -> values.forEach(value -> response.addHeader(name, value)));
    }
}
