package codehaven.ui;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.net.URI;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseCookie;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** What a visitor chooses for their own browser, kept in cookies: theme, and whether single keys do something. */
@Controller
final class Choices {

    private static final Duration KEPT = Duration.ofDays(400);

    @PostMapping("/theme")
    String theme(
            HttpServletRequest request, HttpServletResponse response, @RequestParam(defaultValue = "") String theme) {
        keep(response, Shell.THEME, Set.of("dark", "light").contains(theme) ? theme : "");
        return back(request);
    }

    @PostMapping("/keys")
    String keys(
            HttpServletRequest request,
            HttpServletResponse response,
            @RequestParam(required = false) @Nullable String keys) {
        keep(response, Shell.KEYS, keys == null ? "off" : "");
        return back(request);
    }

    private static void keep(HttpServletResponse response, String name, String value) {
        response.addHeader(
                "Set-Cookie",
                ResponseCookie.from(name, value)
                        .path("/")
                        .httpOnly(true)
                        .sameSite("Strict")
                        .maxAge(value.isEmpty() ? Duration.ZERO : KEPT)
                        .build()
                        .toString());
    }

    /** To the page that the form was on; only ever to a path of ours. */
    private static String back(HttpServletRequest request) {
        var here = request.getParameter("here");
        try {
            var uri = URI.create(here == null ? "/" : here);
            var path = uri.getRawPath();
            if (!uri.isAbsolute()
                    && uri.getRawAuthority() == null
                    && path != null
                    && path.startsWith("/")
                    && !path.startsWith("//")) {
                return "redirect:" + path + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery());
            }
        } catch (IllegalArgumentException e) {
            return "redirect:/";
        }
        return "redirect:/";
    }
}
