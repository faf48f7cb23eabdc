package codehaven.activities.uploading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import codehaven.activities.uploading.SourceArchive.Bounds;
import com.github.luben.zstd.Zstd;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SourceArchiveTest {

    private static final Bounds BOUNDS = new Bounds(1_000, 10_000_000);

    @TempDir
    Path here;

    private Path tree(String name) throws IOException {
        var tree = Files.createDirectory(here.resolve(name));
        Files.createDirectories(tree.resolve("src/ünï/empty"));
        Files.writeString(tree.resolve("src/ünï/Grüße $(x) \n.txt"), "content");
        Files.writeString(tree.resolve("n".repeat(255)), "long");
        Files.writeString(tree.resolve("-rf"), "");
        Files.writeString(tree.resolve("run.sh"), "#!/bin/sh\n");
        Files.setPosixFilePermissions(tree.resolve("run.sh"), PosixFilePermissions.fromString("rwxrwx---"));
        Files.createSymbolicLink(tree.resolve("src/up"), Path.of("../run.sh"));
        Files.createSymbolicLink(tree.resolve("src/nowhere"), Path.of("not/there"));
        var deep = tree;
        for (int i = 0; i < 12; i++) {
            deep = Files.createDirectory(deep.resolve("a-folder-with-a-name-" + i));
        }
        Files.write(deep.resolve("file"), new byte[100_000]);
        return tree;
    }

    private static byte[] pack(Path tree) throws IOException {
        var out = new ByteArrayOutputStream();
        SourceArchive.write(tree, out, () -> {});
        return out.toByteArray();
    }

    @Test
    void treeComesBackAsItWas() throws Exception {
        var archive = pack(tree("one"));
        var back = Files.createDirectory(here.resolve("back"));
        SourceArchive.unpack(new ByteArrayInputStream(archive), back, BOUNDS);
        assertThat(back.resolve("src/ünï/Grüße $(x) \n.txt")).hasContent("content");
        assertThat(back.resolve("n".repeat(255))).hasContent("long");
        assertThat(back.resolve("src/ünï/empty")).isEmptyDirectory();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(back.resolve("run.sh"))))
                .isEqualTo("rwxr-xr-x");
        assertThat(Files.readSymbolicLink(back.resolve("src/up"))).hasToString("../run.sh");
        assertThat(Files.isSymbolicLink(back.resolve("src/nowhere"))).isTrue();
        assertThat(pack(back)).as("packed again").isEqualTo(archive);
    }

    @Test
    void equalTreesGiveEqualDigestsWhateverTheirTimesAndRights() throws Exception {
        var one = tree("one");
        var two = tree("two");
        Files.setLastModifiedTime(two.resolve("run.sh"), FileTime.fromMillis(1));
        Files.setPosixFilePermissions(two.resolve("run.sh"), PosixFilePermissions.fromString("rwx--x--x"));
        Files.setPosixFilePermissions(two.resolve("-rf"), PosixFilePermissions.fromString("rw-rw-rw-"));
        var digest = SourceArchive.write(one, new ByteArrayOutputStream(), () -> {});
        assertThat(SourceArchive.write(two, new ByteArrayOutputStream(), () -> {}))
                .isEqualTo(digest);
        Files.writeString(two.resolve("-rf"), "changed");
        assertThat(SourceArchive.write(two, new ByteArrayOutputStream(), () -> {}))
                .isNotEqualTo(digest);
    }

    @Test
    void digestIsThatOfTheTar() throws Exception {
        var out = new ByteArrayOutputStream();
        var digest = SourceArchive.write(tree("one"), out, () -> {});
        try (InputStream tar = SourceArchive.tar(new ByteArrayInputStream(out.toByteArray()))) {
            assertThat(HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(tar.readAllBytes())))
                    .isEqualTo(digest);
        }
    }

    @Test
    void tarProgramReadsIt() throws Exception {
        var tar = here.resolve("source.tar");
        try (var in = SourceArchive.tar(new ByteArrayInputStream(pack(tree("one"))))) {
            Files.copy(in, tar);
        }
        var back = Files.createDirectory(here.resolve("back"));
        var process = new ProcessBuilder("tar", "-xf", tar.toString(), "-C", back.toString())
                .redirectErrorStream(true)
                .start();
        assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEmpty();
        assertThat(process.waitFor()).isZero();
        assertThat(pack(back)).isEqualTo(pack(here.resolve("one")));
    }

    @Test
    void stopIsHeeded() throws Exception {
        var tree = tree("one");
        assertThatThrownBy(() -> SourceArchive.write(tree, new ByteArrayOutputStream(), () -> {
                    throw new IllegalStateException("stopped");
                }))
                .hasMessage("stopped");
    }

    private interface Making {
        void make(TarArchiveOutputStream tar) throws IOException;
    }

    private static void entry(TarArchiveOutputStream tar, String name, byte type, String link, byte[] content)
            throws IOException {
        var entry = new TarArchiveEntry(name, type, true);
        entry.setLinkName(link);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }

    private static void file(TarArchiveOutputStream tar, String name) throws IOException {
        entry(tar, name, TarConstants.LF_NORMAL, "", new byte[] {'x'});
    }

    private void refused(String reason, Making making) throws Exception {
        var out = new ByteArrayOutputStream();
        try (var tar = new TarArchiveOutputStream(out, "UTF-8")) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            making.make(tar);
        }
        var back = Files.createDirectories(here.resolve("jail/back"));
        assertThatThrownBy(() -> SourceArchive.unpackTar(new ByteArrayInputStream(out.toByteArray()), back, BOUNDS))
                .isInstanceOf(SourceArchive.Refused.class)
                .hasMessageContaining(reason);
        assertThat(here.resolve("jail")).isDirectoryNotContaining("glob:**planted*");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../planted", "a/../../planted", "/planted", "..", "a/.."})
    void pathsThatLeadOutAreRefused(String path) throws Exception {
        refused("leads out", tar -> file(tar, path));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../planted", "/etc", "a/../../b", ".."})
    void linksThatLeadOutAreRefused(String target) throws Exception {
        refused("leads out", tar -> entry(tar, "link", TarConstants.LF_SYMLINK, target, new byte[0]));
        assertThat(Files.exists(here.resolve("jail/back/link"), LinkOption.NOFOLLOW_LINKS))
                .isFalse();
    }

    @Test
    void nothingIsWrittenThroughALink() throws Exception {
        refused("as a link and as a directory", tar -> {
            entry(tar, "a", TarConstants.LF_SYMLINK, "..", new byte[0]);
            file(tar, "a/planted");
        });
    }

    @Test
    void linkInTheWayOfAFileIsRefused() throws Exception {
        refused("twice", tar -> {
            entry(tar, "a", TarConstants.LF_SYMLINK, "b", new byte[0]);
            file(tar, "a");
        });
    }

    @Test
    void chainedLinksThatLeadOutAreRefused() throws Exception {
        refused("leads out", tar -> {
            entry(tar, "d/e/", TarConstants.LF_DIR, "", new byte[0]);
            entry(tar, "d/e/up", TarConstants.LF_SYMLINK, "../..", new byte[0]);
            entry(tar, "sly", TarConstants.LF_SYMLINK, "d/e/up/../planted", new byte[0]);
        });
    }

    @Test
    void specialEntriesAreRefused() throws Exception {
        refused("hard link", tar -> entry(tar, "hard", TarConstants.LF_LINK, "/etc/passwd", new byte[0]));
        refused("no file", tar -> entry(tar, "fifo", TarConstants.LF_FIFO, "", new byte[0]));
        refused("no file", tar -> entry(tar, "chr", TarConstants.LF_CHR, "", new byte[0]));
        refused("no file", tar -> entry(tar, "blk", TarConstants.LF_BLK, "", new byte[0]));
    }

    @Test
    void tooManyEntriesAreRefused() throws Exception {
        refused("more than 1000 entries", tar -> {
            for (int i = 0; i < 1_001; i++) {
                file(tar, "f" + i);
            }
        });
    }

    @Test
    void archiveThatUnpacksToVeryMuchIsCutOff() throws Exception {
        var out = new ByteArrayOutputStream();
        try (var tar = new TarArchiveOutputStream(out)) {
            entry(tar, "zeros", TarConstants.LF_NORMAL, "", new byte[30_000_000]);
        }
        var small = Zstd.compress(out.toByteArray());
        assertThat(small.length).isLessThan(10_000);
        assertThatThrownBy(() -> SourceArchive.unpack(
                        new ByteArrayInputStream(small), Files.createDirectory(here.resolve("back")), BOUNDS))
                .hasMessageContaining("larger than 10000000 bytes");
        assertThat(Files.size(here.resolve("back/zeros"))).isLessThanOrEqualTo(10_000_000);
    }

    @Test
    void nameOfHundredsOfMegabytesIsNotTakenIntoMemory() throws Exception {
        refused("header larger", tar -> {
            var entry = new TarArchiveEntry("././@LongLink", TarConstants.LF_GNUTYPE_LONGNAME);
            entry.setSize(200_000_000);
            tar.putArchiveEntry(entry);
            var part = new byte[1_000_000];
            java.util.Arrays.fill(part, (byte) 'a');
            for (int i = 0; i < 200; i++) {
                tar.write(part);
            }
            tar.closeArchiveEntry();
            file(tar, "x");
        });
    }

    @Test
    void damagedArchiveIsAnError() throws Exception {
        var archive = pack(tree("one"));
        var back = Files.createDirectory(here.resolve("back"));
        assertThatThrownBy(() ->
                        SourceArchive.unpack(new ByteArrayInputStream(archive, 0, archive.length / 2), back, BOUNDS))
                .isInstanceOf(IOException.class);
        archive[archive.length / 2] ^= 0x55;
        var again = Files.createDirectory(here.resolve("again"));
        assertThatThrownBy(() -> SourceArchive.unpack(new ByteArrayInputStream(archive), again, BOUNDS))
                .isInstanceOf(IOException.class);
    }
}
