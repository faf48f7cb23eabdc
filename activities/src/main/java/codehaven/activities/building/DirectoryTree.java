package codehaven.activities.building;

import codehaven.activities.building.TreeVisitor.Entry;
import codehaven.activities.building.TreeVisitor.Kind;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** A directory of this machine whose content is not to be trusted. */
final class DirectoryTree {

    private DirectoryTree() {}

    /** Shows the entries below a directory without following any link; false when there is no such directory. */
    static boolean walk(Path top, TreeVisitor visitor) throws IOException {
        if (!Files.isDirectory(top, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        Files.walkFileTree(top, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                    throws IOException {
                if (!directory.equals(top)) {
                    show(directory, attributes);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                show(file, attributes);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                if (e instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw e;
            }

            private void show(Path each, BasicFileAttributes attributes) throws IOException {
                var path = top.relativize(each).toString();
                var kind = attributes.isSymbolicLink()
                        ? Kind.SYMBOLIC_LINK
                        : attributes.isDirectory()
                                ? Kind.DIRECTORY
                                : attributes.isRegularFile() ? Kind.FILE : Kind.OTHER;
                var target = kind == Kind.SYMBOLIC_LINK
                        ? Files.readSymbolicLink(each).toString()
                        : "";
                var entry = new Entry(
                        path,
                        kind,
                        kind == Kind.FILE && Files.isExecutable(each) ? 0755 : 0644,
                        attributes.size(),
                        attributes.lastModifiedTime().toMillis(),
                        target);
                if (kind == Kind.FILE) {
                    try (var in = Files.newInputStream(each, LinkOption.NOFOLLOW_LINKS)) {
                        visitor.visit(entry, in);
                    }
                } else {
                    visitor.visit(entry, new ByteArrayInputStream(new byte[0]));
                }
            }
        });
        return true;
    }

    /** Writes a tar's entries below an empty directory; links come last, so that nothing is written through one. */
    static void unpack(InputStream tar, Path top) throws IOException {
        Map<Path, String> links = new LinkedHashMap<>();
        Map<Path, Path> copies = new LinkedHashMap<>();
        TarTree.walk(tar, "", (entry, content) -> {
            var at = inside(top, entry.path());
            switch (entry.kind()) {
                case DIRECTORY -> Files.createDirectories(at);
                case FILE -> {
                    Files.createDirectories(parent(at));
                    Files.copy(content, at, StandardCopyOption.REPLACE_EXISTING);
                    if ((entry.mode() & 0100) != 0) {
                        Files.setPosixFilePermissions(at, executable());
                    }
                    Files.setLastModifiedTime(at, FileTime.fromMillis(entry.modified()));
                }
                case SYMBOLIC_LINK -> links.put(at, entry.target());
                case HARD_LINK -> copies.put(at, inside(top, entry.target()));
                case OTHER -> {
                    // Nothing that a build needs.
                }
            }
        });
        for (var each : copies.entrySet()) {
            if (Files.isRegularFile(each.getValue(), LinkOption.NOFOLLOW_LINKS)) {
                Files.createDirectories(parent(each.getKey()));
                Files.copy(each.getValue(), each.getKey(), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        for (var each : links.entrySet()) {
            Files.createDirectories(parent(each.getKey()));
            Files.deleteIfExists(each.getKey());
            Files.createSymbolicLink(each.getKey(), Path.of(each.getValue()));
        }
    }

    private static Path inside(Path top, String path) throws IOException {
        var at = top.resolve(path).normalize();
        if (path.isEmpty() || path.indexOf('\0') >= 0 || !at.startsWith(top) || at.equals(top)) {
            throw new IOException("an archive names a path outside of its directory: " + path);
        }
        return at;
    }

    private static Path parent(Path path) {
        var parent = path.getParent();
        return parent == null ? path : parent;
    }

    private static Set<PosixFilePermission> executable() {
        return EnumSet.of(
                PosixFilePermission.OWNER_READ,
                PosixFilePermission.OWNER_WRITE,
                PosixFilePermission.OWNER_EXECUTE,
                PosixFilePermission.GROUP_READ,
                PosixFilePermission.GROUP_EXECUTE,
                PosixFilePermission.OTHERS_READ,
                PosixFilePermission.OTHERS_EXECUTE);
    }
}
