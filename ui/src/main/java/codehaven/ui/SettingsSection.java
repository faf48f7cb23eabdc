package codehaven.ui;

import codehaven.api.problems.Problem;
import codehaven.model.Project;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A part of the settings that is saved by itself: turns what a form sends into what the API reads. */
enum SettingsSection {
    GENERAL(new Text("repository"), new Text("productionBranch")),
    BUILD(
            new Text("rootDirectory"),
            new Text("framework"),
            new Command("installCommand"),
            new Command("buildCommand"),
            new Text("outputDirectory"),
            new Text("nodeVersion")),
    BEHAVIOUR(new Flag("spaFallback"), new Flag("cleanUrls"), new Flag("submodules")),
    LIMITS(new Whole("limits", "buildMemoryMb"), new Whole("limits", "buildSeconds"));

    /** Ticked where a step runs no command at all, which is something else than an empty field. */
    private static final String NOTHING = ".nothing";

    private sealed interface Field {
        void read(Map<String, String> typed, ObjectNode body);

        static @Nullable String given(Map<String, String> typed, String name) {
            var text = typed.getOrDefault(name, "").strip();
            return text.isEmpty() ? null : text;
        }
    }

    /** Empty means: detect it. */
    private record Text(String name) implements Field {
        @Override
        public void read(Map<String, String> typed, ObjectNode body) {
            body.put(name, Field.given(typed, name));
        }
    }

    private record Command(String name) implements Field {
        @Override
        public void read(Map<String, String> typed, ObjectNode body) {
            body.put(name, typed.containsKey(name + NOTHING) ? "" : Field.given(typed, name));
        }
    }

    private record Flag(String name) implements Field {
        @Override
        public void read(Map<String, String> typed, ObjectNode body) {
            switch (Field.given(typed, name)) {
                case null -> body.putNull(name);
                case "true" -> body.put(name, true);
                case "false" -> body.put(name, false);
                case String other -> body.put(name, other);
            }
        }
    }

    private record Whole(String in, String name) implements Field {
        @Override
        public void read(Map<String, String> typed, ObjectNode body) {
            var inner = body.has(in) ? (ObjectNode) body.get(in) : body.putObject(in);
            var text = Field.given(typed, in + "." + name);
            try {
                inner.put(name, text == null ? null : Integer.valueOf(text));
            } catch (NumberFormatException e) {
                // The API says what is wrong with it.
                inner.put(name, text);
            }
        }
    }

    @SuppressWarnings("ImmutableEnumChecker") // made by List.of, of records
    private final List<Field> fields;

    SettingsSection(Field... fields) {
        this.fields = List.of(fields);
    }

    static SettingsSection of(String id) {
        return Arrays.stream(values())
                .filter(each -> each.id().equals(id))
                .findFirst()
                .orElseThrow(() -> Problem.malformed("The settings have no section of that name."));
    }

    String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** What the API reads. */
    ObjectNode body(Map<String, String> typed, JsonMapper json) {
        var body = json.createObjectNode();
        fields.forEach(each -> each.read(typed, body));
        return body;
    }

    /** The fields of which browsers say nothing when they are not ticked. */
    List<String> boxes() {
        return fields.stream()
                .flatMap(each -> each instanceof Command(String name)
                        ? List.of(name + NOTHING).stream()
                        : List.<String>of().stream())
                .toList();
    }

    /** What the fields of all sections hold; what is detected is empty. */
    static Map<String, String> values(Project project) {
        var settings = project.settings();
        var values = new HashMap<String, String>();
        values.put("repository", project.repository());
        values.put("productionBranch", text(project.productionBranch()));
        values.put("rootDirectory", text(settings.rootDirectory()));
        values.put("framework", text(settings.framework()));
        values.put("installCommand", text(settings.installCommand()));
        values.put("installCommand" + NOTHING, "".equals(settings.installCommand()) ? "on" : "");
        values.put("buildCommand", text(settings.buildCommand()));
        values.put("buildCommand" + NOTHING, "".equals(settings.buildCommand()) ? "on" : "");
        values.put("outputDirectory", text(settings.outputDirectory()));
        values.put("nodeVersion", text(settings.nodeVersion()));
        values.put("spaFallback", text(settings.spaFallback()));
        values.put("cleanUrls", text(settings.cleanUrls()));
        values.put("submodules", text(settings.submodules()));
        values.put("limits.buildMemoryMb", text(settings.limits().buildMemoryMb()));
        values.put("limits.buildSeconds", text(settings.limits().buildSeconds()));
        return values;
    }

    private static String text(@Nullable Object value) {
        return value == null ? "" : value.toString();
    }
}
