package codehaven.edge;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/** The edge's own pages, for when no site answers. Nothing that a visitor sent appears in them. */
final class Pages {

    private Pages() {}

    static Reply of(HttpResponseStatus status) {
        return of(status, new DefaultHttpHeaders());
    }

    /**
     * @param headers added to
     */
    static Reply of(HttpResponseStatus status, HttpHeaders headers) {
        return of(status, headers, newId());
    }

    /** What a request is called on a page and in the log. */
    static String newId() {
        return HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    }

    /**
     * @param headers added to
     * @param id of the request
     */
    static Reply of(HttpResponseStatus status, HttpHeaders headers, String id) {
        var page = """
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width,initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>%1$d %2$s</title>
            <style>
            body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto 0;padding:0 1.5rem}
            h1{font-size:1.25rem;margin:0}
            p{margin:.5rem 0}
            small{opacity:.65}
            </style>
            <h1>%1$d %2$s</h1>
            <p>%3$s</p>
            <p><small>Request %4$s</small></p>
            </html>
            """.formatted(status.code(), status.reasonPhrase(), advice(status), id);
        headers.set(HttpHeaderNames.CONTENT_TYPE, "text/html; charset=utf-8")
                .set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_STORE)
                .set("X-Content-Type-Options", "nosniff")
                .set("X-Request-Id", id);
        return Reply.of(status, headers, page.getBytes(StandardCharsets.UTF_8));
    }

    private static String advice(HttpResponseStatus status) {
        return switch (status.code()) {
            case 404 -> "There is nothing at this address.";
            case 405 -> "This address can only be read.";
            case 408 -> "The request did not come in time.";
            case 502 -> "The app behind this address does not answer.";
            case 503 -> "This cannot be had at the moment. Try again in a few seconds.";
            case 504 -> "The app behind this address takes too long to answer.";
            case 500 -> "Something went wrong here. Try again.";
            default -> "The request cannot be answered as it was sent.";
        };
    }
}
