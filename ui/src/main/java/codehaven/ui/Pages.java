package codehaven.ui;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import java.util.regex.Pattern;

/** Tells requests of the dashboard from those of REST and its description. */
final class Pages {

    private static final Pattern OTHERS = Pattern.compile("/(?:v1|docs|swagger-ui)(?:[/.?].*)?");
    private static final Pattern ACTION = Pattern.compile("(/deployments/[^/]+|/projects/[^/]+)/[a-z]+(?:/[a-z]+)?");
    private static final Pattern SEEN = Pattern.compile("/|/new|/system|/(?:projects|deployments)/[^/]+(?:/[a-z]+)?");

    private Pages() {}

    static boolean isOurs(HttpServletRequest request) {
        return !OTHERS.matcher(path(request)).matches();
    }

    /** The path that was asked for, also while the container answers an error of its own. */
    static String path(HttpServletRequest request) {
        return request.getAttribute(RequestDispatcher.ERROR_REQUEST_URI) instanceof String failed
                ? failed
                : request.getRequestURI();
    }

    static boolean isRead(HttpServletRequest request) {
        return request.getMethod().equals("GET") || request.getMethod().equals("HEAD");
    }

    /** The page that a person was on: this one, or the one whose form was sent. */
    static String here(HttpServletRequest request) {
        var path = path(request);
        if (isRead(request)) {
            return request.getQueryString() == null ? path : path + "?" + request.getQueryString();
        }
        if (path.equals("/projects")) {
            return "/new";
        }
        var action = ACTION.matcher(path);
        return action.matches() ? action.group(1) : SEEN.matcher(path).matches() ? path : "/";
    }
}
