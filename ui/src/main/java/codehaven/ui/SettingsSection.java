package codehaven.ui;

import codehaven.api.problems.Problem;
import codehaven.model.Project;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
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
    APP(
            new Text("startCommand"),
            new Whole("app", "port"),
            new Within("healthCheck", new Text("path")),
            new Whole("healthCheck", "startPeriodSeconds"),
            new Text("dockerfile"),
            new Within("app", new Text("dockerContext"))),
    RUNNING(
            new Whole("limits", "memoryMb"),
            new Decimal("limits", "cpus"),
            new Whole("app", "replicas"),
            new Whole("app", "sleepAfterSeconds"),
            new Within("app", new Text("stopSignal")),
            new Whole("app", "stopSeconds"),
            new Within("app", new Flag("writable")),
            new Volumes()),
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

    private static ObjectNode inner(ObjectNode body, String name) {
        return body.has(name) ? (ObjectNode) body.get(name) : body.putObject(name);
    }

    /** A field of an object within the settings; what is typed for it has the names of both. */
    private record Within(String in, Field field) implements Field {
        @Override
        public void read(Map<String, String> typed, ObjectNode body) {
            var own = new HashMap<String, String>();
            typed.forEach((name, text) -> {
                if (name.startsWith(in + ".")) {
                    own.put(name.substring(in.length() + 1), text);
                }
            });
            field.read(own, inner(body, in));
        }
    }

    private record Decimal(String in, String name) implements Field {
        @Override
        public void read(Map<String, String> typed, ObjectNode body) {
            var text = Field.given(typed, in + "." + name);
            try {
                inner(body, in).put(name, text == null ? null : Double.valueOf(text.replace(',', '.')));
            } catch (NumberFormatException e) {
                // The API says what is wrong with it.
                inner(body, in).put(name, text);
            }
        }
    }

    /** One a line: a name and a path. */
    private record Volumes() implements Field {
        @Override
        public void read(Map<String, String> typed, ObjectNode body) {
            var volumes = inner(body, "app").putArray("volumes");
            typed.getOrDefault("app.volumes", "").lines().map(String::strip).forEach(line -> {
                if (!line.isEmpty()) {
                    var parts = line.split("\\s+", 2);
                    var volume = volumes.addObject().put("name", parts[0]);
                    if (parts.length > 1) {
                        volume.put("path", parts[1]);
                    }
                }
            });
        }
    }

    private record Whole(String in, String name) implements Field {
        @Override
        public void read(Map<String, String> typed, ObjectNode body) {
            var inner = inner(body, in);
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
        var health = settings.healthCheck();
        values.put("startCommand", text(settings.startCommand()));
        values.put("healthCheck.path", text(health == null ? null : health.path()));
        values.put("healthCheck.startPeriodSeconds", text(health == null ? null : health.startPeriodSeconds()));
        values.put("dockerfile", text(settings.dockerfile()));
        values.put("limits.memoryMb", text(settings.limits().memoryMb()));
        values.put("limits.cpus", text(settings.limits().cpus()));
        var app = settings.app();
        values.put("app.port", text(app.port()));
        values.put("app.dockerContext", text(app.dockerContext()));
        values.put("app.replicas", text(app.replicas()));
        values.put("app.sleepAfterSeconds", text(app.sleepAfterSeconds()));
        values.put("app.stopSignal", text(app.stopSignal()));
        values.put("app.stopSeconds", text(app.stopSeconds()));
        values.put("app.writable", text(app.writable()));
        values.put(
                "app.volumes",
                app.volumes().stream()
                        .map(each -> each.name() + " " + each.path())
                        .collect(Collectors.joining("\n")));
        return values;
    }

    private static String text(@Nullable Object value) {
        return value == null ? "" : value.toString();
    }
}
