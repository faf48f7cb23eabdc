package codehaven.edge;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all requests to apps have in common.
 *
 * @param routes where hosts lead now, which may change while a request waits
 */
record Proxy(
        RouteFeed routes,
        Upstreams upstreams,
        Waiting waiting,
        Usage usage,
        EdgeSettings.Times times,
        EdgeSettings.AppTimes apps,
        Sparingly complaints) {

    private static final Logger LOG = LoggerFactory.getLogger(Proxy.class);
    private static final int RETRY_SECONDS = 5;

    static Proxy of(RouteFeed routes, Upstreams upstreams, Waiting waiting, Usage usage, EdgeSettings settings) {
        return new Proxy(
                routes,
                upstreams,
                waiting,
                usage,
                settings.times(),
                settings.apps(),
                new Sparingly(Duration.ofSeconds(1)));
    }

    /** The page for a request that no app answered, and now and then a line in the log from which its owner learns why. */
    Reply failure(HttpResponseStatus status, Route route, String host, String id, String reason) {
        complaints.run(() ->
                LOG.warn("{} for {}, deployment {}, request {}: {}", status, host, route.deployment(), id, reason));
        var headers = new DefaultHttpHeaders();
        mark(headers, route);
        if (status.code() == 503) {
            headers.set(HttpHeaderNames.RETRY_AFTER, RETRY_SECONDS);
        }
        return Pages.of(status, headers, id);
    }

    /** Says on an answer where it is from. */
    static void mark(io.netty.handler.codec.http.HttpHeaders headers, Route route) {
        headers.set("X-CodeHaven-Deployment", route.deployment());
        if (!route.isPublic()) {
            headers.set("X-Robots-Tag", "noindex");
        }
    }
}
