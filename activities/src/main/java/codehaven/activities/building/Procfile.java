package codehaven.activities.building;

import java.util.Optional;
import java.util.regex.Pattern;

/** The file in which many repositories say how their web process is started. */
final class Procfile {

    private static final Pattern WEB = Pattern.compile("(?m)^web:[ \\t]*(\\S.*)$");

    private Procfile() {}

    static Optional<String> web(AppDirectory at) {
        var found = WEB.matcher(at.text("Procfile"));
        return found.find() ? Optional.of(found.group(1).strip()) : Optional.empty();
    }
}
