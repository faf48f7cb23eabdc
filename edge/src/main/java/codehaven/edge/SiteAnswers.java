package codehaven.edge;

import static io.netty.handler.codec.http.HttpHeaderNames.ALLOW;
import static io.netty.handler.codec.http.HttpHeaderNames.CACHE_CONTROL;
import static io.netty.handler.codec.http.HttpHeaderNames.LOCATION;
import static io.netty.handler.codec.http.HttpHeaderNames.RETRY_AFTER;
import static io.netty.handler.codec.http.HttpResponseStatus.BAD_GATEWAY;
import static io.netty.handler.codec.http.HttpResponseStatus.METHOD_NOT_ALLOWED;
import static io.netty.handler.codec.http.HttpResponseStatus.NOT_FOUND;
import static io.netty.handler.codec.http.HttpResponseStatus.NO_CONTENT;
import static io.netty.handler.codec.http.HttpResponseStatus.OK;
import static io.netty.handler.codec.http.HttpResponseStatus.PERMANENT_REDIRECT;
import static io.netty.handler.codec.http.HttpResponseStatus.SERVICE_UNAVAILABLE;

import codehaven.model.Target;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The order in which a request finds its answer: host, deployment, path, file. */
final class SiteAnswers {

    private static final Logger LOG = LoggerFactory.getLogger(SiteAnswers.class);
    private static final String METHODS = "GET, HEAD, OPTIONS";
    private static final int RETRY_SECONDS = 5;

    private final RouteFeed routes;
    private final Manifests manifests;
    private final FileAnswers files;
    private final Prefetch prefetch;
    private final Sparingly complaints = new Sparingly(Duration.ofSeconds(1));

    SiteAnswers(RouteFeed routes, Manifests manifests, FileAnswers files, Prefetch prefetch) {
        this.routes = routes;
        this.manifests = manifests;
        this.files = files;
        this.prefetch = prefetch;
    }

    /**
     * The answer.
     *
     * @param mayWait whether the caller can wait for disks and networks; if not, null means that it takes that
     */
    @Nullable
    Reply answer(Request request, boolean mayWait) {
        if (isHealth(request)) {
            return Reply.of(OK, plain(), "ok\n".getBytes(StandardCharsets.UTF_8));
        }
        var route = routes.table().find(request.host());
        if (route == null) {
            if (!mayWait) {
                return null;
            }
            route = routes.lookUp(request.host()).orElse(null);
        }
        if (route == null) {
            return routes.informed() ? Pages.of(NOT_FOUND) : unavailable(new DefaultHttpHeaders());
        }
        return answer(request, route, mayWait);
    }

    private @Nullable Reply answer(Request request, Route route, boolean mayWait) {
        var headers = headers(route);
        if (request.is(HttpMethod.OPTIONS)) {
            return Reply.bodiless(NO_CONTENT, headers.set(ALLOW, METHODS));
        }
        if (!request.is(HttpMethod.GET) && !request.is(HttpMethod.HEAD)) {
            return Pages.of(METHOD_NOT_ALLOWED, headers.set(ALLOW, METHODS));
        }
        try {
            var site = manifests.ready(route.manifest());
            if (site == null) {
                if (!mayWait) {
                    return null;
                }
                site = manifests.load(route.manifest());
            }
            prefetch.served(route);
            // Here redirect rules come first, once sites can have them.
            return switch (Lookup.of(site, request.path())) {
                case Lookup.Found(var key, var file) ->
                    files.found(
                            request, headers.set(CACHE_CONTROL, Freshness.of(key)), file, route.pointedAt(), mayWait);
                case Lookup.Moved(var to) -> moved(request, headers, to);
                case Lookup.Missing(var page) -> {
                    if (route.target() instanceof Target.Container) {
                        // Here the app answers, once apps can be reached.
                        yield Pages.of(BAD_GATEWAY, headers);
                    }
                    yield page == null
                            ? Pages.of(NOT_FOUND, headers)
                            : files.missing(request, headers.set(CACHE_CONTROL, Freshness.ASK_FIRST), page, mayWait);
                }
            };
        } catch (Away e) {
            complaints.run(() -> LOG.warn("503 for {}: {}", request.host(), e.getMessage()));
            return unavailable(headers(route));
        }
    }

    private static Reply moved(Request request, HttpHeaders headers, String to) {
        var query = request.query() == null ? "" : "?" + request.query();
        return Reply.bodiless(
                PERMANENT_REDIRECT,
                headers.set(LOCATION, SitePath.encode(to) + query).set(CACHE_CONTROL, Freshness.ASK_FIRST));
    }

    private static Reply unavailable(HttpHeaders headers) {
        return Pages.of(SERVICE_UNAVAILABLE, headers.set(RETRY_AFTER, RETRY_SECONDS));
    }

    private static HttpHeaders headers(Route route) {
        var headers = new DefaultHttpHeaders()
                .set("X-CodeHaven-Deployment", route.deployment())
                .set("X-Content-Type-Options", "nosniff");
        return route.isPublic() ? headers : headers.set("X-Robots-Tag", "noindex");
    }

    private static HttpHeaders plain() {
        return new DefaultHttpHeaders()
                .set("Content-Type", "text/plain; charset=utf-8")
                .set(CACHE_CONTROL, "no-store");
    }

    /** Only for who asks this machine by itself, so that no site loses a path. */
    private static boolean isHealth(Request request) {
        return request.path().equals("-/health")
                && (request.host().equals("localhost") || request.host().equals("127.0.0.1"));
    }
}
