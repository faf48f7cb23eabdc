package codehaven.activities.building;

import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The part of a package.json that says how a project is built. What has another type than it should is taken for
 * absent, as npm does for most of it.
 *
 * @param dependencies all but the peers: name → version range
 * @param forDevelopment the names of those that are wanted for development alone
 * @param workspaces patterns of directories, relative to this package's
 */
record PackageJson(
        @Nullable String name,
        Map<String, String> scripts,
        Map<String, String> dependencies,
        Set<String> forDevelopment,
        @Nullable String packageManager,
        @Nullable String nodeRange,
        @Nullable String pnpmRange,
        @Nullable String voltaNode,
        @Nullable String main,
        List<String> workspaces) {

    static final PackageJson NONE =
            new PackageJson(null, Map.of(), Map.of(), Set.of(), null, null, null, null, null, List.of());

    private static final JsonMapper LENIENT = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_JAVA_COMMENTS, JsonReadFeature.ALLOW_TRAILING_COMMA)
            .build();

    /**
     * The package.json of a directory, absent where there is none.
     *
     * @throws StepFailure when it is not JSON
     */
    static Optional<PackageJson> in(SourceTree tree, String directory) {
        var path = SourceTree.in(directory, "package.json");
        return tree.text(path).map(text -> {
            try {
                return of(LENIENT.readTree(text));
            } catch (JsonProcessingException e) {
                var where = e.getLocation() == null
                        ? ""
                        : " at line " + e.getLocation().getLineNr();
                var why = tree.size(path) > SourceTree.MOST_BYTES ? " (it is larger than 1 MiB)" : where;
                throw new StepFailure(
                        FailureKind.NO_PROJECT_FOUND,
                        path + " cannot be read: it is not valid JSON" + why + ".",
                        "Correct the file, commit and push.",
                        null,
                        new codehaven.model.Failure.Source(
                                path,
                                e.getLocation() == null ? null : e.getLocation().getLineNr()),
                        null);
            }
        });
    }

    /** Any JSON file of the tree, comments allowed; a missing node where there is none that can be read. */
    static JsonNode json(SourceTree tree, String path) {
        var text = tree.text(path);
        if (text.isEmpty()) {
            return LENIENT.missingNode();
        }
        try {
            return LENIENT.readTree(text.get());
        } catch (JsonProcessingException e) {
            return LENIENT.missingNode(); // The tool that reads it will say so better, in the build's log.
        }
    }

    private static PackageJson of(JsonNode json) {
        var dependencies = new LinkedHashMap<String, String>();
        for (var section : List.of("optionalDependencies", "devDependencies", "dependencies")) {
            dependencies.putAll(texts(json.path(section)));
        }
        var forDevelopment =
                new LinkedHashSet<>(texts(json.path("devDependencies")).keySet());
        forDevelopment.removeAll(texts(json.path("dependencies")).keySet());
        forDevelopment.removeAll(texts(json.path("optionalDependencies")).keySet());
        var workspaces = json.path("workspaces");
        var manager = textOf(json.path("packageManager"));
        var wanted = json.path("devEngines").path("packageManager");
        if (manager == null && wanted.path("name").isTextual()) {
            manager =
                    wanted.path("name").asText() + "@" + wanted.path("version").asText("");
        }
        return new PackageJson(
                textOf(json.path("name")),
                texts(json.path("scripts")),
                dependencies,
                forDevelopment,
                manager,
                textOf(json.path("engines").path("node")),
                textOf(json.path("engines").path("pnpm")),
                textOf(json.path("volta").path("node")),
                textOf(json.path("main")),
                list(workspaces.isObject() ? workspaces.path("packages") : workspaces));
    }

    private static @Nullable String textOf(JsonNode node) {
        return node.isTextual() && !node.asText().isBlank() ? node.asText() : null;
    }

    private static Map<String, String> texts(JsonNode object) {
        var texts = new LinkedHashMap<String, String>();
        object.properties().forEach(each -> {
            if (each.getValue().isTextual()) {
                texts.put(each.getKey(), each.getValue().asText());
            }
        });
        return texts;
    }

    private static List<String> list(JsonNode array) {
        var list = new ArrayList<String>();
        if (array.isArray()) {
            for (var each : array) {
                if (each.isTextual()) {
                    list.add(each.asText());
                }
            }
        }
        return list;
    }

    boolean has(String dependency) {
        return dependencies.containsKey(dependency);
    }

    /** The text of a script that is not empty. */
    Optional<String> script(String name) {
        return Optional.ofNullable(scripts.get(name)).filter(each -> !each.isBlank());
    }
}
