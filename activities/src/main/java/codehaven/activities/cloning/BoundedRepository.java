package codehaven.activities.cloning;

import codehaven.model.FailureKind;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.nio.file.Path;
import org.eclipse.jgit.internal.storage.file.FileRepository;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.transport.PackParser;
import org.eclipse.jgit.util.NB;

/** A bare repository on disk that takes packs only up to its limits, whatever the transport. */
final class BoundedRepository extends FileRepository {

    /** JGit takes the result of a delta into memory whole. */
    private static final long LARGEST_OBJECT = 256L << 20;

    private final long mostBytes;
    private volatile long mostObjects;

    /** @param mostBytes of one pack */
    private BoundedRepository(Path directory, long mostBytes, long mostObjects) throws IOException {
        super(directory.toFile());
        this.mostBytes = mostBytes;
        this.mostObjects = mostObjects;
    }

    static BoundedRepository create(Path directory, long mostBytes, long mostObjects) throws IOException {
        var repository = new BoundedRepository(directory, mostBytes, mostObjects);
        repository.create(true);
        return repository;
    }

    void mostObjects(long most) {
        mostObjects = most;
    }

    @Override
    public ObjectInserter newObjectInserter() {
        return new Inserter(super.newObjectInserter());
    }

    private final class Inserter extends ObjectInserter.Filter {
        private final ObjectInserter own;

        Inserter(ObjectInserter own) {
            this.own = own;
        }

        @Override
        protected ObjectInserter delegate() {
            return own;
        }

        @Override
        public PackParser newPackParser(InputStream stream) throws IOException {
            // "PACK", version and number of objects: the parser makes room for as many before it reads the first.
            var header = stream.readNBytes(12);
            if (header.length == 12) {
                var objects = NB.decodeUInt32(header, 8);
                if (objects > mostObjects) {
                    throw new RemoteProblem(
                            FailureKind.REPOSITORY_REFUSED,
                            "The clone has " + Shown.count(objects) + " objects, more than the "
                                    + Shown.count(mostObjects) + " that are taken.");
                }
            }
            var whole = new PushbackInputStream(new Counted(stream), 12);
            whole.unread(header);
            var parser = own.newPackParser(whole);
            parser.setMaxObjectSizeLimit(LARGEST_OBJECT);
            return parser;
        }
    }

    private final class Counted extends FilterInputStream {
        private long bytes;

        Counted(InputStream stream) {
            super(stream);
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            var count = super.read(into, offset, length);
            bytes += Math.max(0, count);
            if (bytes > mostBytes) {
                throw new RemoteProblem(
                        FailureKind.REPOSITORY_REFUSED,
                        "The clone was stopped after " + Shown.bytes(mostBytes)
                                + ", the most that a clone may transfer (limit packBytes).");
            }
            return count;
        }
    }
}
