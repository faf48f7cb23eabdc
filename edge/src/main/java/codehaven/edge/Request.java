package codehaven.edge;

import static io.netty.handler.codec.http.HttpResponseStatus.BAD_REQUEST;
import static io.netty.handler.codec.http.HttpResponseStatus.HTTP_VERSION_NOT_SUPPORTED;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a visitor asks for.
 *
 * @param host canonical
 * @param authority the host and port as sent
 * @param target path and query as sent, or {@code *}
 * @param path decoded, without the leading slash; null if it is against our rules for paths of files
 * @param query as sent, without the question mark
 */
record Request(
        HttpMethod method,
        String host,
        String authority,
        String target,
        @Nullable String path,
        @Nullable String query,
        HttpHeaders headers) {

    /**
     * @throws Refused if it is against the rules of HTTP
     */
    static Request of(HttpRequest message) throws Refused {
        checkVersion(message.protocolVersion());
        var hosts = message.headers().getAll(HttpHeaderNames.HOST);
        if (hosts.size() != 1) {
            throw new Refused(BAD_REQUEST);
        }
        var authority = hosts.getFirst();
        var host = Authority.host(authority);
        var target = message.uri();
        if (!target.startsWith("/")) {
            if (target.equals("*") && message.method().equals(HttpMethod.OPTIONS)) {
                return new Request(message.method(), host, authority, target, "", null, message.headers());
            }
            // RFC 9112, 3.2.2: an absolute target wins over the Host field.
            var lower = target.toLowerCase(Locale.ROOT);
            var from = lower.startsWith("http://") ? 7 : lower.startsWith("https://") ? 8 : 0;
            if (from == 0) {
                throw new Refused(BAD_REQUEST);
            }
            var end = from;
            while (end < target.length() && "/?".indexOf(target.charAt(end)) < 0) {
                end++;
            }
            authority = target.substring(from, end);
            host = Authority.host(authority);
            var rest = target.substring(end);
            target = rest.startsWith("/") ? rest : "/" + rest;
        }
        checkTarget(target);
        var mark = target.indexOf('?');
        var path = path(mark < 0 ? target : target.substring(0, mark));
        var query = mark < 0 ? null : target.substring(mark + 1);
        return new Request(message.method(), host, authority, target, path, query, message.headers());
    }

    /** A fragment is never sent, and control characters have no place in a line of a protocol. */
    private static void checkTarget(String target) throws Refused {
        for (var i = 0; i < target.length(); i++) {
            var c = target.charAt(i);
            if (c == '#' || c <= ' ' || c == 127) {
                throw new Refused(BAD_REQUEST);
            }
        }
    }

    private static @Nullable String path(String raw) {
        try {
            return SitePath.decode(raw);
        } catch (Refused e) {
            return null;
        }
    }

    private static void checkVersion(HttpVersion version) throws Refused {
        if (!version.protocolName().equals("HTTP")) {
            throw new Refused(BAD_REQUEST);
        }
        if (version.majorVersion() != 1) {
            throw new Refused(HTTP_VERSION_NOT_SUPPORTED);
        }
    }

    boolean is(HttpMethod other) {
        return method.equals(other);
    }
}
