package codehaven.activities.building;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Packages of one repository that are installed together.
 *
 * @param root the directory where they are installed
 * @param patterns which directories below the root are packages
 */
record Workspace(String root, List<String> patterns) {

    /** A repository with more directories than this is searched only so far. */
    private static final int MOST_DIRECTORIES = 3_000;

    private static final int DEEPEST = 5;

    /** The workspace that is rooted in a directory, if one is. */
    static Optional<Workspace> at(SourceTree tree, String directory) {
        var patterns = new ArrayList<String>();
        tree.text(SourceTree.in(directory, "pnpm-workspace.yaml"))
                .ifPresent(text -> patterns.addAll(pnpmPackages(text)));
        PackageJson.in(tree, directory).ifPresent(json -> patterns.addAll(json.workspaces()));
        if (patterns.isEmpty()) {
            for (var each : PackageJson.json(tree, SourceTree.in(directory, "lerna.json"))
                    .path("packages")) {
                patterns.add(each.asText());
            }
        }
        return patterns.isEmpty() ? Optional.empty() : Optional.of(new Workspace(directory, List.copyOf(patterns)));
    }

    /** The nearest workspace that a directory belongs to, or is the root of. */
    static Optional<Workspace> around(SourceTree tree, String directory) {
        for (var each = directory; ; each = SourceTree.parent(each)) {
            var found = at(tree, each);
            if (found.isPresent() && found.get().has(directory)) {
                return found;
            }
            if (each.isEmpty()) {
                return Optional.empty();
            }
        }
    }

    private boolean has(String directory) {
        return directory.equals(root) || Globs.match(patterns, relative(directory));
    }

    /** All directories of packages, sorted; without the root. */
    List<String> packages(SourceTree tree) {
        return below(tree, root).stream()
                .filter(each ->
                        Globs.match(patterns, relative(each)) && tree.isFile(SourceTree.in(each, "package.json")))
                .toList();
    }

    private String relative(String directory) {
        return root.isEmpty() ? directory : directory.substring(Math.min(directory.length(), root.length() + 1));
    }

    /** The directories below one, nearest first, without those that hold dependencies or are hidden. */
    static List<String> below(SourceTree tree, String directory) {
        var found = new ArrayList<String>();
        var left = new ArrayDeque<String>(List.of(directory));
        var looked = 0;
        while (!left.isEmpty() && looked++ < MOST_DIRECTORIES) {
            var next = left.removeFirst();
            if (!next.equals(directory)) {
                found.add(next);
            }
            if (depth(next) - depth(directory) < DEEPEST) {
                for (var name : tree.names(next)) {
                    if (!name.startsWith(".")
                            && !name.equals("node_modules")
                            && tree.isOwnDirectory(SourceTree.in(next, name))) {
                        left.add(SourceTree.in(next, name));
                    }
                }
            }
        }
        return found;
    }

    private static int depth(String directory) {
        return directory.isEmpty()
                ? 0
                : (int) directory.chars().filter(c -> c == '/').count() + 1;
    }

    /** The items of {@code packages:}, written as lines or in brackets. */
    private static List<String> pnpmPackages(String yaml) {
        var packages = new ArrayList<String>();
        var inside = false;
        for (var line : yaml.lines().toList()) {
            var text = line.replaceFirst("(?:^|\\s)#.*", "").strip();
            if (text.isEmpty()) {
                continue;
            }
            if (line.startsWith("packages:")) {
                inside = true;
                for (var each : text.substring("packages:".length())
                        .replaceAll("[\\[\\]]", "")
                        .split(",", -1)) {
                    addUnquoted(each, packages);
                }
            } else if (inside && text.startsWith("-")) {
                addUnquoted(text.substring(1), packages);
            } else if (!Character.isWhitespace(line.charAt(0))) {
                inside = false;
            }
        }
        return packages;
    }

    private static void addUnquoted(String item, List<String> packages) {
        var text = item.strip().replaceAll("^['\"]|['\"]$", "");
        if (!text.isEmpty()) {
            packages.add(text);
        }
    }
}
