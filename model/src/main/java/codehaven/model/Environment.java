package codehaven.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** What a deployment is for; written in lower case outside. */
public enum Environment {
    PRODUCTION,
    PREVIEW;

    /**
     * @throws IllegalArgumentException if the text is neither {@code production} nor {@code preview}
     */
    @JsonCreator
    public static Environment of(String text) {
        for (var each : values()) {
            if (each.text().equals(text)) {
                return each;
            }
        }
        throw new IllegalArgumentException("environment is production or preview, not '" + text + "'");
    }

    @JsonValue
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
