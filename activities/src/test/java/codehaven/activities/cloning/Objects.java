package codehaven.activities.cloning;

import codehaven.dev.DevRepository;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import org.eclipse.jgit.lib.CommitBuilder;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.RefUpdate;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.lib.TagBuilder;

/** Git objects written by hand, also ones that no Git program would write. */
record Objects(Repository bare) {

    static final int FILE = 0100644;
    static final int EXECUTABLE = 0100755;
    static final int LINK = 0120000;
    static final int TREE = 0040000;
    static final int GITLINK = 0160000;

    private static final PersonIdent ADA =
            new PersonIdent("Ada", "ada@example.com", Instant.parse("2026-01-02T03:04:05Z"), ZoneOffset.UTC);

    static Objects of(DevRepository repository) {
        return new Objects(repository.bare());
    }

    /** One line of a tree; the name is bytes, as they may be no text. */
    static final class Entry {
        private final int mode;
        private final byte[] name;
        private final ObjectId id;

        Entry(int mode, byte[] name, ObjectId id) {
            this.mode = mode;
            this.name = name;
            this.id = id;
        }

        Entry(int mode, String name, ObjectId id) {
            this(mode, name.getBytes(StandardCharsets.UTF_8), id);
        }
    }

    Entry file(String name, String content) {
        return new Entry(FILE, name, blob(content));
    }

    Entry link(String name, String target) {
        return new Entry(LINK, name, blob(target));
    }

    Entry folder(String name, Entry... inside) {
        return new Entry(TREE, name, tree(inside));
    }

    ObjectId blob(String content) {
        return insert(Constants.OBJ_BLOB, content.getBytes(StandardCharsets.UTF_8));
    }

    /** The entries in the order given. */
    ObjectId tree(Entry... entries) {
        var raw = new ByteArrayOutputStream();
        for (var each : entries) {
            raw.writeBytes((Integer.toOctalString(each.mode) + " ").getBytes(StandardCharsets.US_ASCII));
            raw.writeBytes(each.name);
            raw.write(0);
            var id = new byte[20];
            each.id.copyRawTo(id, 0);
            raw.writeBytes(id);
        }
        return insert(Constants.OBJ_TREE, raw.toByteArray());
    }

    ObjectId insert(int type, byte[] bytes) {
        try (var inserter = bare.newObjectInserter()) {
            var id = inserter.insert(type, bytes);
            inserter.flush();
            return id;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    ObjectId commit(ObjectId tree, String message, ObjectId... parents) {
        var commit = new CommitBuilder();
        commit.setTreeId(tree);
        commit.setParentIds(parents);
        commit.setAuthor(ADA);
        commit.setCommitter(ADA);
        commit.setMessage(message);
        try (ObjectInserter inserter = bare.newObjectInserter()) {
            var id = inserter.insert(commit);
            inserter.flush();
            return id;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A commit of the entries on {@code main}. */
    ObjectId main(Entry... entries) {
        var commit = commit(tree(entries), "By hand");
        ref("refs/heads/main", commit);
        return commit;
    }

    void ref(String name, ObjectId id) {
        try {
            RefUpdate update = bare.updateRef(name);
            update.setNewObjectId(id);
            update.setForceUpdate(true);
            update.disableRefLog();
            var result = update.update();
            switch (result) {
                case NEW, FORCED, FAST_FORWARD, NO_CHANGE -> {}
                default -> throw new IllegalStateException(name + ": " + result);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** An annotated tag. */
    ObjectId tag(String name, ObjectId of, int type) {
        var tag = new TagBuilder();
        tag.setTag(name);
        tag.setObjectId(of, type);
        tag.setTagger(ADA);
        tag.setMessage("tagged\n");
        try (var inserter = bare.newObjectInserter()) {
            var id = inserter.insert(tag);
            inserter.flush();
            ref("refs/tags/" + name, id);
            return id;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
