package codehaven.model;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** What started a deployment; written in lower case outside. */
public enum Trigger {
    API,
    CLI,
    PUSH,
    REDEPLOY;

    @JsonValue
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
