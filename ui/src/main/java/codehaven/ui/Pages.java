package codehaven.ui;

import jakarta.servlet.http.HttpServletRequest;
import java.util.regex.Pattern;

/** Tells requests of the dashboard from those of REST and its description. */
final class Pages {

    private static final Pattern OTHERS = Pattern.compile("/(?:v1|docs|swagger-ui)(?:[/.?].*)?");

    private Pages() {}

    static boolean isOurs(HttpServletRequest request) {
        return !OTHERS.matcher(request.getRequestURI()).matches();
    }
}
