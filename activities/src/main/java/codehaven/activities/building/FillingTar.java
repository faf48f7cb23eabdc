package codehaven.activities.building;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.jspecify.annotations.Nullable;

/** What goes into a new sandbox, as one tar whose entries belong to the build's user. */
final class FillingTar implements AutoCloseable {

    /** The system's: Java's own piped streams wait a second whenever they run full or empty. */
    private final Pipe pipe = Pipe.open();

    private volatile @Nullable Exception failure;
    private volatile boolean aborted;

    private FillingTar() throws IOException {}

    static FillingTar start(RunFiles files, Path source, @Nullable InputStream cache, int user) throws IOException {
        var tar = new FillingTar();
        Thread.ofPlatform().daemon().name("source of a build").start(() -> tar.write(files, source, cache, user));
        return tar;
    }

    InputStream stream() {
        return new BufferedInputStream(Channels.newInputStream(pipe.source()), 1 << 16) {
            @Override
            public synchronized int read(byte[] bytes, int offset, int length) throws IOException {
                var read = super.read(bytes, offset, length);
                if (read < 0 && failure != null) {
                    throw new IOException("the source's tar is not whole");
                }
                return read;
            }
        };
    }

    /** Makes the engine's reading fail. */
    void abort() {
        aborted = true;
        close();
    }

    void throwFailure() throws IOException {
        if (failure instanceof IOException e && !aborted) {
            throw e;
        }
        if (failure instanceof RuntimeException e && !aborted) {
            throw e;
        }
    }

    private void write(RunFiles files, Path source, @Nullable InputStream cache, int user) {
        try (var out = Channels.newOutputStream(pipe.sink());
                var tar = new TarArchiveOutputStream(new BufferedOutputStream(out, 1 << 16), "UTF-8")) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
            var directories = new HashSet<String>();
            for (var directory : new String[] {"src", "home", "tmp", "run"}) {
                make(directory, directory.equals("run") ? 0700 : 0755, tar, user);
                directories.add(directory);
            }
            for (var file : files.files().entrySet()) {
                var bytes = file.getValue().getBytes(StandardCharsets.UTF_8);
                var entry = new TarArchiveEntry("run/" + file.getKey());
                entry.setSize(bytes.length);
                entry.setMode(0600);
                own(entry, user);
                tar.putArchiveEntry(entry);
                tar.write(bytes);
                tar.closeArchiveEntry();
            }
            try (var from = new ZstdInputStream(new BufferedInputStream(Files.newInputStream(source), 1 << 16))) {
                copy(from, "src/", tar, user, directories);
            }
            if (cache != null) {
                copy(cache, "", tar, user, directories);
            }
            tar.finish();
        } catch (IOException | RuntimeException e) {
            failure = e;
        }
    }

    private static void make(String directory, int mode, TarArchiveOutputStream to, int user) throws IOException {
        var entry = new TarArchiveEntry(directory + "/");
        entry.setMode(mode);
        own(entry, user);
        to.putArchiveEntry(entry);
        to.closeArchiveEntry();
    }

    /** Engines make what is missing above an entry for root alone, and then the build cannot write beside it. */
    private static void makeAbove(String path, Set<String> directories, TarArchiveOutputStream to, int user)
            throws IOException {
        var above = SourceTree.parent(path);
        if (!above.isEmpty() && !directories.contains(above)) {
            makeAbove(above, directories, to, user);
            make(above, 0755, to, user);
            directories.add(above);
        }
    }

    private static void copy(
            InputStream from, String prefix, TarArchiveOutputStream to, int user, Set<String> directories)
            throws IOException {
        var tar = new TarArchiveInputStream(from, "UTF-8");
        for (TarArchiveEntry next; (next = tar.getNextEntry()) != null; ) {
            var name = next.getName().replaceFirst("^(?:\\./)+", "");
            if (next.isGlobalPaxHeader() || name.isEmpty() || name.equals(".")) {
                continue;
            }
            TarArchiveEntry entry;
            if (next.isSymbolicLink() || next.isLink()) {
                entry = new TarArchiveEntry(
                        prefix + name, next.isLink() ? TarConstants.LF_LINK : TarConstants.LF_SYMLINK);
                entry.setLinkName(next.isLink() ? prefix + next.getLinkName() : next.getLinkName());
            } else if (next.isDirectory()) {
                entry = new TarArchiveEntry(prefix + name);
                entry.setMode((next.getMode() & 0777) | 0700);
            } else if (next.isFile()) {
                entry = new TarArchiveEntry(prefix + name);
                entry.setSize(next.getSize());
                entry.setMode((next.getMode() & 0777) | 0600);
                entry.setModTime(next.getLastModifiedTime());
            } else {
                continue;
            }
            own(entry, user);
            var path = (prefix + name).replaceFirst("/+$", "");
            makeAbove(path, directories, to, user);
            if (next.isDirectory()) {
                directories.add(path);
            }
            to.putArchiveEntry(entry);
            if (next.isFile() && !next.isLink() && !next.isSymbolicLink()) {
                tar.transferTo(to);
            }
            to.closeArchiveEntry();
        }
    }

    private static void own(TarArchiveEntry entry, int user) {
        entry.setUserId(user);
        entry.setGroupId(user);
        entry.setUserName("");
        entry.setGroupName("");
    }

    @Override
    public void close() {
        try {
            pipe.source().close();
        } catch (IOException e) {
            failure = e;
        }
    }
}
