package codehaven.activities.cloning;

import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.Ref;
import org.jspecify.annotations.Nullable;

/** The refs that a remote told of, and what a user's word for a branch, tag or commit means among them. */
final class Refs {

    private static final String HEADS = "refs/heads/";
    private static final String TAGS = "refs/tags/";
    private static final Pattern FULL = Pattern.compile("[0-9a-fA-F]{40}");
    private static final Pattern SHORT = Pattern.compile("[0-9a-fA-F]{7,39}");
    private static final Pattern TOO_SHORT = Pattern.compile("[0-9a-fA-F]{4,6}");
    private static final int MOST_NAMES = 5;

    private final Map<String, ObjectId> commits = new TreeMap<>();
    private final @Nullable String defaultBranch;

    /** What a word means. */
    sealed interface Meaning {
        /**
         * A commit that a ref names now.
         *
         * @param branch absent for a tag or another ref
         * @param said how it was found, for the log
         */
        record Named(ObjectId commit, @Nullable String branch, String said) implements Meaning {}

        /** A commit by its full name; whether there is one, only a fetch tells. */
        record Commit(ObjectId commit) implements Meaning {}

        /** A commit by the beginning of its name that no ref points at. */
        record Abbreviated(String prefix) implements Meaning {}
    }

    Refs(Iterable<Ref> told) {
        String head = null;
        for (var ref : told) {
            var id = ref.getPeeledObjectId() == null ? ref.getObjectId() : ref.getPeeledObjectId();
            if (id == null || id.equals(ObjectId.zeroId())) {
                continue;
            }
            commits.put(ref.getName(), id.copy());
            if (ref.getName().equals("HEAD")
                    && ref.isSymbolic()
                    && ref.getTarget().getName().startsWith(HEADS)) {
                head = ref.getTarget().getName().substring(HEADS.length());
            }
        }
        defaultBranch = head != null ? head : guess();
    }

    /** For servers that do not say what HEAD points at. */
    private @Nullable String guess() {
        var head = commits.get("HEAD");
        if (head == null) {
            return null;
        }
        var same = branches().stream()
                .filter(each -> head.equals(commits.get(HEADS + each)))
                .toList();
        for (var usual : List.of("main", "master")) {
            if (same.contains(usual)) {
                return usual;
            }
        }
        return same.size() == 1 ? same.getFirst() : null;
    }

    @Nullable
    String defaultBranch() {
        return defaultBranch;
    }

    /** All the commits that branches and tags name, HEAD's first. */
    List<ObjectId> tips() {
        var tips = new LinkedHashSet<ObjectId>();
        if (commits.get("HEAD") != null) {
            tips.add(commits.get("HEAD"));
        }
        commits.forEach((name, id) -> {
            if (name.startsWith(HEADS)) {
                tips.add(id);
            }
        });
        tips.addAll(commits.values());
        return List.copyOf(tips);
    }

    /**
     * @param wanted as the user wrote it; absent means the default branch
     * @throws StepFailure REF_NOT_FOUND, with names that there are
     */
    Meaning meaningOf(@Nullable String wanted) {
        if (commits.isEmpty()) {
            throw new StepFailure(
                    FailureKind.REF_NOT_FOUND,
                    "The repository is empty: push a first commit to it, then deploy again.");
        }
        if (wanted == null || wanted.isBlank() || wanted.equals("HEAD")) {
            var head = commits.get("HEAD");
            if (head == null) {
                throw new StepFailure(
                        FailureKind.REF_NOT_FOUND,
                        "The repository's default branch does not exist" + helpFor("main") + ": name a branch.");
            }
            return new Meaning.Named(
                    head, defaultBranch, defaultBranch == null ? "HEAD" : "the default branch " + defaultBranch);
        }
        for (var form : List.of("", HEADS, TAGS, "refs/")) {
            var name = form + wanted;
            var id = name.startsWith("refs/") ? commits.get(name) : null;
            if (id != null) {
                return named(name, id);
            }
        }
        if (FULL.matcher(wanted).matches()) {
            return new Meaning.Commit(ObjectId.fromString(wanted.toLowerCase(Locale.ROOT)));
        }
        if (SHORT.matcher(wanted).matches()) {
            var prefix = wanted.toLowerCase(Locale.ROOT);
            var tips =
                    tips().stream().filter(id -> id.name().startsWith(prefix)).toList();
            if (tips.size() > 1) {
                throw ambiguous(wanted, tips);
            }
            return tips.isEmpty() ? new Meaning.Abbreviated(prefix) : new Meaning.Commit(tips.getFirst());
        }
        if (TOO_SHORT.matcher(wanted).matches()) {
            throw new StepFailure(
                    FailureKind.REF_NOT_FOUND,
                    "There is no branch or tag " + Shown.quoted(wanted) + "; a commit is named by at least 7 digits"
                            + helpFor(wanted) + ".");
        }
        throw new StepFailure(
                FailureKind.REF_NOT_FOUND,
                "There is no branch, tag or commit " + Shown.quoted(wanted) + " in the repository" + helpFor(wanted)
                        + ".");
    }

    private Meaning named(String name, ObjectId id) {
        if (name.startsWith(HEADS)) {
            var branch = name.substring(HEADS.length());
            return new Meaning.Named(id, branch, "the branch " + Shown.plain(branch, 100));
        }
        return new Meaning.Named(
                id,
                null,
                name.startsWith(TAGS)
                        ? "the tag " + Shown.plain(name.substring(TAGS.length()), 100)
                        : Shown.plain(name, 100));
    }

    static StepFailure ambiguous(String wanted, List<ObjectId> ids) {
        return new StepFailure(
                FailureKind.REF_NOT_FOUND,
                "More than one commit begins with " + Shown.quoted(wanted) + ": "
                        + String.join(
                                ", ",
                                ids.stream()
                                        .limit(MOST_NAMES)
                                        .map(id -> id.abbreviate(12).name())
                                        .toList())
                        + "; give more digits.");
    }

    static StepFailure noSuchCommit(String wanted) {
        return new StepFailure(
                FailureKind.REF_NOT_FOUND, "There is no commit " + Shown.quoted(wanted) + " in the repository.");
    }

    /** {@code  (branches are: main, dev)}, those that look most like what was asked for. */
    private String helpFor(String wanted) {
        var branches = branches();
        if (branches.isEmpty()) {
            return " (it has no branches)";
        }
        var near = new ArrayList<>(branches);
        near.sort(
                Comparator.<String>comparingInt(each -> distance(wanted, each)).thenComparing(each -> each));
        var shown = near.stream()
                .limit(MOST_NAMES)
                .map(each -> Shown.plain(each, 60))
                .toList();
        return " (branches are: " + String.join(", ", shown)
                + (branches.size() > shown.size() ? " and " + (branches.size() - shown.size()) + " more)" : ")");
    }

    private List<String> branches() {
        return commits.keySet().stream()
                .filter(each -> each.startsWith(HEADS))
                .map(each -> each.substring(HEADS.length()))
                .toList();
    }

    /** Levenshtein's, of the first 60 characters. */
    private static int distance(String one, String other) {
        var a = one.substring(0, Math.min(60, one.length()));
        var b = other.substring(0, Math.min(60, other.length()));
        var row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            var diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                var above = row[j];
                var same = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                row[j] = Math.min(Math.min(row[j] + 1, row[j - 1] + 1), diagonal + same);
                diagonal = above;
            }
        }
        return row[b.length()];
    }
}
