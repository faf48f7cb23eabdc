package codehaven.state;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file that is gone when its use ends, unless it was moved away. */
final class ScratchFile implements AutoCloseable {

    private final Path path;

    private ScratchFile(Path path) {
        this.path = path;
    }

    static ScratchFile somewhere() {
        try {
            return new ScratchFile(Files.createTempFile("codehaven-", ".part"));
        } catch (IOException e) {
            throw new UncheckedIOException("no temporary file can be made", e);
        }
    }

    /** On the same file system as the target, so that it can be renamed to it. */
    static ScratchFile beside(Path target) {
        var directory = target.toAbsolutePath().getParent();
        try {
            Files.createDirectories(directory);
            return new ScratchFile(Files.createTempFile(directory, ".codehaven-", ".part"));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write to " + directory, e);
        }
    }

    Path path() {
        return path;
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete " + path, e);
        }
    }
}
