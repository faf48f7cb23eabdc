package codehaven.api.deployments;

import codehaven.model.Manifest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What differs between the files of two deployments. A file that a bundler named after its content counts as changed,
 * rather than as one removed and one added, where there is no doubt which belong together.
 *
 * @param files those that differ, by path
 * @param same how many are the same
 * @param bytes by how much all files together have grown
 */
public record Changes(List<Change> files, int same, long bytes) {

    /** How a file differs; written in lower case outside. */
    public enum Kind {
        added,
        changed,
        removed
    }

    /**
     * One file that differs.
     *
     * @param was its path before, where that was another one
     * @param size in bytes, now; before, for one that is gone
     * @param bytes by how much it has grown
     */
    public record Change(Kind kind, String path, @Nullable String was, long size, long bytes) {}

    /** A part of a name that a bundler made from the content: eight or more letters and digits, both of them in it or both cases. */
    private static final Pattern HASH = Pattern.compile(
            "(?<=[-._])(?=[A-Za-z0-9_-]*(?:[0-9]|[a-z][A-Z]|[A-Z][a-z]))" + "[A-Za-z0-9_-]{8,}(?=\\.[a-z0-9.]{1,12}$)");

    public Changes {
        files = List.copyOf(files);
    }

    private long count(Kind kind) {
        return files.stream().filter(each -> each.kind() == kind).count();
    }

    public long added() {
        return count(Kind.added);
    }

    public long changed() {
        return count(Kind.changed);
    }

    public long removed() {
        return count(Kind.removed);
    }

    /** From one deployment's files to a later one's. */
    public static Changes between(Manifest before, Manifest now) {
        var old = before.files();
        var renamed = renamed(old, now.files());
        var were = new HashSet<>(renamed.values());
        var changes = new ArrayList<Change>();
        var same = 0;
        for (var each : now.files().entrySet()) {
            var file = each.getValue();
            var was = renamed.get(each.getKey());
            var earlier = old.get(was == null ? each.getKey() : was);
            if (earlier == null) {
                changes.add(new Change(Kind.added, each.getKey(), null, file.size(), file.size()));
            } else if (was == null && earlier.sha256().equals(file.sha256())) {
                same++;
            } else {
                changes.add(new Change(Kind.changed, each.getKey(), was, file.size(), file.size() - earlier.size()));
            }
        }
        old.forEach((path, file) -> {
            if (!now.files().containsKey(path) && !were.contains(path)) {
                changes.add(new Change(Kind.removed, path, null, file.size(), -file.size()));
            }
        });
        changes.sort(Comparator.comparing(Change::path));
        return new Changes(changes, same, size(now) - size(before));
    }

    /** New path to old path. */
    private static Map<String, String> renamed(Map<String, Manifest.File> old, Map<String, Manifest.File> now) {
        var gone = byForm(old.keySet().stream().filter(path -> !now.containsKey(path)));
        var come = byForm(now.keySet().stream().filter(path -> !old.containsKey(path)));
        var pairs = new HashMap<String, String>();
        come.forEach((form, paths) -> {
            var candidates = gone.getOrDefault(form, Set.of());
            if (paths.size() == 1 && candidates.size() == 1) {
                pairs.put(paths.iterator().next(), candidates.iterator().next());
            }
        });
        return pairs;
    }

    private static Map<String, Set<String>> byForm(Stream<String> paths) {
        return paths.flatMap(path -> form(path).map(form -> Map.entry(form, path)).stream())
                .collect(Collectors.groupingBy(
                        Map.Entry::getKey, Collectors.mapping(Map.Entry::getValue, Collectors.toSet())));
    }

    private static Optional<String> form(String path) {
        var slash = path.lastIndexOf('/') + 1;
        var hash = HASH.matcher(path.substring(slash));
        return hash.find() ? Optional.of(path.substring(0, slash) + hash.replaceFirst("*")) : Optional.empty();
    }

    private static long size(Manifest manifest) {
        return manifest.files().values().stream().mapToLong(Manifest.File::size).sum();
    }
}
