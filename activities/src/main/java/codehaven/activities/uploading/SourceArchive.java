package codehaven.activities.uploading;

import com.github.luben.zstd.ZstdInputStream;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.BufferedOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * A directory as one tar in zstd, and back. Equal directories give equal tars: sorted, times and owners the same in
 * all, modes 644 and 755 only. What is unpacked may come from anywhere: nothing of it lands outside of its directory,
 * and nothing but directories, files and links that stay inside is made.
 */
public final class SourceArchive {

    /** As npm packs: tools that make zip files refuse what is older than 1980. */
    private static final long TIME = 499_162_500_000L;

    private static final int LEVEL = 3;
    private static final int LONGEST_NAME = 255;
    private static final int LONGEST_PATH = 4_000;
    private static final int MOST_HOPS = 40;
    /** Headers of one entry, with its long names: more is an attack on memory. */
    private static final long LARGEST_HEADERS = 1 << 20;

    /**
     * What an archive may hold at most.
     *
     * @param entries files, directories and links together
     * @param bytes of all files together, as unpacked
     */
    public record Bounds(int entries, long bytes) {}

    /** The archive is damaged, does not fit its bounds, or would reach out of its directory; the message says which. */
    public static final class Refused extends IOException {
        public Refused(String sentence) {
            super(sentence);
        }
    }

    /** Called between files; throws to stop. */
    @FunctionalInterface
    public interface Check {
        void check();
    }

    private SourceArchive() {}

    /**
     * Writes the directory's archive; the stream stays open.
     *
     * @return the sha256 of the tar before compression, 64 hexadecimal digits
     */
    public static String write(Path directory, OutputStream to, Check check) throws IOException {
        var digest = sha256();
        var zstd = new ZstdOutputStream(new KeptOpen(to), LEVEL);
        zstd.setChecksum(true);
        try (var tar = new TarArchiveOutputStream(
                new BufferedOutputStream(new DigestOutputStream(zstd, digest), 1 << 16),
                StandardCharsets.UTF_8.name())) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
            tar.setAddPaxHeadersForNonAsciiNames(true);
            pack(directory, "", tar, check);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void pack(Path directory, String at, TarArchiveOutputStream tar, Check check) throws IOException {
        var names = new ArrayList<String>();
        try (var inside = Files.newDirectoryStream(directory)) {
            inside.forEach(each -> names.add(String.valueOf(each.getFileName())));
        }
        names.sort(null);
        for (var name : names) {
            check.check();
            var path = directory.resolve(name);
            var full = at + name;
            if (Files.isSymbolicLink(path)) {
                var entry = new TarArchiveEntry(full, TarConstants.LF_SYMLINK);
                entry.setLinkName(Files.readSymbolicLink(path).toString());
                put(tar, entry, 0777);
                tar.closeArchiveEntry();
            } else if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                put(tar, new TarArchiveEntry(full + "/", TarConstants.LF_DIR), 0755);
                tar.closeArchiveEntry();
                pack(path, full + "/", tar, check);
            } else if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                var entry = new TarArchiveEntry(full, TarConstants.LF_NORMAL);
                entry.setSize(Files.size(path));
                put(
                        tar,
                        entry,
                        Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS)
                                        .contains(PosixFilePermission.OWNER_EXECUTE)
                                ? 0755
                                : 0644);
                Files.copy(path, tar);
                tar.closeArchiveEntry();
            } else {
                throw new Refused("'" + full + "' is no file, directory or link.");
            }
        }
    }

    private static void put(TarArchiveOutputStream tar, TarArchiveEntry entry, int mode) throws IOException {
        entry.setMode(mode);
        entry.setModTime(TIME);
        entry.setIds(0, 0);
        entry.setNames("", "");
        tar.putArchiveEntry(entry);
    }

    /** The tar in an archive that {@link #write} made, for those who take a tar: a container, or {@link #unpackTar}. */
    public static InputStream tar(InputStream archive) throws IOException {
        return new ZstdInputStream(archive);
    }

    /**
     * Unpacks into a directory that exists and is empty.
     *
     * @return how many files and links it has now
     * @throws Refused if something in it may not be; what was written up to there stays
     */
    public static int unpack(InputStream archive, Path directory, Bounds bounds) throws IOException {
        try (var tar = tar(archive)) {
            return unpackTar(tar, directory, bounds);
        }
    }

    /** Like {@link #unpack}, of a tar that is not compressed. */
    public static int unpackTar(InputStream stream, Path directory, Bounds bounds) throws IOException {
        return new Unpacking(directory, bounds).unpack(stream);
    }

    private static final class Unpacking {
        private final Path directory;
        private final Bounds bounds;
        private final Map<String, String> links = new LinkedHashMap<>();
        private int entries;
        private int directories;
        private int files;
        private long bytes;

        Unpacking(Path directory, Bounds bounds) {
            this.directory = directory;
            this.bounds = bounds;
        }

        int unpack(InputStream stream) throws IOException {
            var metered = new Metered(stream);
            try (var tar = new TarArchiveInputStream(metered, StandardCharsets.UTF_8.name())) {
                var buffer = new byte[1 << 16];
                while (true) {
                    metered.allow(LARGEST_HEADERS);
                    var entry = tar.getNextEntry();
                    if (entry == null) {
                        break;
                    }
                    metered.allow(Long.MAX_VALUE);
                    if (++entries > bounds.entries()) {
                        throw new Refused("The archive has more than " + bounds.entries() + " entries.");
                    }
                    unpack(tar, entry, buffer);
                }
            } catch (IllegalArgumentException malformed) {
                throw new Refused("The archive is damaged: " + malformed.getMessage() + ".");
            }
            judgeLinks();
            for (var link : links.entrySet()) {
                Files.createSymbolicLink(directory.resolve(link.getKey()), Path.of(link.getValue()));
            }
            return files + links.size();
        }

        private void unpack(TarArchiveInputStream tar, TarArchiveEntry entry, byte[] buffer) throws IOException {
            var name = judged(entry.getName());
            if (name.isEmpty()) {
                if (!entry.isDirectory()) {
                    throw new Refused("The archive has an entry without a name.");
                }
                return;
            }
            var path = directory.resolve(name);
            if (entry.isSymbolicLink()) {
                makeParents(name);
                if (links.put(name, entry.getLinkName()) != null || Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
                    throw new Refused("The archive has '" + name + "' twice.");
                }
            } else if (entry.isLink()) {
                throw new Refused("The archive has the hard link '" + name + "'.");
            } else if (entry.isSparse() || entry.isGNUSparse() || entry.isPaxGNUSparse()) {
                throw new Refused("The archive has the sparse file '" + name + "'.");
            } else if (entry.isDirectory()) {
                makeParents(name + "/.");
            } else if (entry.isFile() && !entry.isCharacterDevice() && !entry.isBlockDevice() && !entry.isFIFO()) {
                makeParents(name);
                if (links.containsKey(name)) {
                    throw new Refused("The archive has '" + name + "' twice.");
                }
                write(tar, entry, path, buffer);
                files++;
            } else {
                throw new Refused("The archive has '" + name + "', which is no file, directory or symbolic link.");
            }
        }

        private void write(TarArchiveInputStream tar, TarArchiveEntry entry, Path path, byte[] buffer)
                throws IOException {
            try (var out = Files.newOutputStream(
                    path, java.nio.file.StandardOpenOption.CREATE_NEW, java.nio.file.StandardOpenOption.WRITE)) {
                for (int count; (count = tar.read(buffer)) >= 0; ) {
                    bytes += count;
                    if (bytes > bounds.bytes()) {
                        throw new Refused("The archive's files are larger than " + bounds.bytes() + " bytes together.");
                    }
                    out.write(buffer, 0, count);
                }
            } catch (java.nio.file.FileAlreadyExistsException twice) {
                throw new Refused("The archive has '" + entry.getName() + "' twice.");
            }
            if ((entry.getMode() & 0100) != 0) {
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
            }
        }

        /** Directories above it; links are made last, so that none of these leads elsewhere. */
        private void makeParents(String name) throws IOException {
            for (int slash = name.indexOf('/'); slash > 0; slash = name.indexOf('/', slash + 1)) {
                var parent = name.substring(0, slash);
                if (links.containsKey(parent)) {
                    throw new Refused("The archive has '" + parent + "' as a link and as a directory.");
                }
                var path = directory.resolve(parent);
                if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                    try {
                        Files.createDirectory(path);
                    } catch (java.nio.file.FileAlreadyExistsException file) {
                        throw new Refused("The archive has '" + parent + "' as a file and as a directory.");
                    }
                    // Directories that no entry names count as well.
                    if (++directories > bounds.entries()) {
                        throw new Refused("The archive has more than " + bounds.entries() + " entries.");
                    }
                }
            }
        }

        private static String judged(String raw) throws Refused {
            if (raw.length() > LONGEST_PATH) {
                throw new Refused("The archive has a path longer than " + LONGEST_PATH + " characters.");
            }
            if (raw.startsWith("/") || raw.indexOf('\0') >= 0) {
                throw new Refused("The archive has the path '" + raw + "', which leads out of it.");
            }
            var name = new StringBuilder();
            for (var part : raw.split("/", -1)) {
                if (part.isEmpty() || part.equals(".")) {
                    continue;
                }
                if (part.equals("..")) {
                    throw new Refused("The archive has the path '" + raw + "', which leads out of it.");
                }
                if (part.getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME) {
                    throw new Refused("The archive has a name longer than " + LONGEST_NAME + " bytes.");
                }
                name.append(name.isEmpty() ? "" : "/").append(part);
            }
            return name.toString();
        }

        private void judgeLinks() throws Refused {
            for (var link : links.keySet()) {
                if (leaves(link)) {
                    throw new Refused("The archive has the link '" + link + "' to '" + links.get(link)
                            + "', which leads out of it.");
                }
            }
        }

        private boolean leaves(String link) {
            var here = new ArrayDeque<String>();
            var rest = new ArrayDeque<String>();
            for (var each : link.split("/", -1)) {
                rest.addLast(each);
            }
            for (int hops = 0; !rest.isEmpty(); ) {
                var next = rest.removeFirst();
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
                var target = links.get(String.join("/", here));
                if (target != null) {
                    if (target.startsWith("/")) {
                        return true;
                    }
                    if (++hops > MOST_HOPS) {
                        return false;
                    }
                    here.removeLast();
                    var steps = target.split("/", -1);
                    for (int i = steps.length - 1; i >= 0; i--) {
                        rest.addFirst(steps[i]);
                    }
                }
            }
            return false;
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static final class KeptOpen extends java.io.FilterOutputStream {
        KeptOpen(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] from, int offset, int length) throws IOException {
            out.write(from, offset, length);
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }

    /** Gives only so much until it is allowed more. */
    private static final class Metered extends FilterInputStream {
        private long left;

        Metered(InputStream in) {
            super(in);
        }

        void allow(long bytes) {
            left = bytes;
        }

        private int spent(int count) throws Refused {
            left -= Math.max(0, count);
            if (left < 0) {
                throw new Refused("The archive has a header larger than " + LARGEST_HEADERS + " bytes.");
            }
            return count;
        }

        @Override
        public int read() throws IOException {
            var one = in.read();
            spent(one < 0 ? 0 : 1);
            return one;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            return spent(in.read(into, offset, length));
        }

        @Override
        public long skip(long bytes) throws IOException {
            var skipped = in.skip(bytes);
            left -= skipped;
            return skipped;
        }
    }
}
