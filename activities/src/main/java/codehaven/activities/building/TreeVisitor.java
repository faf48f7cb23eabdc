package codehaven.activities.building;

import java.io.IOException;
import java.io.InputStream;

/** Is shown the entries of an untrusted directory one after the other. */
@FunctionalInterface
interface TreeVisitor {

    /**
     * @param content of a {@link Kind#FILE}, to be read before the next entry comes; empty for others
     */
    void visit(Entry entry, InputStream content) throws IOException;

    enum Kind {
        FILE,
        DIRECTORY,
        SYMBOLIC_LINK,
        /** Another name of a file shown before. */
        HARD_LINK,
        /** A device, a socket, a named pipe. */
        OTHER
    }

    /**
     * @param path relative, with {@code /}; not to be trusted
     * @param mode the nine permission bits
     * @param modified milliseconds since 1970
     * @param target of a link: as it is written for a symbolic one, relative to the walked directory for a hard one
     */
    record Entry(String path, Kind kind, int mode, long size, long modified, String target) {}
}
