package codehaven.api.access;

import codehaven.api.ApiSettings;
import codehaven.api.problems.Problem;
import codehaven.api.problems.ProblemWriter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Until there are accounts: this machine's user alone may call. {@code Host} is checked on every request, so that no
 * name that is re-bound to loopback works; {@code Origin} on all but plain reads, so that no page of another origin
 * can change anything or open a socket.
 */
@Component
@Order(10)
final class AccessFilter extends OncePerRequestFilter {

    private static final Pattern LOOPBACK =
            Pattern.compile("(localhost|127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}|\\[::1])(:\\d{1,5})?");

    private final @Nullable String publicAuthority;
    private final ProblemWriter writer;

    AccessFilter(ApiSettings settings, ProblemWriter writer) {
        this.publicAuthority = settings.publicUrl() == null ? null : authorityOf(settings.publicUrl());
        this.writer = writer;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        response.setHeader("X-Content-Type-Options", "nosniff");
        response.setHeader("X-Frame-Options", "DENY");
        // With no-referrer, browsers send "Origin: null" with our own forms (Fetch, "append a request `Origin`
        // header").
        response.setHeader("Referrer-Policy", "same-origin");
        response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
        if (request.getRequestURI().startsWith("/v1/")) {
            response.setHeader("Cache-Control", "no-store");
        }
        var refusal = refusalOf(request);
        if (refusal != null) {
            writer.write(Problem.forbidden(refusal), request, response);
            return;
        }
        chain.doFilter(request, response);
    }

    private @Nullable String refusalOf(HttpServletRequest request) {
        var host = request.getHeader("Host");
        var authority = host == null ? "" : host.toLowerCase(Locale.ROOT);
        if (!LOOPBACK.matcher(authority).matches() && !authority.equals(publicAuthority)) {
            return "The server answers at localhost and at its public URL only; set CODEHAVEN_PUBLIC_URL if it is"
                    + " reached by another name.";
        }
        if (isPlainRead(request)) {
            return null;
        }
        var origin = request.getHeader("Origin");
        if (origin != null && !isOurs(origin, authority)) {
            return "A page of another origin may not do this.";
        }
        var site = request.getHeader("Sec-Fetch-Site");
        if (site != null && !site.equals("same-origin") && !site.equals("none")) {
            return "A page of another origin may not do this.";
        }
        return null;
    }

    private static boolean isPlainRead(HttpServletRequest request) {
        var reads = request.getMethod().equals("GET") || request.getMethod().equals("HEAD");
        return reads && request.getHeader("Upgrade") == null;
    }

    private static boolean isOurs(String origin, String authority) {
        try {
            var uri = URI.create(origin);
            return uri.getHost() != null && authorityOf(uri).equals(withPort(authority, uri.getScheme()));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static String withPort(String authority, String scheme) {
        var usual = scheme.equals("https") ? ":443" : ":80";
        return authority.endsWith(usual) ? authority.substring(0, authority.length() - usual.length()) : authority;
    }

    /** As a browser would put it into {@code Host}: without the scheme's usual port. */
    private static String authorityOf(URI uri) {
        var usual = "https".equals(uri.getScheme()) ? 443 : 80;
        var port = uri.getPort() < 0 || uri.getPort() == usual ? "" : ":" + uri.getPort();
        return (uri.getHost() + port).toLowerCase(Locale.ROOT);
    }
}
