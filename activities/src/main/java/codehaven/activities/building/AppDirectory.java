package codehaven.activities.building;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * One directory of the tree with what is known of it: the place that a site is built in.
 *
 * @param json its own package.json, empty where it has none
 * @param around package.json of the workspace's root, where it is another one
 */
record AppDirectory(SourceTree tree, String directory, Optional<PackageJson> json, Optional<PackageJson> around) {

    /** What a JavaScript config file may end in. */
    private static final List<String> SCRIPTS = List.of("js", "mjs", "cjs", "ts", "mts", "cts");

    /** Characters of a config file that are looked at: more than anybody writes, and little enough to search at leisure. */
    private static final int LONGEST_CONFIG = 128 << 10;

    private static final Pattern RUNS_SCRIPT = Pattern.compile(
            "\\b(?:npm|pnpm|yarn|bun)(?:\\s+run(?:-script)?)?\\s+([A-Za-z0-9:_.-]+)|\\b(?:run-[sp]|npm-run-all2?)\\s+([^&|;]+)");

    static AppDirectory at(SourceTree tree, String directory) {
        var workspace = Workspace.around(tree, directory);
        return new AppDirectory(
                tree,
                directory,
                PackageJson.in(tree, directory),
                workspace
                        .filter(each -> !each.root().equals(directory))
                        .flatMap(each -> PackageJson.in(tree, each.root())));
    }

    PackageJson packageJson() {
        return json.orElse(PackageJson.NONE);
    }

    /** Whether its own package.json names one of these. */
    boolean uses(String... dependencies) {
        for (var each : dependencies) {
            if (packageJson().has(each)) {
                return true;
            }
        }
        return false;
    }

    String path(String name) {
        return directory.isEmpty() ? name : directory + "/" + name;
    }

    boolean isFile(String name) {
        return tree.isFile(path(name));
    }

    boolean isDirectory(String name) {
        return tree.isDirectory(path(name));
    }

    /** The text of a file of the project, empty where there is none. */
    String text(String name) {
        return tree.text(path(name)).orElse("");
    }

    /** Whether there is a config file such as {@code vite.config.ts}; the base is {@code vite.config}. */
    boolean hasConfig(String base) {
        return SCRIPTS.stream().anyMatch(each -> isFile(base + "." + each));
    }

    /** The beginning of such a config file without its comments, empty where there is none. */
    String config(String base) {
        return SCRIPTS.stream()
                .map(each -> base + "." + each)
                .filter(this::isFile)
                .findFirst()
                .map(each -> {
                    var text = text(each);
                    return withoutComments(text.substring(0, Math.min(LONGEST_CONFIG, text.length())));
                })
                .orElse("");
    }

    /** The single commands of the given shell text, with those of the scripts of package.json that it runs. */
    List<String> commands(String shell) {
        var all = new LinkedHashSet<String>();
        collect(shell, new HashSet<>(), all);
        return new ArrayList<>(all);
    }

    private void collect(String shell, Set<String> seen, Set<String> all) {
        for (var each : shell.split("&&|\\|\\||[;|\\n]", -1)) {
            if (!each.isBlank()) {
                all.add(each.strip());
            }
        }
        for (var run : RUNS_SCRIPT.matcher(shell).results().toList()) {
            for (var name : scriptNames(run)) {
                if (seen.add(name)) {
                    packageJson().script(name).ifPresent(each -> collect(each, seen, all));
                }
            }
        }
    }

    private List<String> scriptNames(MatchResult run) {
        if (run.group(1) != null) {
            return List.of(run.group(1));
        }
        var names = new ArrayList<String>();
        for (var each : run.group(2).split("[\\s\"']+", -1)) {
            if (each.endsWith("*")) {
                var prefix = each.replaceFirst("\\*+$", "");
                packageJson().scripts().keySet().stream()
                        .filter(it -> it.startsWith(prefix))
                        .forEach(names::add);
            } else {
                names.add(each);
            }
        }
        return names;
    }

    /** JavaScript without its comments; strings are left as they are. */
    static String withoutComments(String code) {
        var kept = new StringBuilder(code.length());
        for (int i = 0; i < code.length(); i++) {
            var c = code.charAt(i);
            if (c == '"' || c == '\'' || c == '`') {
                var end = endOfString(code, i);
                kept.append(code, i, end);
                i = end - 1;
            } else if (c == '/' && i + 1 < code.length() && code.charAt(i + 1) == '/') {
                var end = code.indexOf('\n', i);
                i = end < 0 ? code.length() : end - 1;
            } else if (c == '/' && i + 1 < code.length() && code.charAt(i + 1) == '*') {
                var end = code.indexOf("*/", i + 2);
                i = end < 0 ? code.length() : end + 1;
            } else {
                kept.append(c);
            }
        }
        return kept.toString();
    }

    private static int endOfString(String code, int start) {
        var quote = code.charAt(start);
        for (int i = start + 1; i < code.length(); i++) {
            var c = code.charAt(i);
            if (c == '\\') {
                i++;
            } else if (c == quote) {
                return i + 1;
            } else if (c == '\n' && quote != '`') {
                return i; // Not a string after all: an apostrophe in a regular expression, say.
            }
        }
        return code.length();
    }
}
