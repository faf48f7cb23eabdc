package codehaven.activities.building;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.charset.StandardCharsets;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.jspecify.annotations.Nullable;

/** What an image is built from, as a tar that is written while the engine reads it. */
final class ContextTar implements AutoCloseable {

    /** The same in all, so that equal trees are equal to the engine. */
    private static final long TIME = 499_162_500_000L;

    private final Pipe pipe = Pipe.open();

    private volatile @Nullable Throwable failure;
    private volatile boolean aborted;

    /** Writes all entries. */
    @FunctionalInterface
    interface Content {
        void write(Entries entries) throws IOException;
    }

    private ContextTar() throws IOException {}

    static ContextTar start(Content content) throws IOException {
        var tar = new ContextTar();
        Thread.ofPlatform().daemon().name("context of an image").start(() -> tar.write(content));
        return tar;
    }

    private void write(Content content) {
        try (var out = Channels.newOutputStream(pipe.sink());
                var tar = new TarArchiveOutputStream(new BufferedOutputStream(out, 1 << 16), "UTF-8")) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
            tar.setAddPaxHeadersForNonAsciiNames(true);
            content.write(new Entries(tar));
            tar.finish();
        } catch (IOException | RuntimeException e) {
            failure = e;
        }
    }

    /** Takes the entries. */
    static final class Entries {
        private final TarArchiveOutputStream tar;

        private Entries(TarArchiveOutputStream tar) {
            this.tar = tar;
        }

        void directory(String path) throws IOException {
            put(new TarArchiveEntry(path + "/", TarConstants.LF_DIR), 0755);
            tar.closeArchiveEntry();
        }

        void text(String path, String text) throws IOException {
            var bytes = text.getBytes(StandardCharsets.UTF_8);
            var entry = new TarArchiveEntry(path, TarConstants.LF_NORMAL);
            entry.setSize(bytes.length);
            put(entry, 0644);
            tar.write(bytes);
            tar.closeArchiveEntry();
        }

        void file(String path, int mode, long size, InputStream content) throws IOException {
            var entry = new TarArchiveEntry(path, TarConstants.LF_NORMAL);
            entry.setSize(size);
            put(entry, (mode & 0777) | 0444);
            content.transferTo(tar);
            tar.closeArchiveEntry();
        }

        void link(String path, String target, boolean symbolic) throws IOException {
            var entry = new TarArchiveEntry(path, symbolic ? TarConstants.LF_SYMLINK : TarConstants.LF_LINK);
            entry.setLinkName(target);
            put(entry, symbolic ? 0777 : 0644);
            tar.closeArchiveEntry();
        }

        private void put(TarArchiveEntry entry, int mode) throws IOException {
            entry.setMode(mode);
            entry.setModTime(TIME);
            entry.setUserId(0);
            entry.setGroupId(0);
            tar.putArchiveEntry(entry);
        }
    }

    InputStream stream() {
        return new BufferedInputStream(Channels.newInputStream(pipe.source()), 1 << 16) {
            @Override
            public synchronized int read(byte[] bytes, int offset, int length) throws IOException {
                var read = super.read(bytes, offset, length);
                if (read < 0 && failure != null) {
                    throw new IOException("the image's context is not whole");
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

    /** Tells what went wrong with the writing. */
    void throwFailure() throws IOException {
        var thrown = failure;
        if (aborted || thrown == null) {
            return;
        }
        if (thrown instanceof IOException e) {
            throw e;
        }
        if (thrown instanceof RuntimeException e) {
            throw e;
        }
        throw new IllegalStateException(thrown);
    }

    @Override
    public void close() {
        try {
            pipe.source().close();
        } catch (IOException e) {
            failure = failure == null ? e : failure;
        }
    }
}
