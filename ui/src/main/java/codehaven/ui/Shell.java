package codehaven.ui;

import codehaven.api.ApiSettings;
import codehaven.api.SystemInfo;
import codehaven.api.system.Condition;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import java.net.URI;
import java.time.Instant;
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
    private final Condition condition;

    Shell(ApiSettings settings, SystemInfo info, Condition condition) {
        this.settings = settings;
        this.info = info;
        this.condition = condition;
    }

    /**
     * The frame of a page.
     *
     * @param theme {@code light} or {@code dark} where the visitor has chosen, otherwise null
     * @param keys whether single keys do something
     * @param token against forged forms, for scripts
     * @param here the path that is shown, with its query
     * @param now the server's time, which the page's clocks go by
     * @param trouble what is down, in three words, for the foot of each page
     */
    record Frame(
            @Nullable String theme,
            boolean keys,
            String token,
            String here,
            Instant now,
            String version,
            String sites,
            @Nullable URI console,
            @Nullable String trouble) {

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
                Pages.here(request),
                Instant.now(),
                info.version(),
                settings.edgeUrl().getRawAuthority(),
                info.temporalUi(),
                condition.trouble().orElse(null));
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
