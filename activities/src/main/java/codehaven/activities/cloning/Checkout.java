package codehaven.activities.cloning;

import codehaven.activities.StepScope;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import org.eclipse.jgit.lib.Constants;
import org.jspecify.annotations.Nullable;

/**
 * Writes a judged listing to an empty directory, byte for byte: no filters, no line ends changed, no hooks. Links come
 * last, so that nothing is written through one.
 */
final class Checkout {

    private static final byte[] LFS =
            "version https://git-lfs.github.com/spec/v1\n".getBytes(StandardCharsets.US_ASCII);
    private static final int LARGEST_POINTER = 1_024;
    private static final int LARGE = 1 << 20;
    private static final Set<PosixFilePermission> EXECUTABLE = EnumSet.of(
            PosixFilePermission.OWNER_READ,
            PosixFilePermission.OWNER_WRITE,
            PosixFilePermission.OWNER_EXECUTE,
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.GROUP_EXECUTE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_EXECUTE);

    private final StepScope scope;
    private final long largest;
    private int pointers;
    private @Nullable String firstPointer;

    /** @param largest files of more bytes are written empty */
    Checkout(StepScope scope, long largest) {
        this.scope = scope;
        this.largest = largest;
    }

    void write(TreeListing listing, Path directory) throws IOException {
        Files.createDirectories(directory);
        try {
            for (var each : listing.entries().values()) {
                scope.check();
                switch (each.what()) {
                    case DIRECTORY, SUBMODULE -> Files.createDirectory(directory.resolve(each.path()));
                    case FILE, EXECUTABLE -> file(each, directory.resolve(each.path()));
                    case LINK -> {}
                }
            }
            for (var each : listing.entries().values()) {
                if (each.what() == TreeListing.What.LINK) {
                    Files.createSymbolicLink(directory.resolve(each.path()), Path.of(String.valueOf(each.target())));
                }
            }
        } catch (FileAlreadyExistsException twin) {
            throw new StepFailure(
                    FailureKind.REPOSITORY_REFUSED,
                    "The repository has two names that this machine's disk takes for one: "
                            + Shown.quoted(String.valueOf(directory.relativize(Path.of(twin.getFile())))) + ".",
                    twin);
        } catch (InvalidPathException unmappable) {
            throw new StepFailure(
                    FailureKind.UNEXPECTED,
                    "The worker's locale cannot write the name " + Shown.quoted(unmappable.getInput())
                            + ": start it with LC_ALL=C.UTF-8.",
                    unmappable);
        }
        if (pointers > 0) {
            scope.log()
                    .say(
                            Level.warn,
                            Shown.count(pointers) + (pointers == 1 ? " file is" : " files are")
                                    + " in Git LFS, which is not fetched: the build sees the pointers. The first is "
                                    + Shown.quoted(String.valueOf(firstPointer)) + ".");
        }
    }

    private void file(TreeListing.Entry entry, Path file) throws IOException {
        if (entry.size() > largest) {
            Files.createFile(file);
            return;
        }
        var loader = entry.reader().open(entry.id(), Constants.OBJ_BLOB);
        if (entry.size() <= LARGE) {
            var bytes = loader.getCachedBytes(LARGE);
            notePointer(entry, bytes);
            Files.write(file, bytes, StandardOpenOption.CREATE_NEW);
        } else {
            try (var out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW);
                    var in = loader.openStream()) {
                var buffer = new byte[1 << 16];
                for (int count; (count = in.read(buffer)) >= 0; ) {
                    scope.check();
                    out.write(buffer, 0, count);
                }
            }
        }
        if (entry.what() == TreeListing.What.EXECUTABLE) {
            Files.setPosixFilePermissions(file, EXECUTABLE);
        }
    }

    private void notePointer(TreeListing.Entry entry, byte[] bytes) {
        if (bytes.length < LARGEST_POINTER
                && bytes.length > LFS.length
                && Arrays.equals(bytes, 0, LFS.length, LFS, 0, LFS.length)) {
            pointers++;
            if (firstPointer == null) {
                firstPointer = entry.path();
            }
        }
    }
}
