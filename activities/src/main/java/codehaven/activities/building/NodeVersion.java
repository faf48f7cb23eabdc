package codehaven.activities.building;

import codehaven.activities.building.Recipe.Note;
import codehaven.model.DeploymentEvent.Level;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which Node.js a project is built with.
 *
 * @param others those that it leaves the choice of besides, best first; none where it names one
 * @param note what the log should say about it, where there is something to say
 */
record NodeVersion(
        int major, List<Integer> others, @Nullable Note note) {

    /** The one for those who do not say. */
    static final int DEFAULT = 22;

    /** What there are images of, the default first, then the newest. */
    private static final List<Integer> SUPPORTED = List.of(DEFAULT, 24, 20);

    private static final Pattern TOOL_VERSIONS = Pattern.compile("(?m)^\\s*node(?:js)?\\s+(\\S+)");

    NodeVersion {
        others = List.copyOf(others);
    }

    /** One that any other will do for. */
    private static NodeVersion preferred(int major, @Nullable Note note) {
        return new NodeVersion(
                major, SUPPORTED.stream().filter(each -> each != major).toList(), note);
    }

    private static NodeVersion only(int major) {
        return new NodeVersion(major, List.of(), null);
    }

    /** The image with that Node.js. */
    String image() {
        return image(major);
    }

    /** Images that do as well. */
    List<String> instead() {
        return others.stream().map(NodeVersion::image).toList();
    }

    private static String image(int major) {
        return "node:" + major + "-bookworm-slim";
    }

    private NodeVersion within(VersionRange range) {
        return new NodeVersion(major, others.stream().filter(range::allows).toList(), note);
    }

    /**
     * What is wanted, in this order: the setting; {@code engines} in package.json; Volta's; {@code .nvmrc},
     * {@code .node-version} and {@code .tool-versions}. Where {@code engines} leaves a choice, the files choose in it.
     *
     * @param setting the project's setting
     * @param manifests the package's own package.json and that of the workspace around it
     * @param directories where to look for the files, nearest first
     */
    static NodeVersion of(
            @Nullable String setting, SourceTree tree, List<PackageJson> manifests, List<String> directories) {
        if (setting != null && !setting.isBlank()) {
            return chosen(setting, "the project's nodeVersion");
        }
        var file = fromFiles(tree, directories);
        for (var each : manifests) {
            if (each.nodeRange() != null) {
                var engines = chosen(each.nodeRange(), "engines.node");
                var range = VersionRange.of(each.nodeRange());
                return file.filter(it -> it.note == null
                                && range.isPresent()
                                && range.get().allows(it.major))
                        .map(it -> it.within(range.orElseThrow()))
                        .orElse(engines);
            }
        }
        for (var each : manifests) {
            if (each.voltaNode() != null) {
                return chosen(each.voltaNode(), "volta.node");
            }
        }
        return file.orElse(preferred(DEFAULT, null));
    }

    private static Optional<NodeVersion> fromFiles(SourceTree tree, List<String> directories) {
        for (var directory : directories) {
            for (var name : List.of(".nvmrc", ".node-version")) {
                var text = tree.text(SourceTree.in(directory, name))
                        .flatMap(all -> all.lines()
                                .map(line -> line.replaceFirst("#.*", "").strip())
                                .filter(line -> !line.isEmpty())
                                .findFirst());
                if (text.isPresent()) {
                    return Optional.of(chosen(text.get(), name));
                }
            }
            var tools = TOOL_VERSIONS.matcher(
                    tree.text(SourceTree.in(directory, ".tool-versions")).orElse(""));
            if (tools.find()) {
                return Optional.of(chosen(tools.group(1), ".tool-versions"));
            }
        }
        return Optional.empty();
    }

    private static NodeVersion chosen(String wanted, String where) {
        var text = wanted.strip().toLowerCase(Locale.ROOT);
        switch (text) {
            case "lts/*", "lts", "lts/-1" -> {
                return preferred(DEFAULT, null);
            }
            case "node", "latest", "current", "stable" -> {
                return preferred(24, null);
            }
            case "lts/krypton" -> {
                return only(24);
            }
            case "lts/jod" -> {
                return only(22);
            }
            case "lts/iron" -> {
                return only(20);
            }
            default -> {}
        }
        var range = VersionRange.of(text);
        if (range.isEmpty()) {
            return preferred(
                    DEFAULT, warning("Node.js '" + shown(wanted) + "' in " + where + " is not a version", DEFAULT));
        }
        var allowed = SUPPORTED.stream().filter(range.get()::allows).toList();
        if (!allowed.isEmpty()) {
            return new NodeVersion(allowed.getFirst(), allowed.subList(1, allowed.size()), null);
        }
        var lowest = range.get().lowestMajor();
        var nearest = SUPPORTED.stream()
                .min((a, b) -> Integer.compare(Math.abs(a - lowest), Math.abs(b - lowest)))
                .orElse(DEFAULT);
        return preferred(
                nearest,
                warning(where + " asks for Node.js " + shown(wanted) + ", which is not available here", nearest));
    }

    private static Note warning(String sentence, int major) {
        return new Note(Level.warn, sentence + ". Building with Node.js " + major + "; 20, 22 and 24 are supported.");
    }

    private static String shown(String text) {
        return text.length() > 40 ? text.substring(0, 40) + "…" : text;
    }
}
