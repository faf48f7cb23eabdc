package codehaven.edge;

import static io.netty.handler.codec.http.HttpHeaderNames.ALLOW;
import static io.netty.handler.codec.http.HttpHeaderNames.CACHE_CONTROL;
import static io.netty.handler.codec.http.HttpHeaderNames.LOCATION;
import static io.netty.handler.codec.http.HttpHeaderNames.RETRY_AFTER;
import static io.netty.handler.codec.http.HttpResponseStatus.BAD_REQUEST;
import static io.netty.handler.codec.http.HttpResponseStatus.METHOD_NOT_ALLOWED;
import static io.netty.handler.codec.http.HttpResponseStatus.NOT_FOUND;
import static io.netty.handler.codec.http.HttpResponseStatus.NO_CONTENT;
import static io.netty.handler.codec.http.HttpResponseStatus.OK;
import static io.netty.handler.codec.http.HttpResponseStatus.PERMANENT_REDIRECT;
import static io.netty.handler.codec.http.HttpResponseStatus.SERVICE_UNAVAILABLE;

import codehaven.edge.Answer.AfterBody;
import codehaven.model.Manifest;
import codehaven.model.Target;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The order in which a request finds its answer: host, deployment, path, file. */
final class SiteAnswers {

    private static final Logger LOG = LoggerFactory.getLogger(SiteAnswers.class);
    private static final String METHODS = "GET, HEAD, OPTIONS";
    private static final String APP_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
    private static final int RETRY_SECONDS = 5;
    /** How long a request to an app waits to learn which files the edge has for it. */
    private static final Duration FRONT = Duration.ofSeconds(2);

    private final RouteFeed routes;
    private final Manifests manifests;
    private final FileAnswers files;
    private final Prefetch prefetch;
    /** Manifests of apps that could not be had a while ago: they are brought in the background, and nobody waits. */
    private final Cache<String, Boolean> unreadable = Caffeine.newBuilder()
            .maximumSize(10_000)
            .expireAfterWrite(Duration.ofMinutes(1))
            .build();

    private final Sparingly complaints = new Sparingly(Duration.ofSeconds(1));

    SiteAnswers(RouteFeed routes, Manifests manifests, FileAnswers files, Prefetch prefetch) {
        this.routes = routes;
        this.manifests = manifests;
        this.files = files;
        this.prefetch = prefetch;
    }

    /**
     * Whether the request is for an app, told before its body is read.
     *
     * @param mayWait whether the caller can wait for disks and networks; if not, null means that it takes that
     */
    @Nullable
    Answer atHead(Request request, boolean mayWait) {
        if (isHealth(request)) {
            return AfterBody.AFTER_BODY;
        }
        Route route;
        try {
            route = route(request, mayWait);
        } catch (Away e) {
            return AfterBody.AFTER_BODY;
        }
        if (route == null) {
            return mayWait ? AfterBody.AFTER_BODY : null;
        }
        if (!(route.target() instanceof Target.Container) || isForNobody(request)) {
            return AfterBody.AFTER_BODY;
        }
        if (!isReading(request)) {
            return new Answer.App(route);
        }
        var files = front(route, mayWait);
        if (files == null && !mayWait && !isUnreadable(route)) {
            return null;
        }
        return file(files, request) == null ? new Answer.App(route) : AfterBody.AFTER_BODY;
    }

    /**
     * The answer.
     *
     * @param mayWait whether the caller can wait for disks and networks; if not, null means that it takes that
     * @throws Refused if the path can be none of a file, and no app is there to be asked
     */
    @Nullable
    Answer answer(Request request, boolean mayWait) throws Refused {
        if (isHealth(request)) {
            return Reply.of(OK, plain(), "ok\n".getBytes(StandardCharsets.UTF_8));
        }
        Route route;
        try {
            route = route(request, mayWait);
        } catch (Away e) {
            complaints.run(() -> LOG.warn("503 for {}: {}", request.host(), e.getMessage()));
            return unavailable(new DefaultHttpHeaders());
        }
        if (route != null) {
            return route.target() instanceof Target.Container
                    ? ofApp(request, route, mayWait)
                    : ofFiles(request, route, mayWait);
        }
        if (request.path() == null) {
            throw new Refused(BAD_REQUEST);
        }
        return mayWait ? Pages.of(NOT_FOUND) : null;
    }

    /**
     * @throws Away if nobody can be asked whether there is one
     */
    private @Nullable Route route(Request request, boolean mayWait) throws Away {
        var route = routes.table().find(request.host());
        return route == null && mayWait ? routes.lookUp(request.host()).orElse(null) : route;
    }

    /** What is no file of the deployment is the app's to answer, and so is everything while its files cannot be had. */
    private @Nullable Answer ofApp(Request request, Route route, boolean mayWait) {
        if (isForNobody(request)) {
            return Pages.of(METHOD_NOT_ALLOWED, headers(route).set(ALLOW, APP_METHODS));
        }
        if (!isReading(request)) {
            return new Answer.App(route);
        }
        var files = front(route, mayWait);
        if (files == null && !mayWait && !isUnreadable(route)) {
            return null;
        }
        var file = file(files, request);
        if (file == null) {
            return new Answer.App(route);
        }
        try {
            var headers = headers(route).set(CACHE_CONTROL, Freshness.of(String.valueOf(request.path())));
            return this.files.found(request, headers, file, route.pointedAt(), mayWait);
        } catch (Away e) {
            complaints.run(
                    () -> LOG.warn("the app answers for a file of {}, because {}", request.host(), e.getMessage()));
            return new Answer.App(route);
        }
    }

    private static Manifest.@Nullable File file(@Nullable SiteFiles files, Request request) {
        var path = request.path();
        return files == null || path == null ? null : files.find(path);
    }

    /** The files in front of an app; null if they cannot be had without waiting, or at all. */
    private @Nullable SiteFiles front(Route route, boolean mayWait) {
        var manifest = route.manifest();
        if (isUnreadable(route)) {
            return manifest.isEmpty() ? null : manifests.ready(manifest);
        }
        var ready = manifests.ready(manifest);
        if (ready != null || !mayWait) {
            if (ready != null) {
                prefetch.served(route);
            }
            return ready;
        }
        prefetch.served(route);
        try {
            return CompletableFuture.supplyAsync(() -> loaded(manifest), task -> Thread.startVirtualThread(task))
                    .get(FRONT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            complaints.run(() -> LOG.warn(
                    "the app of {} answers for its files too for a while: {}", route.deployment(), e.toString()));
            unreadable.put(manifest, true);
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    private SiteFiles loaded(String manifest) {
        try {
            return manifests.load(manifest);
        } catch (Away e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    private boolean isUnreadable(Route route) {
        return route.manifest().isEmpty() || unreadable.getIfPresent(route.manifest()) != null;
    }

    /** Whether files can be asked for in this way. */
    static boolean isRead(Request request) {
        return isReading(request) || request.is(HttpMethod.OPTIONS);
    }

    /** What files say to a method that would change them. */
    static Reply notAllowed(HttpHeaders headers) {
        return Pages.of(METHOD_NOT_ALLOWED, headers.set(ALLOW, METHODS));
    }

    private static boolean isReading(Request request) {
        return request.is(HttpMethod.GET) || request.is(HttpMethod.HEAD);
    }

    /** Methods that are for proxies themselves: a tunnel to anywhere, and an echo of what others have added. */
    private static boolean isForNobody(Request request) {
        return request.is(HttpMethod.CONNECT) || request.is(HttpMethod.TRACE);
    }

    private @Nullable Reply ofFiles(Request request, Route route, boolean mayWait) throws Refused {
        var path = request.path();
        if (path == null) {
            throw new Refused(BAD_REQUEST);
        }
        var headers = headers(route);
        if (request.is(HttpMethod.OPTIONS)) {
            return Reply.bodiless(NO_CONTENT, headers.set(ALLOW, METHODS));
        }
        if (!isReading(request)) {
            return notAllowed(headers);
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
            return switch (Lookup.of(site, path)) {
                case Lookup.Found(var key, var file) ->
                    files.found(
                            request, headers.set(CACHE_CONTROL, Freshness.of(key)), file, route.pointedAt(), mayWait);
                case Lookup.Moved(var to) -> moved(request, headers, to);
                case Lookup.Missing(var page) ->
                    page == null
                            ? Pages.of(NOT_FOUND, headers)
                            : files.missing(request, headers.set(CACHE_CONTROL, Freshness.ASK_FIRST), page, mayWait);
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
        return "-/health".equals(request.path())
                && (request.host().equals("localhost") || request.host().equals("127.0.0.1"));
    }
}
