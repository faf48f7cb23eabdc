package codehaven.edge;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What passes from one connection to the other. Fields that belong to one connection stay on it (RFC 9110, 7.6.1), and
 * where a request came from is said by the edge alone: an app may believe it.
 */
final class ForwardedHeaders {

    static final String REQUEST_ID = "X-Request-Id";

    /** Of one connection, besides those that {@code Connection} names. */
    private static final List<CharSequence> OF_THE_CONNECTION = List.of(
            HttpHeaderNames.CONNECTION,
            "Proxy-Connection",
            "Keep-Alive",
            HttpHeaderNames.TE,
            HttpHeaderNames.TRANSFER_ENCODING,
            HttpHeaderNames.UPGRADE,
            "HTTP2-Settings");

    /** Never taken away because {@code Connection} names them: the one says whom, the others how much. */
    private static final Set<String> KEPT = Set.of("host", "content-length", "transfer-encoding");

    /** Set by us, or believed by libraries in place of what we set; {@code Proxy} becomes a setting under CGI (httpoxy). */
    private static final Set<String> SAID_BY_US = Set.of(
            "forwarded",
            "x-real-ip",
            "x-request-id",
            "x-client-ip",
            "x-cluster-client-ip",
            "x-original-forwarded-for",
            "x-original-host",
            "x-original-url",
            "x-rewrite-url",
            "x-http-host-override",
            "true-client-ip",
            "cf-connecting-ip",
            "fastly-client-ip",
            "proxy");

    /** In trailers these could change what was already decided by the head. */
    private static final Set<String> NEVER_TRAILING =
            Set.of("host", "content-length", "transfer-encoding", "trailer", "authorization", "cookie", "set-cookie");

    private ForwardedHeaders() {}

    /**
     * Makes the fields of a visitor's request those for the app, but for the ones that frame the body or change the
     * protocol.
     *
     * @param authority as the visitor wrote it, with the port if there was one
     */
    static void toApp(HttpHeaders headers, SocketAddress visitor, String authority, String id) {
        dropOfTheConnection(headers);
        dropSaidByUs(headers);
        var address = address(visitor);
        if (!authority.equals(headers.get(HttpHeaderNames.HOST))) {
            headers.set("Host", authority);
        }
        headers.set("X-Forwarded-For", address)
                .set("X-Forwarded-Proto", "http")
                .set("X-Forwarded-Host", authority)
                .set("X-Forwarded-Port", port(authority))
                .set("X-Real-IP", address)
                .set(
                        "Forwarded",
                        "for=" + (address.indexOf(':') < 0 ? address : "\"[" + address + "]\"") + ";host=\"" + authority
                                + "\";proto=http")
                .set(REQUEST_ID, id);
    }

    /** Takes away what belongs to the connection that they came by. */
    static void dropOfTheConnection(HttpHeaders headers) {
        for (var named : headers.getAll(HttpHeaderNames.CONNECTION)) {
            for (var name : named.split(",", -1)) {
                var field = name.strip();
                if (!field.isEmpty() && !KEPT.contains(field.toLowerCase(Locale.ROOT))) {
                    headers.remove(field);
                }
            }
        }
        OF_THE_CONNECTION.forEach(headers::remove);
    }

    static void cleanTrailers(HttpHeaders trailers) {
        if (!trailers.isEmpty()) {
            dropOfTheConnection(trailers);
            dropSaidByUs(trailers);
            NEVER_TRAILING.forEach(trailers::remove);
        }
    }

    private static void dropSaidByUs(HttpHeaders headers) {
        List<String> dropped = null;
        for (var fields = headers.iteratorCharSequence(); fields.hasNext(); ) {
            var name = fields.next().getKey();
            if (isSaidByUs(name)) {
                dropped = dropped == null ? new ArrayList<>() : dropped;
                dropped.add(name.toString());
            }
        }
        if (dropped != null) {
            dropped.forEach(headers::remove);
        }
    }

    /** Many apps see no difference between a dash and an underscore. */
    private static boolean isSaidByUs(CharSequence name) {
        if (name.length() < "proxy".length() || "xftpcXFTPC".indexOf(name.charAt(0)) < 0) {
            return false;
        }
        var plain = name.toString().toLowerCase(Locale.ROOT).replace('_', '-');
        return plain.startsWith("x-forwarded") || SAID_BY_US.contains(plain);
    }

    private static String address(SocketAddress visitor) {
        if (!(visitor instanceof InetSocketAddress internet) || internet.getAddress() == null) {
            return "unknown";
        }
        var text = internet.getAddress().getHostAddress();
        var zone = internet.getAddress() instanceof Inet6Address ? text.indexOf('%') : -1;
        return zone < 0 ? text : text.substring(0, zone);
    }

    private static String port(String authority) {
        var colon = authority.indexOf(':');
        return colon < 0 || colon == authority.length() - 1 ? "80" : authority.substring(colon + 1);
    }

    /**
     * The protocol that a request asks to go on with, as it was sent; null if it asks for none. Other versions of HTTP and
     * TLS count as none: in them a visitor could say to the app whatever the edge would not let through.
     */
    static @Nullable String upgrade(HttpHeaders headers) {
        var protocol = headers.get(HttpHeaderNames.UPGRADE);
        if (protocol == null
                || !headers.containsValue(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE, true)
                || headers.getAll(HttpHeaderNames.UPGRADE).size() > 1) {
            return null;
        }
        for (var each : protocol.toLowerCase(Locale.ROOT).split(",", -1)) {
            var name = each.strip();
            if (name.isEmpty() || name.startsWith("h2") || name.startsWith("http/") || name.startsWith("tls/")) {
                return null;
            }
        }
        return protocol;
    }

    /** Whether trailers are of use to who sent these. */
    static boolean takesTrailers(HttpHeaders headers) {
        return headers.containsValue(HttpHeaderNames.TE, HttpHeaderValues.TRAILERS, true);
    }
}
