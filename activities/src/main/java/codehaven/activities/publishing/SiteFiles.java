package codehaven.activities.publishing;

import codehaven.activities.Settings;
import codehaven.activities.StepScope;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * The files of a built site that may be published, by path. The names come from a stranger's build: they are never used
 * as names of files here.
 */
final class SiteFiles {

    /**
     * @param content where its bytes are
     */
    record File(String sha256, long size, Path content) {}

    private static final int NAMED = 8;
    private static final Set<String> RULES = Set.of("_redirects", "_headers");

    private final Settings.Limits limits;
    private final StepScope scope;
    private final SortedMap<String, File> files = new TreeMap<>();
    private final List<String> neverPublished = new ArrayList<>();
    private final List<String> rules = new ArrayList<>();
    private final List<String> odd = new ArrayList<>();
    private long bytes;
    private int seen;

    private SiteFiles(Settings.Limits limits, StepScope scope) {
        this.limits = limits;
        this.scope = scope;
    }

    SortedMap<String, File> files() {
        return files;
    }

    long bytes() {
        return bytes;
    }

    /**
     * The files of a directory, if it is whole: if it has as many regular files, of as many bytes, as was built. Names
     * that this machine's locale cannot express make it not whole.
     */
    static Optional<SiteFiles> ofDirectory(
            Path directory, int count, long size, Settings.Limits limits, StepScope scope) throws IOException {
        if (!Files.isDirectory(directory)) {
            return Optional.empty();
        }
        var found = new TreeMap<String, Path>();
        var total = new long[1];
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (attributes.isRegularFile()) {
                    var path = directory.relativize(file).toString();
                    found.put(path, file);
                    total[0] += attributes.size();
                }
                return found.size() > count ? FileVisitResult.TERMINATE : FileVisitResult.CONTINUE;
            }
        });
        if (found.size() != count
                || total[0] != size
                || found.keySet().stream().anyMatch(path -> path.indexOf('\ufffd') >= 0 || path.indexOf('?') >= 0)) {
            return Optional.empty();
        }
        var site = new SiteFiles(limits, scope);
        var admitted = new TreeMap<String, Path>();
        found.forEach((name, file) -> site.admit(name).ifPresent(path -> admitted.put(path, file)));
        admitted.entrySet().parallelStream()
                .map(each -> {
                    scope.check();
                    return Map.entry(each.getKey(), digested(each.getValue()));
                })
                .toList()
                .forEach(each -> site.add(each.getKey(), each.getValue()));
        site.tell();
        return Optional.of(site);
    }

    private static File digested(Path file) {
        var digest = sha256();
        try (var in = Files.newInputStream(file);
                var out = new DigestOutputStream(OutputStream.nullOutputStream(), digest)) {
            var size = in.transferTo(out);
            return new File(HexFormat.of().formatHex(digest.digest()), size, file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The files of a {@code .tar.zst} archive.
     *
     * @param spool an empty directory, for their contents
     */
    static SiteFiles ofArchive(Path archive, Path spool, Settings.Limits limits, StepScope scope) throws IOException {
        var site = new SiteFiles(limits, scope);
        var byName = new HashMap<String, File>();
        try (var tar = new TarArchiveInputStream(
                new ZstdInputStream(new BufferedInputStream(Files.newInputStream(archive))), "UTF-8")) {
            for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                if (entry.isDirectory()) {
                    continue;
                }
                var name = entry.getName().startsWith("./") ? entry.getName().substring(2) : entry.getName();
                var link = entry.getLinkName() == null || !entry.getLinkName().startsWith("./")
                        ? entry.getLinkName()
                        : entry.getLinkName().substring(2);
                var path = site.admit(name);
                if (entry.isLink() && byName.containsKey(link)) {
                    path.ifPresent(own -> site.add(own, byName.get(link)));
                } else if (!entry.isFile() || entry.isLink() || entry.isSymbolicLink()) {
                    site.odd.add(name);
                } else if (path.isPresent()) {
                    var file =
                            spool(tar, spool.resolve(Integer.toString(site.seen)), limits.outputBytes() - site.bytes);
                    byName.put(name, file);
                    site.add(path.get(), file);
                }
            }
        }
        site.tell();
        return site;
    }

    private static File spool(InputStream in, Path target, long most) throws IOException {
        var digest = sha256();
        var size = 0L;
        try (var out = new DigestOutputStream(Files.newOutputStream(target), digest)) {
            var buffer = new byte[64 * 1024];
            for (var read = in.read(buffer); read >= 0 && size <= most; read = in.read(buffer)) {
                out.write(buffer, 0, read);
                size += read;
            }
        }
        return new File(HexFormat.of().formatHex(digest.digest()), size, target);
    }

    /** The path to publish the file at, if it may be published. */
    private Optional<String> admit(String name) {
        scope.check();
        if (++seen > limits.outputFiles()) {
            throw tooMuch("%,d files".formatted(limits.outputFiles()));
        }
        var path = Normalizer.normalize(name, Normalizer.Form.NFC);
        for (var segment : path.split("/", -1)) {
            if (segment.isEmpty() || segment.equals("..") || segment.indexOf('\0') >= 0 || segment.indexOf('\\') >= 0) {
                odd.add(name);
                return Optional.empty();
            }
            if ((segment.startsWith(".") && !segment.equals(".well-known")) || segment.equals("node_modules")) {
                neverPublished.add(name);
                return Optional.empty();
            }
        }
        if (RULES.contains(path)) {
            rules.add(path);
            return Optional.empty();
        }
        return Optional.of(path);
    }

    private void add(String path, File file) {
        bytes += file.size();
        if (bytes > limits.outputBytes()) {
            throw tooMuch("%,d MB".formatted(limits.outputBytes() >> 20));
        }
        if (files.putIfAbsent(path, file) != null) {
            odd.add(path);
        }
    }

    private void tell() {
        if (!neverPublished.isEmpty()) {
            scope.log().say("Left out, because such files are never published: " + some(neverPublished));
        }
        if (!rules.isEmpty()) {
            scope.log()
                    .say(
                            Level.warn,
                            "Not applied, because rules of redirects and headers are not available yet, and not"
                                    + " published: " + some(rules));
        }
        if (!odd.isEmpty()) {
            scope.log()
                    .say(
                            Level.warn,
                            "Left out, because it is no plain file or its name is taken or cannot be an address: "
                                    + some(odd));
        }
    }

    private static String some(List<String> names) {
        var shown = names.stream().limit(NAMED).map(SiteFiles::printable).toList();
        var more = names.size() - shown.size();
        return String.join(", ", shown) + (more > 0 ? " and %,d more".formatted(more) : "") + ".";
    }

    private static String printable(String name) {
        return name.replaceAll("\\p{Cntrl}", "\ufffd");
    }

    private static StepFailure tooMuch(String limit) {
        return new StepFailure(
                FailureKind.BUILD_FAILED,
                "The build's output is larger than a site may be: " + limit + ".",
                "Publish less, or have an administrator raise the limit, then deploy again.",
                null,
                null,
                null);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
