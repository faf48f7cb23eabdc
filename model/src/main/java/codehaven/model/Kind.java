package codehaven.model;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Whether a site is files alone or a running app; written in lower case outside. */
public enum Kind {
    STATIC,
    DYNAMIC;

    @JsonValue
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
