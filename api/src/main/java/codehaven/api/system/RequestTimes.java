package codehaven.api.system;

import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Set;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.servlet.HandlerMapping;

/** How long requests take, by route; streams, which take as long as deployments do, are left out. */
@Component
@Order(0)
final class RequestTimes extends OncePerRequestFilter {

    private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

    private final PrometheusMeterRegistry registry;

    RequestTimes(PrometheusMeterRegistry registry) {
        this.registry = registry;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        var sample = Timer.start(registry);
        try {
            chain.doFilter(request, response);
        } finally {
            var type = response.getContentType();
            if ((type == null || !type.startsWith("text/event-stream")) && response.getStatus() != 101) {
                sample.stop(Timer.builder("codehaven.http.requests")
                        .description("Requests to the API")
                        .tag("method", METHODS.contains(request.getMethod()) ? request.getMethod() : "other")
                        .tag("route", route(request))
                        .tag("status", Integer.toString(response.getStatus()))
                        .register(registry));
            }
        }
    }

    private static String route(HttpServletRequest request) {
        var pattern = request.getAttribute(HandlerMapping.BEST_MATCHING_PATTERN_ATTRIBUTE);
        return pattern == null ? "none" : pattern.toString();
    }
}
