package codehaven.dev;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.eclipse.jgit.dircache.DirCache;
import org.eclipse.jgit.dircache.DirCacheBuilder;
import org.eclipse.jgit.dircache.DirCacheEntry;
import org.eclipse.jgit.internal.storage.file.FileRepository;
import org.eclipse.jgit.lib.CommitBuilder;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.RefUpdate;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.lib.StoredConfig;
import org.eclipse.jgit.revwalk.RevWalk;
import org.jspecify.annotations.Nullable;

/** A bare repository that a {@link DevGit} serves; commits are made in it directly, without a working tree. */
public final class DevRepository implements AutoCloseable {
    private static final String MAIN = "main";

    private final DevGit git;
    private final String name;
    private final Repository bare;

    private DevRepository(DevGit git, String name, Repository bare) {
        this.git = git;
        this.name = name;
        this.bare = bare;
    }

    static DevRepository create(DevGit git, String name, Path directory) throws IOException {
        Repository bare = new FileRepository(directory.toFile());
        bare.create(true);
        StoredConfig config = bare.getConfig();
        config.setBoolean("uploadpack", null, "allowAnySHA1InWant", true);
        config.setBoolean("uploadpack", null, "allowFilter", true);
        config.setBoolean("http", null, "receivepack", true);
        config.save();
        bare.updateRef(Constants.HEAD).link(Constants.R_HEADS + MAIN);
        return new DevRepository(git, name, bare);
    }

    static DevRepository open(DevGit git, String name, Path directory) throws IOException {
        return new DevRepository(git, name, new FileRepository(directory.toFile()));
    }

    /** {@code http://127.0.0.1:port/name.git}. */
    public String url() {
        return git.address() + "/" + name + ".git";
    }

    /** The bare repository's directory. */
    public Path path() {
        return bare.getDirectory().toPath();
    }

    /** The repository itself, for what these methods do not do. */
    public Repository bare() {
        return bare;
    }

    /** The newest commit of {@code main}. */
    public String head() throws IOException {
        return resolve(MAIN).name();
    }

    /** Adds or replaces the files on {@code main}; a null text deletes the file. Returns the commit's id. */
    public String commit(String message, Map<String, ? extends @Nullable String> files) throws IOException {
        return commit(MAIN, message, files);
    }

    /** Adds or replaces the files on the branch, which is made if it is not there; a null text deletes the file. */
    public synchronized String commit(String branch, String message, Map<String, ? extends @Nullable String> files)
            throws IOException {
        try (ObjectInserter inserter = bare.newObjectInserter()) {
            ObjectId parent = bare.resolve(Constants.R_HEADS + branch);
            DirCache tree = DirCache.newInCore();
            DirCacheBuilder builder = tree.builder();
            if (parent != null) {
                keep(parent, files.keySet(), builder);
            }
            for (Map.Entry<String, ? extends @Nullable String> file : files.entrySet()) {
                String text = file.getValue();
                if (text != null) {
                    add(builder, inserter, file.getKey(), FileMode.REGULAR_FILE, DevGit.bytes(text));
                }
            }
            builder.finish();
            return write(inserter, tree, parent, branch, message);
        }
    }

    /** Makes the files under the directory, without its {@code .git}, the whole content of {@code main}. */
    public synchronized String commit(String message, Path directory) throws IOException {
        try (ObjectInserter inserter = bare.newObjectInserter()) {
            DirCache tree = DirCache.newInCore();
            DirCacheBuilder builder = tree.builder();
            Files.walkFileTree(directory, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path at, BasicFileAttributes attributes) {
                    return at.endsWith(".git") ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    String path = directory.relativize(file).toString().replace('\\', '/');
                    if (attributes.isSymbolicLink()) {
                        String target = Files.readSymbolicLink(file).toString();
                        add(builder, inserter, path, FileMode.SYMLINK, DevGit.bytes(target));
                    } else if (attributes.isRegularFile()) {
                        FileMode mode = Files.isExecutable(file) ? FileMode.EXECUTABLE_FILE : FileMode.REGULAR_FILE;
                        add(builder, inserter, path, mode, Files.readAllBytes(file));
                    }
                    return FileVisitResult.CONTINUE;
                }
            });
            builder.finish();
            return write(inserter, tree, bare.resolve(Constants.R_HEADS + MAIN), MAIN, message);
        }
    }

    /** Points a branch at what {@code from} names (a branch, a tag or a commit's id). */
    public void branch(String branch, String from) throws IOException {
        point(Constants.R_HEADS + branch, resolve(from));
    }

    /** Sets a lightweight tag on what {@code from} names. */
    public void tag(String tag, String from) throws IOException {
        point(Constants.R_TAGS + tag, resolve(from));
    }

    /** Deletes a branch. */
    public void deleteBranch(String branch) throws IOException {
        RefUpdate update = bare.updateRef(Constants.R_HEADS + branch);
        update.setForceUpdate(true);
        update.delete();
    }

    @Override
    public void close() {
        bare.close();
    }

    private ObjectId resolve(String revision) throws IOException {
        ObjectId id = bare.resolve(revision + "^{commit}");
        if (id == null) {
            throw new IOException(name + " has no \"" + revision + "\"");
        }
        return id;
    }

    private void keep(ObjectId parent, Set<String> replaced, DirCacheBuilder builder) throws IOException {
        Set<String> gone = new HashSet<>(replaced);
        try (RevWalk walk = new RevWalk(bare)) {
            DirCache before = DirCache.read(
                    bare.newObjectReader(), walk.parseCommit(parent).getTree());
            for (int i = 0; i < before.getEntryCount(); i++) {
                DirCacheEntry entry = before.getEntry(i);
                if (!gone.contains(entry.getPathString())) {
                    builder.add(entry);
                }
            }
        }
    }

    private static void add(
            DirCacheBuilder builder, ObjectInserter inserter, String path, FileMode mode, byte[] content)
            throws IOException {
        DirCacheEntry entry = new DirCacheEntry(path);
        entry.setFileMode(mode);
        entry.setObjectId(inserter.insert(Constants.OBJ_BLOB, content));
        builder.add(entry);
    }

    private String write(
            ObjectInserter inserter, DirCache tree, @Nullable ObjectId parent, String branch, String message)
            throws IOException {
        CommitBuilder commit = new CommitBuilder();
        commit.setTreeId(tree.writeTree(inserter));
        if (parent != null) {
            commit.setParentId(parent);
        }
        PersonIdent author = new PersonIdent("Ada", "ada@example.org", Instant.now(), ZoneOffset.UTC);
        commit.setAuthor(author);
        commit.setCommitter(author);
        commit.setMessage(message);
        ObjectId id = inserter.insert(commit);
        inserter.flush();
        point(Constants.R_HEADS + branch, id);
        return id.name();
    }

    private void point(String ref, ObjectId id) throws IOException {
        RefUpdate update = bare.updateRef(ref);
        update.setNewObjectId(id);
        update.setForceUpdate(true);
        RefUpdate.Result result = update.update();
        switch (result) {
            case NEW, FORCED, FAST_FORWARD, NO_CHANGE -> {}
            default -> throw new UncheckedIOException(new IOException(ref + " cannot be set: " + result));
        }
    }
}
