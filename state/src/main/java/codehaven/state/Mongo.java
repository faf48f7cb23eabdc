package codehaven.state;

import static com.mongodb.client.model.Filters.and;
import static com.mongodb.client.model.Filters.eq;
import static com.mongodb.client.model.Filters.exists;
import static com.mongodb.client.model.Updates.inc;

import com.mongodb.ConnectionString;
import com.mongodb.MongoClientSettings;
import com.mongodb.MongoConnectionPoolClearedException;
import com.mongodb.MongoException;
import com.mongodb.MongoInterruptedException;
import com.mongodb.MongoNodeIsRecoveringException;
import com.mongodb.MongoNotPrimaryException;
import com.mongodb.MongoSecurityException;
import com.mongodb.MongoServerUnavailableException;
import com.mongodb.MongoSocketException;
import com.mongodb.MongoTimeoutException;
import com.mongodb.MongoWriteConcernException;
import com.mongodb.WriteConcern;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.FindOneAndUpdateOptions;
import com.mongodb.client.model.IndexOptions;
import com.mongodb.client.model.ReturnDocument;
import java.util.ArrayList;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.bson.Document;
import org.bson.conversions.Bson;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.data.mongodb.core.MongoTemplate;
import org.springframework.data.mongodb.core.SimpleMongoClientDatabaseFactory;

/** The database: its client, and how its absence looks to callers. All writes are to single documents. */
final class Mongo implements AutoCloseable {

    static final String PROJECTS = "projects";
    static final String VARIABLES = "variables";
    static final String DEPLOYMENTS = "deployments";
    static final String SITES = "sites";
    static final String HISTORIES = "histories";
    static final String TIMELINE = "timeline";
    static final String IDEMPOTENCY = "idempotency";
    static final String APPS = "apps";
    static final String RUNTIME_LOGS = "runtimeLogs";
    static final String APP_FIGURES = "appFigures";
    static final String KEEPERS = "keepers";
    private static final String COUNTERS = "counters";

    /** Counts the changes of a document that is read, judged and replaced. */
    static final String VERSION = "version";

    /** Callers answer 503 within two seconds of a request, so nobody waits longer for a server to appear. */
    private static final int SERVER_SELECTION_MILLIS = 1_800;

    /** A server that accepted a command and is silent for so long hangs. */
    private static final int SILENCE_SECONDS = 10;

    private final MongoClient client;
    private final MongoTemplate template;
    private final String address;

    private Mongo(MongoClient client, MongoTemplate template, String address) {
        this.client = client;
        this.template = template;
        this.address = address;
    }

    /** Makes the client; connects later, when it is first used. */
    static Mongo of(String uri) {
        ConnectionString where;
        try {
            where = new ConnectionString(uri);
        } catch (IllegalArgumentException e) {
            // The driver's own message may quote the address, and with it a password.
            throw new IllegalStateException(
                    "CODEHAVEN_MONGODB is not an address such as mongodb://localhost:27017/codehaven"
                            + " (characters like @ : / in a user or password are written as %40 %3A %2F).");
        }
        // What the address says itself comes last and wins.
        var settings = MongoClientSettings.builder()
                .applicationName("codehaven")
                .writeConcern(WriteConcern.MAJORITY.withJournal(true))
                .applyToClusterSettings(
                        cluster -> cluster.serverSelectionTimeout(SERVER_SELECTION_MILLIS, TimeUnit.MILLISECONDS))
                .applyToSocketSettings(socket -> socket.connectTimeout(SERVER_SELECTION_MILLIS, TimeUnit.MILLISECONDS)
                        .readTimeout(SILENCE_SECONDS, TimeUnit.SECONDS))
                .applyToServerSettings(server -> server.heartbeatFrequency(5, TimeUnit.SECONDS)
                        .minHeartbeatFrequency(200, TimeUnit.MILLISECONDS))
                .applyToConnectionPoolSettings(pool -> pool.maxWaitTime(SERVER_SELECTION_MILLIS, TimeUnit.MILLISECONDS))
                .applyConnectionString(where)
                .build();
        var client = MongoClients.create(settings);
        var database = where.getDatabase() == null ? "codehaven" : where.getDatabase();
        var factory = new SimpleMongoClientDatabaseFactory(client, database);
        var template = new MongoTemplate(factory, Records.converter());
        return new Mongo(client, template, String.join(",", where.getHosts()));
    }

    /** The hosts, without user or password. */
    String address() {
        return address;
    }

    /**
     * Works on a collection.
     *
     * @throws DuplicateKeyException if a unique key is taken
     * @throws BackendUnavailable if the database is away
     */
    <T extends @Nullable Object> T in(String collection, Function<MongoCollection<Document>, T> work) {
        return asked(() -> template.execute(collection, work::apply));
    }

    /** Gives 1, 2, 3 …: each number once for each name, for ever. */
    long next(String counter) {
        for (int attempt = 1; ; attempt++) {
            try {
                // The document as it was before: the embedded database may show the one after with a later change in
                // it.
                var before = in(
                        COUNTERS,
                        counters -> Optional.ofNullable(counters.findOneAndUpdate(
                                eq("_id", counter),
                                inc("value", 1L),
                                new FindOneAndUpdateOptions().upsert(true).returnDocument(ReturnDocument.BEFORE))));
                return before.map(document ->
                                        document.get("value", Number.class).longValue())
                                .orElse(0L)
                        + 1;
            } catch (DuplicateKeyException e) {
                // Two of us made the counter at once; the second time it is there.
                if (attempt == 3) {
                    throw e;
                }
            }
        }
    }

    /** What {@link #next} gave last; 0 where it gave nothing yet. */
    long count(String counter) {
        return Optional.ofNullable(in(
                        COUNTERS, counters -> counters.find(eq("_id", counter)).first()))
                .map(document -> document.get("value", Number.class).longValue())
                .orElse(0L);
    }

    /**
     * Replaces a document if it is still as it was found; its version grows.
     *
     * <p>All fields are compared, not the version alone: the embedded database may answer with a document in the middle of
     * a change, some fields old and some new. The version is written last.
     */
    boolean swap(String collection, Document found, Document next) {
        var unchanged = new ArrayList<Bson>();
        found.forEach((field, value) -> unchanged.add(eq(field, value)));
        if (!found.containsKey(VERSION)) {
            unchanged.add(exists(VERSION, false));
        }
        var version = found.get(VERSION) instanceof Number number ? number.longValue() : 0;
        next.remove(VERSION);
        next.put(VERSION, version + 1);
        return in(
                collection,
                documents -> documents.replaceOne(and(unchanged), next).getMatchedCount() == 1);
    }

    /** Returns if the database answers. */
    void ping() {
        asked(() -> template.executeCommand(new Document("ping", 1)));
    }

    /** The server's own, or that of the one it imitates. */
    String version() {
        return asked(() -> template.executeCommand(new Document("buildInfo", 1)))
                .get("version", "not known");
    }

    void createIndexes() {
        index(PROJECTS, "repository", "createdAt");
        index(DEPLOYMENTS, "createdAt");
        index(DEPLOYMENTS, "project", "createdAt");
        index(DEPLOYMENTS, "status", "createdAt");
        index(SITES, "project");
        index(SITES, "change");
        index(SITES, "deployment");
        index(APPS, "project");
        index(RUNTIME_LOGS, "deployment", "last");
        index(APP_FIGURES, "deployment");
        index(VARIABLES, "project");
        index(TIMELINE, "deployment", "last");
        index(IDEMPOTENCY, "expiresAt");
    }

    private void index(String collection, String... fields) {
        var keys = new Document();
        for (var field : fields) {
            keys.append(field, 1);
        }
        in(collection, each -> each.createIndex(keys, new IndexOptions().name(String.join("_", fields))));
    }

    private <T extends @Nullable Object> T asked(java.util.function.Supplier<T> question) {
        try {
            return question.get();
        } catch (DuplicateKeyException e) {
            throw e;
        } catch (DataAccessException | MongoException e) {
            var absence = absence(e);
            if (absence == null) {
                throw e;
            }
            throw new BackendUnavailable("MongoDB at " + address + " (CODEHAVEN_MONGODB) " + absence + ".", e);
        }
    }

    /** Whether the database is away, rather than the question wrong; in words. */
    private static @Nullable String absence(RuntimeException thrown) {
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            if (each instanceof MongoSecurityException) {
                return "refuses the user or password";
            }
            if (each instanceof MongoTimeoutException timeout) {
                var message = String.valueOf(timeout.getMessage());
                return message.contains("MongoSecurityException")
                        ? "refuses the user or password"
                        : "cannot be reached";
            }
            if (each instanceof MongoSocketException) {
                return "does not answer";
            }
            if (each instanceof MongoNotPrimaryException
                    || each instanceof MongoNodeIsRecoveringException
                    || each instanceof MongoServerUnavailableException
                    || each instanceof MongoConnectionPoolClearedException
                    || each instanceof MongoWriteConcernException) {
                return "is changing over or recovering";
            }
            if (each instanceof MongoInterruptedException) {
                return "was asked by a thread that is being stopped";
            }
        }
        return null;
    }

    @Override
    public void close() {
        client.close();
    }
}
