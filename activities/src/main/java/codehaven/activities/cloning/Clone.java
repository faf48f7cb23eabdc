package codehaven.activities.cloning;

import codehaven.activities.Settings;
import codehaven.activities.StepScope;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.Commit;
import codehaven.model.CommitSha;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.FailureKind;
import codehaven.model.GitSource;
import codehaven.workflows.StepFailure;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.jgit.errors.ConfigInvalidException;
import org.eclipse.jgit.errors.CorruptObjectException;
import org.eclipse.jgit.errors.IncorrectObjectTypeException;
import org.eclipse.jgit.errors.MissingObjectException;
import org.eclipse.jgit.lib.BlobBasedConfig;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectReader;
import org.eclipse.jgit.revwalk.RevCommit;
import org.eclipse.jgit.revwalk.RevWalk;
import org.jspecify.annotations.Nullable;

/** One attempt at a clone: resolves, fetches, judges, writes. */
final class Clone implements AutoCloseable {

    private static final int LARGEST_GITMODULES = 256 << 10;
    private static final int MOST_SUBMODULES = 50;
    private static final int DEEPEST_SUBMODULE = 5;
    /** Trees and commits come besides the files: so many objects for each file that is taken. */
    private static final int OBJECTS_PER_FILE = 4;

    private static final int LONGEST_TEXT = 200;
    private static final int ATTEMPTS_AT_A_MOVING_BRANCH = 3;

    private final Settings settings;
    private final Network network;
    private final GitSource source;
    private final boolean submodules;
    private final StepScope scope;
    private final Path scratch;
    private final TreeListing listing;
    private final List<AutoCloseable> open = new ArrayList<>();
    private @Nullable GuardedHttp http;

    /** How the outside is reached. */
    record Network(AddressGuard.Names names, Pace pace, javax.net.ssl.@Nullable SSLContext tls) {}

    private record Resolved(
            ObjectId commit,
            @Nullable String branch,
            @Nullable String defaultBranch) {}

    /** @param scratch for objects; whoever made it deletes it */
    Clone(Settings settings, Network network, GitSource source, boolean submodules, StepScope scope, Path scratch) {
        this.settings = settings;
        this.network = network;
        this.source = source;
        this.submodules = submodules;
        this.scope = scope;
        this.scratch = scratch;
        this.listing = new TreeListing(settings.limits());
    }

    /**
     * @param exactly the commit that an earlier clone found, absent for what the ref names now
     * @param tree a directory that is not there yet
     */
    ClonedTree into(Path tree, @Nullable ClonedTree exactly) throws IOException {
        return into(tree, exactly, Long.MAX_VALUE);
    }

    /** @param largest files of more bytes are written empty: for a tree that is only looked at */
    ClonedTree into(Path tree, @Nullable ClonedTree exactly, long largest) throws IOException {
        GitUrl url;
        try {
            url = GitUrl.of(source.repository(), settings.gitAllowLocal());
        } catch (RemoteProblem refused) {
            throw refused.failure();
        }
        scope.log().say("Cloning " + Shown.plain(url.toString(), LONGEST_TEXT));
        var here = repository();
        Resolved resolved;
        try (var remote = remote(url, here)) {
            if (exactly == null) {
                resolved = resolve(remote, source.ref());
            } else {
                bring(remote, ObjectId.fromString(exactly.commit().sha().text()), null);
                resolved = new Resolved(
                        ObjectId.fromString(exactly.commit().sha().text()), exactly.branch(), exactly.defaultBranch());
            }
        }
        var commit = commit(here, url, resolved.commit());
        var reader = reader(here);
        judged(url, () -> listing.add(reader, commit.getTree(), ""));
        if (!listing.submodules().isEmpty()) {
            submodules(url, reader);
        }
        listing.judgeLinks();
        new Checkout(scope, largest).write(listing, tree);
        scope.log()
                .say("Cloned " + Shown.count(listing.files()) + (listing.files() == 1 ? " file, " : " files, ")
                        + Shown.bytes(listing.bytes()));
        return new ClonedTree(
                told(commit),
                resolved.branch(),
                resolved.defaultBranch(),
                commit.getTree().name(),
                listing.files(),
                listing.bytes());
    }

    /** What the ref means, and that commit brought here. */
    private Resolved resolve(Remote remote, @Nullable String ref) {
        ObjectId before = null;
        for (int attempt = 1; ; attempt++) {
            var refs = remote.refs(ref != null && ref.startsWith("refs/") ? ref : null);
            switch (refs.meaningOf(ref)) {
                case Refs.Meaning.Named named -> {
                    scope.log()
                            .say("The commit of " + named.said() + " is "
                                    + named.commit().abbreviate(7).name());
                    if (remote.fetch(named.commit())) {
                        return new Resolved(named.commit(), named.branch(), refs.defaultBranch());
                    }
                    // Some servers give only what a ref names at that moment: has it moved on since it was read?
                    if (named.commit().equals(before) || attempt == ATTEMPTS_AT_A_MOVING_BRANCH) {
                        throw remote.refusal();
                    }
                    before = named.commit();
                }
                case Refs.Meaning.Commit commit -> {
                    bring(remote, commit.commit(), refs);
                    return new Resolved(commit.commit(), null, refs.defaultBranch());
                }
                case Refs.Meaning.Abbreviated(var prefix) -> {
                    scope.log().say("Looking for " + prefix + " in the history");
                    remote.fetchHistory(refs.tips());
                    var found = remote.commits(prefix);
                    if (found.isEmpty()) {
                        throw Refs.noSuchCommit(prefix);
                    }
                    if (found.size() > 1) {
                        throw Refs.ambiguous(prefix, found);
                    }
                    bring(remote, found.getFirst(), refs);
                    return new Resolved(found.getFirst(), null, refs.defaultBranch());
                }
            }
        }
    }

    /** A commit by its full name, also from servers that give only what a ref names. */
    private void bring(Remote remote, ObjectId commit, @Nullable Refs told) {
        if (remote.fetch(commit)) {
            return;
        }
        if (remote.hasNone()) {
            throw Refs.noSuchCommit(commit.name());
        }
        var refs = told == null ? remote.refs(null) : told;
        scope.log().say("The server does not give the commit by itself; looking for it in the history");
        remote.fetchHistory(refs.tips());
        if (!remote.commits(commit.name()).isEmpty()) {
            remote.fetchAll(refs.tips());
        }
        if (remote.commits(commit.name()).isEmpty()) {
            throw Refs.noSuchCommit(commit.name());
        }
    }

    private void submodules(GitUrl parent, ObjectReader reader) throws IOException {
        if (!submodules) {
            var left = listing.submodules();
            scope.log()
                    .say(
                            Level.warn,
                            left.size() + (left.size() == 1 ? " submodule is" : " submodules are")
                                    + " left out (the first is "
                                    + Shown.quoted(left.getFirst().path())
                                    + "); set the project's submodules to true to clone them too.");
            return;
        }
        record Waiting(TreeListing.Entry entry, GitUrl parent, ObjectReader reader, String at, int depth) {}
        var waiting = new ArrayDeque<Waiting>();
        for (var each : listing.submodules()) {
            waiting.add(new Waiting(each, parent, reader, "", 1));
        }
        for (int count = 1; !waiting.isEmpty(); count++) {
            var next = waiting.remove();
            var path = next.entry().path();
            if (count > MOST_SUBMODULES || next.depth() > DEEPEST_SUBMODULE) {
                throw refused("The repository has more than " + MOST_SUBMODULES + " submodules, or nested deeper than "
                        + DEEPEST_SUBMODULE + ": the first too many is " + Shown.quoted(path) + ".");
            }
            var own = next.at().isEmpty() ? path : path.substring(next.at().length() + 1);
            var address = addresses(next.reader(), next.at()).get(own);
            if (address == null) {
                throw refused("The submodule " + Shown.quoted(path) + " has no address in .gitmodules.");
            }
            GitUrl url;
            try {
                url = next.parent().submodule(address, settings.gitAllowLocal());
            } catch (RemoteProblem problem) {
                throw refused("The submodule " + Shown.quoted(path) + ": " + problem.getMessage());
            }
            scope.log()
                    .say("Cloning the submodule " + Shown.quoted(path) + " from "
                            + Shown.plain(url.toString(), LONGEST_TEXT));
            var here = repository();
            try (var remote = remote(url, here)) {
                bring(remote, next.entry().id(), null);
            } catch (StepFailure failed) {
                throw new StepFailure(
                        failed.kind(), "The submodule " + Shown.quoted(path) + ": " + failed.getMessage(), failed);
            }
            var below = reader(here);
            var commit = commit(here, url, next.entry().id());
            var before = listing.submodules().size();
            judged(url, () -> listing.add(below, commit.getTree(), path));
            for (var each :
                    listing.submodules().subList(before, listing.submodules().size())) {
                waiting.add(new Waiting(each, url, below, path, next.depth() + 1));
            }
        }
    }

    /** Path to address of what {@code .gitmodules} names. */
    private Map<String, String> addresses(ObjectReader reader, String at) throws IOException {
        var entry = listing.entries().get(at.isEmpty() ? ".gitmodules" : at + "/.gitmodules");
        var addresses = new HashMap<String, String>();
        if (entry == null || entry.what() == TreeListing.What.LINK || entry.size() > LARGEST_GITMODULES) {
            return addresses;
        }
        try {
            var config = new BlobBasedConfig(
                    null, reader.open(entry.id(), Constants.OBJ_BLOB).getCachedBytes(LARGEST_GITMODULES));
            for (var name : config.getSubsections("submodule")) {
                var path = config.getString("submodule", name, "path");
                var address = config.getString("submodule", name, "url");
                if (path != null && address != null) {
                    addresses.put(path, address);
                }
            }
        } catch (ConfigInvalidException malformed) {
            throw refused("The repository's .gitmodules cannot be read: "
                    + Shown.plain(String.valueOf(malformed.getMessage()), 200));
        }
        return addresses;
    }

    private BoundedRepository repository() throws IOException {
        var repository = BoundedRepository.create(
                scratch.resolve("git-" + open.size()),
                settings.limits().packBytes(),
                1_000L + (long) OBJECTS_PER_FILE * settings.limits().treeFiles());
        open.add(repository);
        return repository;
    }

    private ObjectReader reader(BoundedRepository repository) {
        var reader = repository.newObjectReader();
        open.add(reader);
        return reader;
    }

    private Remote remote(GitUrl url, BoundedRepository here) {
        if (url.isFile()) {
            return new Remote(url, here, null, scope);
        }
        return new Remote(url, here, http(), scope);
    }

    /** One for all of a clone, also its submodules: what may come and how long it may take holds for all together. */
    private GuardedHttp http() {
        if (http == null) {
            http = new GuardedHttp(
                    settings.gitAllowLocal(),
                    new AddressGuard(settings.gitAllowLocal(), network.names()),
                    network.pace(),
                    settings.limits().packBytes(),
                    network.tls());
            open.add(scope.onStop(http::close));
            open.add(http);
        }
        return http;
    }

    private RevCommit commit(BoundedRepository here, GitUrl url, ObjectId id) throws IOException {
        try (var walk = new RevWalk(here)) {
            return walk.parseCommit(id);
        } catch (IncorrectObjectTypeException notOne) {
            throw new StepFailure(
                    FailureKind.REF_NOT_FOUND, "What the ref names is no commit, but another Git object.", notOne);
        } catch (MissingObjectException missing) {
            throw Problems.of(missing, url);
        }
    }

    private interface Judging {
        void judge() throws IOException;
    }

    private void judged(GitUrl url, Judging judging) throws IOException {
        try {
            judging.judge();
        } catch (MissingObjectException missing) {
            throw Problems.of(missing, url);
        } catch (CorruptObjectException | IncorrectObjectTypeException malformed) {
            throw refused("The repository is malformed: "
                    + Shown.plain(String.valueOf(malformed.getMessage()), LONGEST_TEXT));
        }
    }

    private Commit told(RevCommit commit) {
        var author = commit.getAuthorIdent();
        return new Commit(
                new CommitSha(commit.name()),
                Shown.plain(commit.getFullMessage().strip().lines().findFirst().orElse(""), LONGEST_TEXT),
                author == null ? "" : Shown.plain(author.getName(), LONGEST_TEXT),
                Instant.ofEpochSecond(commit.getCommitTime()));
    }

    private static StepFailure refused(String sentence) {
        return new StepFailure(FailureKind.REPOSITORY_REFUSED, sentence);
    }

    @Override
    public void close() {
        for (var each : open.reversed()) {
            try {
                each.close();
            } catch (Exception late) {
                scope.log().say(Level.warn, "Closing the clone: " + late.getMessage());
            }
        }
    }
}
