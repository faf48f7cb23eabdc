package codehaven.activities.cloning;

import codehaven.activities.StepScope;
import codehaven.workflows.StepFailure;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.eclipse.jgit.errors.MissingObjectException;
import org.eclipse.jgit.lib.AbbreviatedObjectId;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.EmptyProgressMonitor;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectIdRef;
import org.eclipse.jgit.lib.Ref;
import org.eclipse.jgit.transport.FetchConnection;
import org.eclipse.jgit.transport.FilterSpec;
import org.eclipse.jgit.transport.RefSpec;
import org.eclipse.jgit.transport.TagOpt;
import org.eclipse.jgit.transport.Transport;
import org.eclipse.jgit.transport.TransportHttp;
import org.eclipse.jgit.transport.URIish;
import org.jspecify.annotations.Nullable;

/** One repository elsewhere: what refs it has, and its commits brought into a repository here. */
final class Remote implements AutoCloseable {

    /** So many commits of history are looked through for a short name. */
    private static final long MOST_OF_HISTORY = 3_000_000;

    private final GitUrl url;
    private final BoundedRepository here;
    private final @Nullable GuardedHttp http;
    private final StepScope scope;
    private final List<AutoCloseable> open = new ArrayList<>();
    private @Nullable FetchConnection listed;
    private boolean none;
    private @Nullable StepFailure refusal;

    /** @param http absent for repositories on this machine */
    Remote(GitUrl url, BoundedRepository here, @Nullable GuardedHttp http, StepScope scope) {
        this.url = url;
        this.here = here;
        this.http = http;
        this.scope = scope;
    }

    /**
     * Asks for branches, tags and HEAD.
     *
     * @param also another ref that may be meant
     */
    Refs refs(@Nullable String also) {
        return told(() -> {
            listing(true);
            var connection = connect(1, null, also);
            listed = connection;
            return new Refs(connection.getRefs());
        });
    }

    /**
     * Brings the commit with its tree and without its history.
     *
     * @return false when the server does not give it by its name
     */
    boolean fetch(ObjectId commit) {
        return told(() -> {
            var connection = listed;
            listed = null;
            if (connection == null) {
                listing(true);
                connection = connect(1, null, null);
            }
            try {
                fetch(connection, List.of(commit));
            } catch (IOException refused) {
                scope.check();
                // Servers say it in many ways, some only by ending; whether it is that, the next question tells.
                if (!Problems.isOfTheServerSoftware(refused)) {
                    throw refused;
                }
                none = http != null && http.versionTwo() && Problems.isNotOurs(refused);
                refusal = Problems.of(refused, url);
                return false;
            }
            if (!has(commit)) {
                refusal = Problems.of(new MissingObjectException(commit, Constants.TYPE_COMMIT), url);
                return false;
            }
            return true;
        });
    }

    /** Why {@link #fetch} did not bring a commit. */
    StepFailure refusal() {
        return Objects.requireNonNull(refusal, "asked before a fetch failed");
    }

    /** Whether the server, when it did not give a commit, has none of that name: with version 2, Git gives what it has. */
    boolean hasNone() {
        return none;
    }

    /** Brings the commits of all branches and tags; with their trees and files only where nothing less is offered. */
    void fetchHistory(List<ObjectId> tips) {
        told(() -> {
            here.mostObjects(MOST_OF_HISTORY);
            listing(true);
            try {
                fetch(connect(null, FilterSpec.fromFilterLine("tree:0"), null), tips);
            } catch (IOException refused) {
                if (!String.valueOf(refused.getMessage()).contains("filter")) {
                    throw refused;
                }
                listing(true);
                fetch(connect(null, null, null), tips);
            }
            return true;
        });
    }

    /** Brings everything: for servers that give only what a ref names. */
    void fetchAll(List<ObjectId> tips) {
        told(() -> {
            here.mostObjects(MOST_OF_HISTORY);
            listing(true);
            fetch(connect(null, null, null), tips);
            return true;
        });
    }

    boolean has(ObjectId commit) throws IOException {
        return here.getObjectDatabase().has(commit);
    }

    /** The commits here whose names begin so. */
    List<ObjectId> commits(String prefix) {
        return told(() -> {
            var found = new TreeSet<ObjectId>();
            if (ObjectId.isId(prefix)) {
                var whole = ObjectId.fromString(prefix);
                return has(whole) ? List.of(whole) : List.of();
            }
            try (var reader = here.newObjectReader()) {
                for (var id : reader.resolve(AbbreviatedObjectId.fromString(prefix))) {
                    if (reader.open(id).getType() == Constants.OBJ_COMMIT) {
                        found.add(id);
                    }
                }
            }
            return List.copyOf(found);
        });
    }

    private void fetch(FetchConnection connection, List<ObjectId> commits) throws IOException {
        listing(false);
        var wants = new ArrayList<Ref>();
        for (var each : commits) {
            wants.add(new ObjectIdRef.PeeledNonTag(Ref.Storage.NETWORK, each.name(), each));
        }
        connection.fetch(new Progress(), wants, Set.of());
        scope.check();
    }

    private FetchConnection connect(@Nullable Integer depth, @Nullable FilterSpec filter, @Nullable String also)
            throws IOException {
        scope.check();
        if (http != null) {
            http.begin();
        }
        Transport transport;
        try {
            transport = Transport.open(here, new URIish(url.isFile() ? url.uri().getPath() : url.toString()));
        } catch (java.net.URISyntaxException impossible) {
            throw new IOException(impossible);
        }
        open.add(transport);
        if (transport instanceof TransportHttp overHttp && http != null) {
            overHttp.setHttpConnectionFactory(http);
        } else if (http != null) {
            throw new IOException("no HTTP transport for " + url);
        }
        transport.setTagOpt(TagOpt.NO_TAGS);
        transport.setFetchThin(false);
        if (depth != null) {
            transport.setDepth(depth);
        }
        if (filter != null) {
            transport.setFilterSpec(filter);
        }
        var wanted = also == null ? new String[] {"HEAD"} : new String[] {"HEAD", also};
        var connection = transport.openFetch(
                List.of(new RefSpec("refs/heads/*:refs/heads/*"), new RefSpec("refs/tags/*:refs/tags/*")), wanted);
        open.add(connection);
        return connection;
    }

    private void listing(boolean listing) {
        if (http != null) {
            http.listing(listing);
        }
    }

    private interface Asking<T> {
        T ask() throws IOException;
    }

    private <T> T told(Asking<T> asking) {
        try {
            return asking.ask();
        } catch (StepScope.Stopped | StepFailure passing) {
            throw passing;
        } catch (IOException | RuntimeException problem) {
            // What fails after a stop fails because of it.
            scope.check();
            throw Problems.of(problem, url);
        }
    }

    @Override
    public void close() {
        for (var each : open.reversed()) {
            try {
                each.close();
            } catch (Exception late) {
                scope.log().say(codehaven.model.DeploymentEvent.Level.warn, "Closing the connection: " + late);
            }
        }
    }

    /** A line when objects begin to come, one every few seconds, and the sum at the end. */
    private final class Progress extends EmptyProgressMonitor {
        private static final long BETWEEN_LINES = 3_000_000_000L;

        private boolean receiving;
        private int total;
        private int done;
        private long next;

        @Override
        public void beginTask(String title, int work) {
            receiving = title.equals("Receiving objects");
            total = work;
            done = 0;
            next = System.nanoTime() + BETWEEN_LINES;
        }

        @Override
        public void update(int completed) {
            done += completed;
            if (receiving && System.nanoTime() - next > 0) {
                next = System.nanoTime() + BETWEEN_LINES;
                say();
            }
        }

        @Override
        public void endTask() {
            if (receiving && done > 0) {
                say();
            }
            receiving = false;
        }

        private void say() {
            scope.log()
                    .say("Received " + Shown.count(done) + (done < total ? " of " + Shown.count(total) : "")
                            + " objects" + (http == null ? "" : ", " + Shown.bytes(http.received())));
        }

        @Override
        public boolean isCancelled() {
            return scope.stopping();
        }
    }
}
