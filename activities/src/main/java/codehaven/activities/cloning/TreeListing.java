package codehaven.activities.cloning;

import codehaven.activities.Settings;
import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.jgit.errors.CorruptObjectException;
import org.eclipse.jgit.errors.LargeObjectException;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.ObjectChecker;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectReader;
import org.eclipse.jgit.treewalk.CanonicalTreeParser;
import org.jspecify.annotations.Nullable;

/**
 * All that a commit's tree would put on the disk, counted, sized and judged before any of it is. Subtrees that occur
 * many times are read once: a few kilobytes of objects can stand for millions of files.
 */
final class TreeListing {

    private static final int DEEPEST = 200;
    private static final int LONGEST_NAME = 255;
    private static final int LONGEST_PATH = 2_000;
    private static final int LONGEST_TARGET = 4_095;
    private static final int LARGEST_TREE = 64 << 20;
    /** Of all names together: a listing is kept in memory. */
    private static final long MOST_NAMES = 128L << 20;

    private static final int MOST_HOPS = 40;
    /** Of all links together. */
    private static final int MOST_STEPS = 5_000_000;

    /** What stands at a path. */
    enum What {
        DIRECTORY,
        FILE,
        EXECUTABLE,
        LINK,
        SUBMODULE
    }

    /**
     * @param reader where its content is
     * @param target of a link
     */
    record Entry(
            String path,
            What what,
            ObjectId id,
            long size,
            ObjectReader reader,
            @Nullable String target) {}

    private record Sum(long entries, long files, long bytes) {}

    private final Settings.Limits limits;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private int files;
    private long bytes;
    private long names;
    private int steps;

    TreeListing(Settings.Limits limits) {
        this.limits = limits;
    }

    /** In the order of the tree: a directory before what is in it. */
    Map<String, Entry> entries() {
        return entries;
    }

    int files() {
        return files;
    }

    long bytes() {
        return bytes;
    }

    List<Entry> submodules() {
        return entries.values().stream()
                .filter(each -> each.what() == What.SUBMODULE)
                .toList();
    }

    /**
     * Adds a tree.
     *
     * @param at the path of a submodule whose tree it is, or the empty text
     * @throws StepFailure REPOSITORY_REFUSED with the path and the rule that it breaks
     */
    void add(ObjectReader reader, ObjectId tree, String at) throws IOException {
        var sum = new Counting(reader).sum(tree, at, 0);
        if (entries.size() + sum.entries() > mostEntries() || files + sum.files() > limits.treeFiles()) {
            throw tooMany();
        }
        if (bytes + sum.bytes() > limits.treeBytes()) {
            throw tooLarge();
        }
        list(reader, tree, at);
    }

    /** Directories count as well; whoever unpacks the tree again allows as many. */
    private long mostEntries() {
        return 2L * limits.treeFiles();
    }

    private StepFailure tooMany() {
        return refused("The repository has more than " + Shown.count(limits.treeFiles())
                + " files, the most that are taken (limit treeFiles).");
    }

    private StepFailure tooLarge() {
        return refused("The repository's files are larger than " + Shown.bytes(limits.treeBytes())
                + " together, the most that is taken (limit treeBytes).");
    }

    /** First pass: figures only, each distinct tree once. */
    private final class Counting {
        private final ObjectReader reader;
        private final ObjectChecker checker = new ObjectChecker()
                .setAllowLeadingZeroFileMode(true)
                .setIgnore(ObjectChecker.ErrorType.NULL_SHA1, true)
                // Said in better words by judgeName.
                .setIgnore(ObjectChecker.ErrorType.HAS_DOTGIT, true)
                .setIgnore(ObjectChecker.ErrorType.HAS_DOTDOT, true)
                .setIgnore(ObjectChecker.ErrorType.HAS_DOT, true);
        private final ObjectChecker names = new ObjectChecker().setSafeForMacOS(true);
        private final Map<ObjectId, Sum> sums = new HashMap<>();

        Counting(ObjectReader reader) {
            this.reader = reader;
        }

        Sum sum(ObjectId tree, String path, int depth) throws IOException {
            var known = sums.get(tree);
            if (known != null) {
                return known;
            }
            if (depth > DEEPEST) {
                throw refused(
                        "The repository has folders more than " + DEEPEST + " deep, below " + Shown.quoted(path) + ".");
            }
            var raw = read(reader, tree);
            try {
                checker.checkTree(tree, raw);
            } catch (CorruptObjectException malformed) {
                throw refused(
                        "The folder " + Shown.quoted(path.isEmpty() ? "/" : path) + " of the repository is malformed: "
                                + Shown.plain(String.valueOf(malformed.getMessage()), 200) + ".");
            }
            long count = 0;
            long inside = 0;
            long size = 0;
            for (var parser = parser(raw); !parser.eof(); parser.next()) {
                var name = judgeName(parser, path);
                var id = parser.getEntryObjectId();
                var type = parser.getEntryRawMode() & FileMode.TYPE_MASK;
                count++;
                switch (type) {
                    case FileMode.TYPE_TREE -> {
                        var below = sum(id, path.isEmpty() ? name : path + "/" + name, depth + 1);
                        count += below.entries();
                        inside += below.files();
                        size += below.bytes();
                    }
                    case FileMode.TYPE_FILE, FileMode.TYPE_SYMLINK -> {
                        inside++;
                        size += reader.getObjectSize(id, Constants.OBJ_BLOB);
                    }
                    case FileMode.TYPE_GITLINK -> {}
                    default ->
                        throw refused("The entry " + Shown.quoted(path + "/" + name)
                                + " of the repository has the mode " + Integer.toOctalString(parser.getEntryRawMode())
                                + ", which is none of Git's.");
                }
                if (inside > limits.treeFiles() || count > mostEntries()) {
                    throw tooMany();
                }
                if (size > limits.treeBytes()) {
                    throw tooLarge();
                }
            }
            var sum = new Sum(count, inside, size);
            sums.put(tree, sum);
            return sum;
        }

        private String judgeName(CanonicalTreeParser parser, String path) {
            var raw = parser.getEntryPathBuffer();
            var from = parser.getNameOffset();
            var to = parser.getEntryPathLength();
            var shown = Shown.quoted(
                    (path.isEmpty() ? "" : path + "/") + new String(raw, from, to - from, StandardCharsets.UTF_8));
            if (to - from > LONGEST_NAME) {
                throw refused("The name " + shown + " in the repository is longer than " + LONGEST_NAME + " bytes.");
            }
            try {
                names.checkPathSegment(raw, from, to);
            } catch (CorruptObjectException unsafe) {
                throw refused("The repository has the name " + shown
                        + ", which can be taken for Git's own directory or leads out of the tree.");
            }
            String name;
            try {
                name = StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(raw, from, to - from))
                        .toString();
            } catch (CharacterCodingException notText) {
                throw refused("The repository has the name " + shown + ", which is not valid UTF-8.");
            }
            if (name.equals(".") || name.equals("..") || name.indexOf('/') >= 0 || name.indexOf('\0') >= 0) {
                throw refused("The repository has the name " + shown + ", which leads out of the tree.");
            }
            return name;
        }
    }

    /** Second pass, over no more than the limits allow: every path. */
    private void list(ObjectReader reader, ObjectId tree, String path) throws IOException {
        for (var parser = parser(read(reader, tree)); !parser.eof(); parser.next()) {
            var name = parser.getEntryPathString();
            var full = path.isEmpty() ? name : path + "/" + name;
            names += full.length();
            if (full.length() > LONGEST_PATH) {
                throw refused("The path " + Shown.quoted(full) + " in the repository is longer than " + LONGEST_PATH
                        + " characters.");
            }
            if (names > MOST_NAMES) {
                throw refused("The paths of the repository are longer than " + Shown.bytes(MOST_NAMES) + " together.");
            }
            var id = parser.getEntryObjectId();
            switch (parser.getEntryRawMode() & FileMode.TYPE_MASK) {
                case FileMode.TYPE_TREE -> {
                    put(new Entry(full, What.DIRECTORY, id, 0, reader, null));
                    list(reader, id, full);
                }
                case FileMode.TYPE_GITLINK -> put(new Entry(full, What.SUBMODULE, id, 0, reader, null));
                case FileMode.TYPE_SYMLINK -> {
                    var size = reader.getObjectSize(id, Constants.OBJ_BLOB);
                    files++;
                    bytes += size;
                    put(new Entry(full, What.LINK, id, size, reader, targetOf(reader, id, size, full)));
                }
                default -> {
                    var size = reader.getObjectSize(id, Constants.OBJ_BLOB);
                    files++;
                    bytes += size;
                    var executable = (parser.getEntryRawMode() & 0111) != 0;
                    put(new Entry(full, executable ? What.EXECUTABLE : What.FILE, id, size, reader, null));
                }
            }
        }
    }

    private static byte[] read(ObjectReader reader, ObjectId tree) throws IOException {
        try {
            return reader.open(tree, Constants.OBJ_TREE).getCachedBytes(LARGEST_TREE);
        } catch (LargeObjectException large) {
            throw refused(
                    "A folder of the repository has a list of names larger than " + Shown.bytes(LARGEST_TREE) + ".");
        }
    }

    private static CanonicalTreeParser parser(byte[] raw) {
        var parser = new CanonicalTreeParser();
        parser.reset(raw);
        return parser;
    }

    private void put(Entry entry) {
        if (entries.putIfAbsent(entry.path(), entry) != null) {
            throw refused("The repository has the path " + Shown.quoted(entry.path()) + " twice.");
        }
    }

    private static String targetOf(ObjectReader reader, ObjectId id, long size, String path) throws IOException {
        if (size == 0 || size > LONGEST_TARGET) {
            throw refused("The symbolic link " + Shown.quoted(path) + " has a target of " + size + " bytes.");
        }
        try {
            var target = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(reader.open(id, Constants.OBJ_BLOB).getCachedBytes(LONGEST_TARGET)))
                    .toString();
            if (target.indexOf('\0') >= 0) {
                throw refused("The symbolic link " + Shown.quoted(path) + " has a target that is not valid.");
            }
            return target;
        } catch (CharacterCodingException notText) {
            throw refused("The symbolic link " + Shown.quoted(path) + " has a target that is not valid UTF-8.");
        }
    }

    /**
     * Follows every link within the listing, through other links.
     *
     * @throws StepFailure REPOSITORY_REFUSED for the first that leaves the tree
     */
    void judgeLinks() {
        for (var each : entries.values()) {
            if (each.what() == What.LINK && leaves(each)) {
                throw refused("The symbolic link " + Shown.quoted(each.path()) + " leads to "
                        + Shown.quoted(String.valueOf(each.target())) + ", out of the repository.");
            }
        }
    }

    /** A loop, or a chain too long to follow, leads nowhere and so not out. */
    private boolean leaves(Entry link) {
        var here = new ArrayDeque<>(List.of(link.path().split("/", -1)));
        here.removeLast();
        var rest = new ArrayDeque<String>();
        if (!follow(link, rest)) {
            return true;
        }
        for (int hops = 1; !rest.isEmpty(); ) {
            var next = rest.removeFirst();
            if (++steps > MOST_STEPS) {
                throw refused("The symbolic links of the repository are too many and too long to follow.");
            }
            if (next.isEmpty() || next.equals(".")) {
                continue;
            }
            if (next.equals("..")) {
                if (here.isEmpty()) {
                    return true;
                }
                here.removeLast();
                continue;
            }
            here.addLast(next);
            var there = entries.get(String.join("/", here));
            if (there != null && there.what() == What.LINK) {
                if (++hops > MOST_HOPS) {
                    return false;
                }
                here.removeLast();
                if (!follow(there, rest)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Puts the steps of the link's target before the rest; false when it begins at the machine's root. */
    private static boolean follow(Entry link, ArrayDeque<String> rest) {
        var target = String.valueOf(link.target());
        if (target.startsWith("/")) {
            return false;
        }
        var steps = target.split("/", -1);
        for (int i = steps.length - 1; i >= 0; i--) {
            rest.addFirst(steps[i]);
        }
        return true;
    }

    private static StepFailure refused(String sentence) {
        return new StepFailure(FailureKind.REPOSITORY_REFUSED, sentence);
    }
}
