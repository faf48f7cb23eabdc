package codehaven.activities.building;

import codehaven.activities.StepLog;
import codehaven.activities.building.TreeVisitor.Kind;
import codehaven.model.DeploymentEvent.Level;
import codehaven.state.Blobs;
import com.github.luben.zstd.ZstdInputStream;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * What a project's builds leave for the next one: the package manager's store and the frameworks' own caches. One is
 * kept in storage for each project, and a copy on this machine. A cache makes a build faster and is never needed: one
 * that cannot be had or read is left out. No project ever sees another's.
 */
final class BuildCaches {

    private static final long LARGEST_ARCHIVE = 1L << 30;
    private static final long LARGEST = 4L << 30;
    private static final int MOST_ENTRIES = 500_000;

    /** All copies on this machine together. */
    private static final long LOCAL = 10L << 30;

    private static final String SUFFIX = ".tar.zst";
    private static final Pattern KEY = Pattern.compile("[0-9a-f]{32}");

    private final Blobs blobs;
    private final Path directory;

    /**
     * A cache that was found.
     *
     * @param exact whether it is of just these dependencies
     */
    record Found(Path archive, String key, boolean exact) {
        InputStream open() throws IOException {
            return new ZstdInputStream(new BufferedInputStream(Files.newInputStream(archive), 1 << 16));
        }
    }

    BuildCaches(Blobs blobs, Path directory) {
        this.blobs = blobs;
        this.directory = directory;
    }

    static boolean useful(Recipe recipe) {
        return !recipe.servesTheTree()
                && !(recipe.homeCaches().isEmpty() && recipe.treeCaches().isEmpty());
    }

    static String keyOf(Recipe recipe) {
        return digest(
                ("1\n" + System.getProperty("os.arch") + "\n" + recipe.cacheKey()).getBytes(StandardCharsets.UTF_8));
    }

    /** The cache of these dependencies, or else the project's newest one. */
    Optional<Found> find(String project, Recipe recipe, StepLog log) {
        var exact = keyOf(recipe);
        try {
            var found = have(project, exact);
            if (found.isPresent()) {
                return checked(project, new Found(found.get(), exact, true), recipe, log);
            }
            var latest = latest(project);
            if (latest.isPresent() && !latest.get().equals(exact)) {
                found = have(project, latest.get());
                if (found.isPresent()) {
                    return checked(project, new Found(found.get(), latest.get(), false), recipe, log);
                }
            }
            return Optional.empty();
        } catch (IOException | Blobs.Unavailable e) {
            log.say(
                    Level.warn,
                    "The dependency cache cannot be had (" + DockerEngine.reasonOf(e) + "); building without.");
            return Optional.empty();
        }
    }

    private Optional<Path> have(String project, String key) throws IOException {
        var local = local(project, key);
        if (Files.isRegularFile(local)) {
            Files.setLastModifiedTime(local, FileTime.from(Instant.now()));
            return Optional.of(local);
        }
        var stored = Blobs.cache(project, key);
        if (blobs.size(stored).isEmpty()) {
            return Optional.empty();
        }
        Files.createDirectories(local.resolveSibling(""));
        try {
            blobs.download(stored, local);
        } catch (Blobs.NotThere e) {
            return Optional.empty();
        }
        return Optional.of(local);
    }

    private Optional<String> latest(String project) throws IOException {
        try (var in = blobs.open(Blobs.cache(project, "latest"))) {
            var key = new String(in.readNBytes(64), StandardCharsets.UTF_8);
            return KEY.matcher(key).matches() ? Optional.of(key) : Optional.empty();
        } catch (Blobs.NotThere e) {
            return Optional.empty();
        }
    }

    /** Reads all of it once: a broken archive must not become a broken tree. */
    private Optional<Found> checked(String project, Found found, Recipe recipe, StepLog log) throws IOException {
        var roots = roots(recipe);
        var size = new long[2];
        try (var in = found.open()) {
            TarTree.walk(in, "", (entry, content) -> {
                var path = entry.path();
                var known = roots.stream().anyMatch(each -> path.equals(each) || path.startsWith(each + "/"));
                size[0] += entry.size();
                if (("/" + path + "/").contains("/../") || size[0] > LARGEST || ++size[1] > MOST_ENTRIES) {
                    throw new IOException("it is not one of ours");
                }
                if (!known
                        && entry.kind() == Kind.FILE
                        && roots.stream().noneMatch(each -> each.startsWith(path + "/"))) {
                    throw new IOException("it holds other directories");
                }
            });
            // The checksum stands at the end.
            in.transferTo(java.io.OutputStream.nullOutputStream());
            return Optional.of(found);
        } catch (IOException e) {
            log.say(
                    Level.warn,
                    "The dependency cache cannot be used (" + DockerEngine.reasonOf(e) + "); building without.");
            Files.deleteIfExists(found.archive());
            blobs.delete(Blobs.cache(project, found.key()));
            return Optional.empty();
        }
    }

    /**
     * Keeps what a good build left, if that is anything new.
     *
     * @param used the cache that the build began with
     */
    void keep(String project, Recipe recipe, Optional<Found> used, Sandbox sandbox, StepLog log) {
        var key = keyOf(recipe);
        var exact = used.isPresent() && used.get().exact();
        if (exact && recipe.treeCaches().isEmpty()) {
            return;
        }
        var local = local(project, key);
        var partial = local.resolveSibling(
                local.getFileName() + "." + ProcessHandle.current().pid() + ".partial");
        try {
            Files.createDirectories(local.resolveSibling(""));
            var digest = write(partial, roots(recipe), sandbox);
            if (digest.isEmpty()) {
                log.say("The dependency cache is not kept: it would be larger than " + (LARGEST_ARCHIVE >> 20)
                        + " MiB.");
                return;
            }
            var noted = local.resolveSibling(key + ".digest");
            if (exact && Files.isRegularFile(noted) && Files.readString(noted).equals(digest.get())) {
                return;
            }
            var before = latest(project);
            blobs.put(Blobs.cache(project, key), partial);
            blobs.put(Blobs.cache(project, "latest"), key.getBytes(StandardCharsets.UTF_8));
            if (before.isPresent() && !before.get().equals(key)) {
                blobs.delete(Blobs.cache(project, before.get()));
                Files.deleteIfExists(local(project, before.get()));
            }
            Files.move(partial, local, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
            Files.writeString(noted, digest.get());
            log.say("Kept the dependency cache: " + Math.max(1, Files.size(local) >> 20) + " MiB.");
            tidy();
        } catch (IOException | Blobs.Unavailable e) {
            log.say(Level.warn, "The dependency cache could not be kept: " + DockerEngine.reasonOf(e) + ".");
        } finally {
            try {
                Files.deleteIfExists(partial);
            } catch (IOException e) {
                log.say(Level.warn, "A file of the dependency cache is left behind: " + DockerEngine.reasonOf(e) + ".");
            }
        }
    }

    private static List<String> roots(Recipe recipe) {
        var roots = new ArrayList<String>();
        recipe.homeCaches().forEach(each -> roots.add("home/" + each));
        recipe.treeCaches().forEach(each -> roots.add("src/" + each));
        return roots;
    }

    /** @return a digest of the content; empty when it became too large */
    private static Optional<String> write(Path to, List<String> roots, Sandbox sandbox) throws IOException {
        var lines = new ArrayList<String>();
        var size = new long[1];
        try (var out = new ZstdOutputStream(new BufferedOutputStream(Files.newOutputStream(to), 1 << 16), 1);
                var tar = new TarArchiveOutputStream(new BufferedOutputStream(out, 1 << 16), "UTF-8")) {
            out.setChecksum(true);
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
            for (var root : roots) {
                sandbox.walk(root, (entry, content) -> {
                    var name = root + "/" + entry.path();
                    var kept = kept(entry, name, root);
                    if (kept == null) {
                        return;
                    }
                    size[0] += entry.size();
                    if (size[0] > LARGEST || lines.size() >= MOST_ENTRIES || Files.size(to) > LARGEST_ARCHIVE) {
                        throw new TooLarge();
                    }
                    lines.add(
                            name + " " + entry.kind() + " " + entry.size() + " " + entry.mode() + " " + entry.target());
                    tar.putArchiveEntry(kept);
                    if (entry.kind() == Kind.FILE) {
                        content.transferTo(tar);
                    }
                    tar.closeArchiveEntry();
                });
            }
            tar.finish();
        } catch (TooLarge e) {
            return Optional.empty();
        }
        lines.sort(Comparator.naturalOrder());
        return Optional.of(digest(String.join("\n", lines).getBytes(StandardCharsets.UTF_8)));
    }

    private static @org.jspecify.annotations.Nullable TarArchiveEntry kept(
            TreeVisitor.Entry entry, String name, String root) {
        var kept = switch (entry.kind()) {
            case DIRECTORY -> new TarArchiveEntry(name + "/");
            case FILE -> new TarArchiveEntry(name);
            case SYMBOLIC_LINK -> new TarArchiveEntry(name, TarConstants.LF_SYMLINK);
            case HARD_LINK -> new TarArchiveEntry(name, TarConstants.LF_LINK);
            case OTHER -> null;
        };
        if (kept == null) {
            return null;
        }
        if (entry.kind() == Kind.FILE) {
            kept.setSize(entry.size());
        } else if (entry.kind() == Kind.HARD_LINK) {
            kept.setLinkName(root + "/" + entry.target());
        } else if (entry.kind() == Kind.SYMBOLIC_LINK) {
            kept.setLinkName(entry.target());
        }
        kept.setMode(entry.mode());
        kept.setModTime(entry.modified());
        return kept;
    }

    /** Forgets what was not used for longest, until the rest fits. */
    private void tidy() throws IOException {
        record Copy(Path file, long size, Instant used) {}
        var copies = new ArrayList<Copy>();
        DirectoryTree.walk(directory, (entry, content) -> {
            if (entry.kind() == Kind.FILE && entry.path().endsWith(SUFFIX)) {
                copies.add(new Copy(
                        directory.resolve(entry.path()), entry.size(), Instant.ofEpochMilli(entry.modified())));
            }
        });
        copies.sort(Comparator.comparing(Copy::used).reversed());
        var sum = 0L;
        for (var each : copies) {
            sum += each.size();
            if (sum > LOCAL) {
                Files.deleteIfExists(each.file());
            }
        }
    }

    private Path local(String project, String key) {
        return directory.resolve(project).resolve(key + SUFFIX);
    }

    private static String digest(byte[] bytes) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(bytes))
                    .substring(0, 32);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class TooLarge extends IOException {
        TooLarge() {
            super("too large");
        }
    }
}
