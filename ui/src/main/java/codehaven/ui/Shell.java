package codehaven.ui;

import codehaven.api.ApiSettings;
import codehaven.api.SystemInfo;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import java.net.URI;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ModelAttribute;

/** What stands around each page; templates read it as {@code shell}. */
@Component
@ControllerAdvice("codehaven.ui")
final class Shell {

    static final String THEME = "codehaven-theme";
    static final String KEYS = "codehaven-keys";

    private final ApiSettings settings;
    private final SystemInfo info;

    Shell(ApiSettings settings, SystemInfo info) {
        this.settings = settings;
        this.info = info;
    }

    /**
     * The frame of a page.
     *
     * @param theme {@code light} or {@code dark} where the visitor has chosen, otherwise null
     * @param keys whether single keys do something
     * @param token against forged forms, for scripts
     * @param here the path that is shown
     */
    record Frame(
            @Nullable String theme,
            boolean keys,
            String token,
            String here,
            String version,
            String sites,
            @Nullable URI console) {

        /** What the theme button changes to: system → dark → light → system. */
        public String nextTheme() {
            return theme == null ? "dark" : theme.equals("dark") ? "light" : "system";
        }
    }

    @ModelAttribute("shell")
    Frame frame(HttpServletRequest request) {
        var theme = cookie(request, THEME);
        return new Frame(
                "dark".equals(theme) || "light".equals(theme) ? theme : null,
                !"off".equals(cookie(request, KEYS)),
                FormTokens.of(request),
                request.getRequestURI(),
                info.version(),
                settings.edgeUrl().getRawAuthority(),
                info.temporalUi());
    }

    private static @Nullable String cookie(HttpServletRequest request, String name) {
        if (request.getCookies() != null) {
            for (Cookie each : request.getCookies()) {
                if (each.getName().equals(name)) {
                    return each.getValue();
                }
            }
        }
        return null;
    }
}
