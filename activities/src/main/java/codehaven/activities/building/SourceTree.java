package codehaven.activities.building;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The files of an untrusted tree, for looking at: nothing outside of it is ever read, whatever its symbolic links say,
 * and no file is read further than {@value #MOST_BYTES} bytes. Paths are relative with {@code /}; the top is empty.
 */
final class SourceTree {

    /** Enough for any package.json or angular.json; lock files are only looked at by their beginning. */
    static final int MOST_BYTES = 1 << 20;

    /** A directory with more entries than this is read only so far. */
    private static final int MOST_ENTRIES = 5_000;

    private final Path top;

    /**
     * @param top an existing directory
     */
    SourceTree(Path top) {
        try {
            this.top = top.toRealPath();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean isFile(String path) {
        return inside(path).filter(Files::isRegularFile).isPresent();
    }

    boolean isDirectory(String path) {
        return inside(path).filter(Files::isDirectory).isPresent();
    }

    /** Whether it is a directory itself, not a link to one: what may be walked into without going in circles. */
    boolean isOwnDirectory(String path) {
        return isDirectory(path) && !Files.isSymbolicLink(top.resolve(path));
    }

    /** The beginning of a regular file as text, without a byte order mark; absent when there is no such file. */
    Optional<String> text(String path) {
        return inside(path).filter(Files::isRegularFile).map(file -> {
            try (var in = Files.newInputStream(file)) {
                var text = new String(in.readNBytes(MOST_BYTES), StandardCharsets.UTF_8);
                return text.startsWith("\uFEFF") ? text.substring(1) : text;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** The size of a regular file in bytes, 0 when there is none. */
    long size(String path) {
        return inside(path)
                .filter(Files::isRegularFile)
                .map(file -> {
                    try {
                        return Files.size(file);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                })
                .orElse(0L);
    }

    /** The names in a directory, sorted; none when there is no such directory. */
    List<String> names(String directory) {
        var found = inside(directory).filter(Files::isDirectory);
        if (found.isEmpty()) {
            return List.of();
        }
        var names = new ArrayList<String>();
        try (var entries = Files.newDirectoryStream(found.get())) {
            for (var each : entries) {
                names.add(each.getFileName().toString());
                if (names.size() == MOST_ENTRIES) {
                    break;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        names.sort(null);
        return names;
    }

    /** The path of a name in a directory. */
    static String in(String directory, String name) {
        return directory.isEmpty() ? name : directory + "/" + name;
    }

    /** The directory that a path is in; the top's is the top. */
    static String parent(String path) {
        return path.substring(0, Math.max(0, path.lastIndexOf('/')));
    }

    /**
     * The path without {@code .}, {@code ..} and doubled slashes, as seen from a directory; absent when it leaves the
     * tree or is no path at all.
     */
    static Optional<String> normalised(String directory, String path) {
        var parts = new ArrayList<String>();
        for (var each : (directory + "/" + path.replace('\\', '/')).split("/+", -1)) {
            if (each.equals("..")) {
                if (parts.isEmpty()) {
                    return Optional.empty();
                }
                parts.removeLast();
            } else if (each.chars().anyMatch(Character::isISOControl)) {
                return Optional.empty();
            } else if (!each.isEmpty() && !each.equals(".")) {
                parts.add(each);
            }
        }
        return Optional.of(String.join("/", parts));
    }

    private Optional<Path> inside(String path) {
        try {
            var real = top.resolve(path).toRealPath();
            return real.startsWith(top) ? Optional.of(real) : Optional.empty();
        } catch (IOException | InvalidPathException e) {
            return Optional.empty(); // There is no such file, or its link leads nowhere or around in a circle.
        }
    }
}
