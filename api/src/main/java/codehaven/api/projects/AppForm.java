package codehaven.api.projects;

import codehaven.api.requests.Fields;
import codehaven.model.AppSettings;
import codehaven.model.AppSettings.Volume;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** How an app is to run, within the settings of a project: field by field, as those are. */
final class AppForm {

    private static final int LONGEST_SLEEP = 604_800;
    private static final int SHORTEST_SLEEP = 10;

    /** Those that programs are asked to end by. */
    private static final List<String> SIGNALS =
            List.of("SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGABRT", "SIGKILL");

    private AppForm() {}

    /** The settings with what the fields say of {@code app}; wrong ones are noted there. */
    static AppSettings applied(Fields fields, AppSettings old) {
        if (!fields.given("app")) {
            return old;
        }
        var inner = fields.object("app");
        if (fields.isNull("app")) {
            return AppSettings.DEFAULT;
        }
        var settings = new AppSettings(
                changed(inner, "port", old.port(), () -> inner.whole("port", 1, 65_535)),
                changed(inner, "replicas", old.replicas(), () -> inner.whole("replicas", 1, 50)),
                changed(inner, "sleepAfterSeconds", old.sleepAfterSeconds(), () -> sleep(inner)),
                changed(inner, "stopSignal", old.stopSignal(), () -> inner.value("stopSignal", 20, AppForm::signal)),
                changed(inner, "stopSeconds", old.stopSeconds(), () -> inner.whole("stopSeconds", 1, 600)),
                changed(inner, "writable", old.writable(), () -> inner.flag("writable")),
                inner.given("volumes") ? volumes(inner) : old.volumes(),
                changed(inner, "dockerContext", old.dockerContext(), () -> ProjectForm.path(inner, "dockerContext")));
        inner.closed();
        return settings;
    }

    private static <T> @Nullable T changed(Fields fields, String name, @Nullable T old, Supplier<@Nullable T> read) {
        return fields.given(name) ? read.get() : old;
    }

    private static @Nullable Integer sleep(Fields fields) {
        var seconds = fields.whole("sleepAfterSeconds", 0, LONGEST_SLEEP);
        if (seconds != null && seconds > 0 && seconds < SHORTEST_SLEEP) {
            fields.wrong(
                    "sleepAfterSeconds",
                    "sleepAfterSeconds is a whole number from " + SHORTEST_SLEEP + " to " + LONGEST_SLEEP
                            + ", or 0 for never.");
            return null;
        }
        return seconds;
    }

    /** {@code term} is as good as {@code SIGTERM}. */
    private static String signal(String text) {
        var name = text.strip().toUpperCase(Locale.ROOT);
        var signal = name.startsWith("SIG") ? name : "SIG" + name;
        if (!SIGNALS.contains(signal)) {
            throw new IllegalArgumentException(
                    "stopSignal is one of " + String.join(", ", SIGNALS) + "; not '" + text + "'.");
        }
        return signal;
    }

    private static List<Volume> volumes(Fields fields) {
        var volumes = fields.objects("volumes", AppForm::volume);
        if (volumes == null) {
            return List.of();
        }
        try {
            var _ = new AppSettings(null, null, null, null, null, null, volumes, null);
            return volumes;
        } catch (IllegalArgumentException e) {
            fields.wrong("volumes", without("app.", e) + ".");
            return List.of();
        }
    }

    private static @Nullable Volume volume(Fields fields) {
        var name = fields.text("name", 100);
        var path = fields.text("path", 2_000);
        if (name == null && fields.isNull("name")) {
            fields.wrong("name", "name is missing: a volume has a name and a path.");
        }
        if (path == null && fields.isNull("path")) {
            fields.wrong("path", "path is missing: a volume has a name and a path.");
        }
        if (name == null || path == null) {
            return null;
        }
        // Each is tried beside one that is right, so that what is wrong is said at the field that it is in.
        var isNamed = right(fields, "name", () -> new Volume(name, "/data"));
        var isPlaced = right(fields, "path", () -> new Volume("data", path));
        return isNamed && isPlaced ? new Volume(name, path) : null;
    }

    private static boolean right(Fields fields, String field, Supplier<Volume> tried) {
        try {
            var _ = tried.get();
            return true;
        } catch (IllegalArgumentException e) {
            fields.wrong(field, without("app.volumes.", e) + ".");
            return false;
        }
    }

    private static String without(String prefix, IllegalArgumentException thrown) {
        var text = String.valueOf(thrown.getMessage());
        return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
    }
}
