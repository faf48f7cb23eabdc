package codehaven.ui;

import codehaven.api.problems.Problem;
import codehaven.api.problems.ProblemWriter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.core.annotation.Order;
import org.springframework.http.ResponseCookie;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.servlet.support.RequestContextUtils;
import org.springframework.web.servlet.support.RequestDataValueProcessor;

/**
 * A token against forged forms (OWASP: double-submit cookie), on top of the checks of Host, Origin and Sec-Fetch-Site
 * that the whole server makes: each {@code <form th:action>} carries it by itself, htmx sends it as a header.
 */
@Component(RequestContextUtils.REQUEST_DATA_VALUE_PROCESSOR_BEAN_NAME)
@Order(30)
final class FormTokens extends OncePerRequestFilter implements RequestDataValueProcessor {

    static final String FIELD = "_csrf";
    static final String HEADER = "X-CSRF-Token";
    private static final String COOKIE = "codehaven-form";
    private static final String ATTRIBUTE = FormTokens.class.getName();
    private static final Set<String> READS = Set.of("GET", "HEAD", "OPTIONS");
    private static final Pattern FORM = Pattern.compile("[A-Za-z0-9_-]{43}");
    private static final SecureRandom RANDOM = new SecureRandom();

    private final ProblemWriter problems;

    FormTokens(ProblemWriter problems) {
        this.problems = problems;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        if (!Pages.isOurs(request) || request.getRequestURI().startsWith("/assets/")) {
            chain.doFilter(request, response);
            return;
        }
        var known = cookie(request);
        if (!READS.contains(request.getMethod()) && !isSame(known, given(request))) {
            problems.write(
                    Problem.forbidden(
                            "This form is from an older visit or from elsewhere. Reload the page and send it again."),
                    request,
                    response);
            return;
        }
        var token = known;
        if (token == null) {
            token = made();
            response.addHeader(
                    "Set-Cookie",
                    ResponseCookie.from(COOKIE, token)
                            .path("/")
                            .httpOnly(true)
                            .sameSite("Strict")
                            .secure(request.isSecure())
                            .build()
                            .toString());
        }
        request.setAttribute(ATTRIBUTE, token);
        chain.doFilter(request, response);
    }

    /** The token of this visitor; for scripts. */
    static String of(HttpServletRequest request) {
        return request.getAttribute(ATTRIBUTE) instanceof String token ? token : "";
    }

    private static @Nullable String cookie(HttpServletRequest request) {
        if (request.getCookies() != null) {
            for (Cookie each : request.getCookies()) {
                if (each.getName().equals(COOKIE)
                        && FORM.matcher(each.getValue()).matches()) {
                    return each.getValue();
                }
            }
        }
        return null;
    }

    private static @Nullable String given(HttpServletRequest request) {
        var header = request.getHeader(HEADER);
        return header == null ? request.getParameter(FIELD) : header;
    }

    private static boolean isSame(@Nullable String one, @Nullable String other) {
        return one != null
                && other != null
                && MessageDigest.isEqual(one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));
    }

    private static String made() {
        var bytes = new byte[32];
        RANDOM.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    @Override
    public String processAction(HttpServletRequest request, String action, String method) {
        return action;
    }

    @Override
    public String processFormFieldValue(HttpServletRequest request, @Nullable String name, String value, String type) {
        return value;
    }

    @Override
    public Map<String, String> getExtraHiddenFields(HttpServletRequest request) {
        return Map.of(FIELD, of(request));
    }

    @Override
    public String processUrl(HttpServletRequest request, String url) {
        return url;
    }
}
