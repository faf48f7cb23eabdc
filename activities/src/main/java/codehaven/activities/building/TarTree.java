package codehaven.activities.building;

import codehaven.activities.building.TreeVisitor.Entry;
import codehaven.activities.building.TreeVisitor.Kind;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** A directory as an engine hands it out: a tar. */
final class TarTree {

    private TarTree() {}

    /**
     * Shows the entries of a tar.
     *
     * @param prefix the directory's own name, which all entries begin with
     * @return false when the tar is not of a directory
     */
    static boolean walk(InputStream in, String prefix, TreeVisitor visitor) throws IOException {
        var tar = new TarArchiveInputStream(new BufferedInputStream(in, 1 << 16), "UTF-8");
        var directory = prefix.isEmpty();
        for (TarArchiveEntry next; (next = tar.getNextEntry()) != null; ) {
            var name = next.getName().replaceFirst("^(?:\\./)+", "").replaceFirst("/+$", "");
            if (name.equals(prefix)) {
                if (!next.isDirectory()) {
                    return false;
                }
                directory = true;
                continue;
            }
            var path = prefix.isEmpty()
                    ? name
                    : name.startsWith(prefix + "/") ? name.substring(prefix.length() + 1) : name;
            var target = next.getLinkName() == null ? "" : next.getLinkName();
            if (next.isLink() && !prefix.isEmpty() && target.startsWith(prefix + "/")) {
                target = target.substring(prefix.length() + 1);
            }
            visitor.visit(
                    new Entry(
                            path,
                            kindOf(next),
                            next.getMode() & 0777,
                            next.getSize(),
                            next.getLastModifiedTime().toMillis(),
                            target),
                    tar);
        }
        return directory;
    }

    private static Kind kindOf(TarArchiveEntry entry) {
        if (entry.isSymbolicLink()) {
            return Kind.SYMBOLIC_LINK;
        }
        if (entry.isLink()) {
            return Kind.HARD_LINK;
        }
        if (entry.isDirectory()) {
            return Kind.DIRECTORY;
        }
        return entry.isFile() && !entry.isFIFO() && !entry.isCharacterDevice() && !entry.isBlockDevice()
                ? Kind.FILE
                : Kind.OTHER;
    }
}
