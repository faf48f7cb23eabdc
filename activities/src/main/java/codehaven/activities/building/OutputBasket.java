package codehaven.activities.building;

import codehaven.activities.Settings.Limits;
import codehaven.activities.StepLog;
import codehaven.activities.WorkFiles;
import codehaven.activities.building.TreeVisitor.Entry;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * Gathers a site's files from a directory that is not to be trusted: what may be published goes in, within limits, and
 * one archive comes out that is the same for the same files.
 */
final class OutputBasket implements TreeVisitor {

    /** The name of the record that the archive begins with, for whoever looks whether the work is done already. */
    static final String RECORD = "CODEHAVEN.built";

    private static final int LONGEST_PATH = 1024;
    private static final int MOST_WARNINGS = 20;

    private final Path directory;
    private final Path oddNames;
    private final Limits limits;
    private final StepLog log;
    private final TreeMap<String, Path> files = new TreeMap<>();
    private final Map<String, String> links = new LinkedHashMap<>();
    private final Map<Path, Long> sizes = new LinkedHashMap<>();
    private long bytes;
    private int warnings;
    private boolean allHere = true;

    /**
     * @param directory is made anew and filled with the files, where this machine can name them
     */
    OutputBasket(Path directory, Limits limits, StepLog log) throws IOException {
        this.directory = directory;
        this.limits = limits;
        this.log = log;
        oddNames = directory.resolveSibling(directory.getFileName() + ".odd");
        WorkFiles.delete(directory);
        WorkFiles.delete(oddNames);
        Files.createDirectories(directory);
    }

    int count() {
        return files.size();
    }

    long bytes() {
        return bytes;
    }

    boolean has(String path) {
        return files.containsKey(path);
    }

    /** Where the files are, unless one has a name that this machine's file system cannot take. */
    Optional<Path> directory() {
        return allHere ? Optional.of(directory) : Optional.empty();
    }

    @Override
    public void visit(Entry entry, InputStream content) throws IOException {
        var path = entry.path();
        if (isPrivate(path)) {
            return;
        }
        if (!isPlain(path)) {
            warn("'" + shown(path) + "' cannot be a part of an address; it is not published.");
            return;
        }
        switch (entry.kind()) {
            case DIRECTORY -> {
                // Directories are there because files are in them.
            }
            case FILE -> add(path, content);
            case HARD_LINK -> links.put(path, entry.target());
            case SYMBOLIC_LINK -> links.put(path, resolved(path, entry.target()));
            case OTHER -> warn("'" + shown(path) + "' is not a file; it is not published.");
        }
    }

    private void add(String path, InputStream content) throws IOException {
        if (files.size() >= limits.outputFiles()) {
            throw tooMany();
        }
        Path at;
        try {
            at = directory.resolve(path);
        } catch (InvalidPathException e) {
            allHere = false;
            at = oddNames.resolve(Integer.toString(files.size()));
        }
        var parent = at.getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        var room = limits.outputBytes() - bytes;
        long size;
        try (var out = Files.newOutputStream(at)) {
            size = copy(content, out, room);
        }
        bytes += size;
        files.put(path, at);
        sizes.put(at, size);
    }

    private long copy(InputStream in, java.io.OutputStream out, long room) throws IOException {
        var buffer = new byte[64 * 1024];
        var size = 0L;
        for (int read; (read = in.read(buffer)) >= 0; ) {
            size += read;
            if (size > room) {
                throw new StepFailure(
                        FailureKind.BUILD_FAILED,
                        "The output is larger than " + limits.outputBytes() / (1 << 20)
                                + " MiB, the most that a site may have.",
                        "Set the project's outputDirectory to the folder with the site alone, or leave large files out.",
                        null,
                        null,
                        null);
            }
            out.write(buffer, 0, read);
        }
        return size;
    }

    private StepFailure tooMany() {
        return new StepFailure(
                FailureKind.BUILD_FAILED,
                "The output has more than " + limits.outputFiles() + " files, the most that a site may have.",
                "Set the project's outputDirectory to the folder with the site alone.",
                null,
                null,
                null);
    }

    /** Follows links within the output, so that they are published as what they name; others are left out. */
    void followLinks() {
        var left = new ArrayDeque<>(links.entrySet());
        // A link may lead to another: each round resolves those that lead to what is known.
        for (var round = 0; round < 8 && !left.isEmpty(); round++) {
            for (var n = left.size(); n > 0; n--) {
                var link = left.removeFirst();
                if (!follow(link.getKey(), link.getValue())) {
                    left.addLast(link);
                }
            }
        }
        left.forEach(each -> warn("'" + shown(each.getKey())
                + "' is a link to something outside of the output directory, or to nothing; it is not published."));
    }

    private boolean follow(String path, String target) {
        var file = files.get(target);
        if (file != null) {
            alias(path, file);
            return true;
        }
        if (target.isEmpty() || path.startsWith(target + "/")) {
            return false;
        }
        var below = new TreeMap<>(files.subMap(target + "/", target + "0"));
        below.forEach((name, each) -> alias(path + name.substring(target.length()), each));
        return !below.isEmpty();
    }

    private void alias(String path, Path file) {
        if (files.size() >= limits.outputFiles()) {
            throw tooMany();
        }
        if (files.putIfAbsent(path, file) == null) {
            bytes += sizes.getOrDefault(file, 0L);
            allHere = false;
        }
    }

    /** Writes the archive. */
    void archive(Path to, String record) throws IOException {
        try (var out = new ZstdOutputStream(new BufferedOutputStream(Files.newOutputStream(to), 1 << 16), 3);
                var tar = new TarArchiveOutputStream(out, "UTF-8")) {
            out.setChecksum(true);
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
            tar.setAddPaxHeadersForNonAsciiNames(true);
            var header = new TarArchiveEntry("pax_global_header", TarConstants.LF_PAX_GLOBAL_EXTENDED_HEADER);
            header.addPaxHeader(RECORD, record);
            header.setModTime(0);
            tar.putArchiveEntry(header); // a global header is closed with that
            if (files.isEmpty()) {
                // A header belongs to what follows it.
                var top = new TarArchiveEntry("./");
                top.setModTime(0);
                tar.putArchiveEntry(top);
                tar.closeArchiveEntry();
            }
            for (var each : files.entrySet()) {
                var entry = new TarArchiveEntry(each.getKey());
                entry.setSize(Files.size(each.getValue()));
                entry.setMode(0644);
                entry.setModTime(0);
                tar.putArchiveEntry(entry);
                Files.copy(each.getValue(), tar);
                tar.closeArchiveEntry();
            }
            tar.finish();
        }
    }

    /** Removes what only the archive needed. */
    void tidy() throws IOException {
        WorkFiles.delete(oddNames);
        if (!allHere) {
            WorkFiles.delete(directory);
        }
    }

    private void warn(String sentence) {
        if (++warnings <= MOST_WARNINGS) {
            log.say(Level.warn, sentence);
        } else if (warnings == MOST_WARNINGS + 1) {
            log.say(Level.warn, "More files of the output are not published for such reasons.");
        }
    }

    /** Whether a file is never published, wherever it lies. */
    static boolean isPrivate(String path) {
        for (var segment : path.split("/", -1)) {
            var hidden = segment.startsWith(".") && !segment.equals(".") && !segment.equals("..");
            if (segment.equals("node_modules") || (hidden && !segment.equals(".well-known"))) {
                return true;
            }
        }
        return false;
    }

    private static boolean isPlain(String path) {
        if (path.isEmpty() || path.length() > LONGEST_PATH || path.startsWith("/")) {
            return false;
        }
        for (var segment : path.split("/", -1)) {
            if (segment.isEmpty() || segment.equals(".") || segment.equals("..")) {
                return false;
            }
        }
        return path.chars().noneMatch(each -> each < 0x20 || each == 0x7f || each == '\\' || each == 0xfffd);
    }

    /** Where a symbolic link leads, within the output; empty when out of it. */
    private static String resolved(String path, String target) {
        if (target.startsWith("/")) {
            return "";
        }
        var at = new ArrayDeque<String>();
        var segments = path.split("/", -1);
        for (var i = 0; i < segments.length - 1; i++) {
            at.addLast(segments[i]);
        }
        for (var segment : target.split("/", -1)) {
            if (segment.equals("..")) {
                if (at.pollLast() == null) {
                    return "";
                }
            } else if (!segment.isEmpty() && !segment.equals(".")) {
                at.addLast(segment);
            }
        }
        return String.join("/", at);
    }

    private static String shown(String path) {
        var plain = path.replaceAll("\\p{Cntrl}", "?");
        return plain.length() > 120 ? plain.substring(0, 120) + "…" : plain;
    }
}
