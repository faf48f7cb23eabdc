package codehaven.dev;

import static com.mongodb.client.model.Filters.and;
import static com.mongodb.client.model.Filters.eq;
import static com.mongodb.client.model.Filters.gt;
import static com.mongodb.client.model.Filters.in;
import static com.mongodb.client.model.Filters.lt;
import static com.mongodb.client.model.Updates.combine;
import static com.mongodb.client.model.Updates.inc;
import static com.mongodb.client.model.Updates.max;
import static com.mongodb.client.model.Updates.push;
import static com.mongodb.client.model.Updates.set;
import static com.mongodb.client.model.Updates.setOnInsert;
import static com.mongodb.client.model.Updates.unset;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.MongoWriteException;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.FindOneAndUpdateOptions;
import com.mongodb.client.model.IndexOptions;
import com.mongodb.client.model.Indexes;
import com.mongodb.client.model.ReturnDocument;
import com.mongodb.client.model.Sorts;
import com.mongodb.client.model.UpdateOptions;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.bson.Document;
import org.h2.mvstore.MVStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DevMongoTest {
    /** Writes that were acknowledged so far, by all writers. */
    private static final AtomicInteger COUNT = new AtomicInteger();

    @TempDir
    Path directory;

    @Test
    void doesWhatTheStateModuleAsksOfIt() throws Exception {
        try (DevMongo mongo = DevMongo.start(directory);
                MongoClient client = MongoClients.create(mongo.uri())) {
            assertThat(client.getDatabase("test")
                            .runCommand(new Document("hello", 1))
                            .getBoolean("isWritablePrimary"))
                    .isTrue();
            assertThat(client.getDatabase("test")
                            .runCommand(new Document("ping", 1))
                            .getDouble("ok"))
                    .isEqualTo(1.0);
            MongoCollection<Document> sites = client.getDatabase("test").getCollection("sites");
            sites.createIndex(Indexes.ascending("host"), new IndexOptions().unique(true));
            sites.createIndex(Indexes.ascending("deployment", "position"), new IndexOptions().unique(true));
            sites.createIndex(Indexes.ascending("plain"));

            // An upsert by findAndModify that answers with the new document
            FindOneAndUpdateOptions upsert =
                    new FindOneAndUpdateOptions().upsert(true).returnDocument(ReturnDocument.AFTER);
            for (int i = 1; i <= 3; i++) {
                Document counted = sites.findOneAndUpdate(
                        eq("_id", "counter"),
                        combine(inc("n", 1), setOnInsert("host", "counter.host"), setOnInsert("deployment", "none")),
                        upsert);
                assertThat(counted).containsEntry("n", i).containsEntry("host", "counter.host");
            }

            sites.insertOne(new Document("_id", "a")
                    .append("host", "a.host")
                    .append("deployment", "d1")
                    .append("position", 1L)
                    .append("generation", 5L)
                    .append("old", "x"));
            assertThatThrownBy(() -> sites.insertOne(new Document("host", "a.host").append("deployment", "d2")))
                    .isInstanceOfSatisfying(
                            MongoWriteException.class,
                            e -> assertThat(e.getCode()).isEqualTo(11000));
            assertThatThrownBy(() -> sites.insertOne(new Document("host", "b.host")
                            .append("deployment", "d1")
                            .append("position", 1L)))
                    .isInstanceOf(MongoWriteException.class);

            // The conditional update that decides which deployment a host serves
            assertThat(sites.updateOne(and(eq("_id", "a"), lt("generation", 4L)), set("generation", 4L))
                            .getModifiedCount())
                    .as("a lower generation never wins")
                    .isZero();
            assertThat(sites.updateOne(
                                    and(eq("_id", "a"), lt("generation", 6L)),
                                    combine(
                                            set("generation", 6L),
                                            unset("old"),
                                            push("history", "d1"),
                                            max("highest", 9L)))
                            .getModifiedCount())
                    .isOne();
            assertThat(sites.find(eq("_id", "a")).first())
                    .containsEntry("generation", 6L)
                    .containsEntry("highest", 9L)
                    .containsEntry("history", List.of("d1"))
                    .doesNotContainKey("old");
            assertThat(sites.updateOne(eq("_id", "new"), set("host", "n.host"), new UpdateOptions().upsert(true))
                            .getUpsertedId())
                    .isNotNull();

            MongoCollection<Document> lines = client.getDatabase("test").getCollection("lines");
            lines.insertMany(IntStream.range(0, 2_500)
                    .mapToObj(i -> new Document("_id", i).append("even", i % 2 == 0))
                    .toList());
            assertThat(lines.find(gt("_id", 2_000))
                            .sort(Sorts.descending("_id"))
                            .limit(2)
                            .into(new ArrayList<>()))
                    .extracting(line -> line.getInteger("_id"))
                    .containsExactly(2_499, 2_498);
            assertThat(lines.find(in("_id", 5, 7, 9_999)).into(new ArrayList<>()))
                    .hasSize(2);
            assertThat(lines.find(eq("even", true)).into(new ArrayList<>()))
                    .as("more than one batch of a cursor")
                    .hasSize(1_250);
            assertThat(lines.deleteMany(gt("_id", 99)).getDeletedCount()).isEqualTo(2_400);
            assertThat(lines.countDocuments()).isEqualTo(100);
        }
    }

    @Test
    void indexesAndDocumentsAreThereAfterStopAndStart() throws Exception {
        try (DevMongo mongo = DevMongo.start(directory);
                MongoClient client = MongoClients.create(mongo.uri())) {
            MongoCollection<Document> sites = client.getDatabase("test").getCollection("sites");
            sites.createIndex(Indexes.ascending("host"), new IndexOptions().unique(true));
            sites.insertOne(new Document("host", "a.host"));
            mongo.stop();
            mongo.start();
            assertThat(sites.countDocuments()).isOne();
            assertThatThrownBy(() -> sites.insertOne(new Document("host", "a.host")))
                    .isInstanceOf(MongoWriteException.class);
        }
        try (var store = MVStore.open(directory.resolve("mongo.mv").toString())) {
            assertThat(store.getMapNames())
                    .as("the indexes, whose order is given to the maps of their names")
                    .contains("test.sites._index__id_", "test.sites._index_host_1")
                    .filteredOn(name -> name.contains("_index_") && name.contains("sites"))
                    .hasSize(2)
                    .allSatisfy(name -> assertThat(store.openMap(name)).isNotEmpty());
        }
    }

    @Test
    void directoryInUseIsRefused() throws Exception {
        try (DevMongo mongo = DevMongo.start(directory)) {
            assertThatIOException().isThrownBy(() -> DevMongo.start(directory)).withMessageContaining("mongo.mv");
            assertThat(mongo.port()).isPositive();
        }
    }

    /** A JVM of its own that serves until it is killed. */
    static final class Victim {
        public static void main(String[] arguments) throws Exception {
            try (DevMongo mongo = DevMongo.start(Path.of(arguments[0]))) {
                System.out.println(mongo.uri());
                Thread.sleep(60_000);
            }
        }
    }

    @Test
    void everyAcknowledgedWriteSurvivesAKilledProgram() throws Exception {
        Process victim = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Victim.class.getName(),
                        directory.toString())
                .redirectErrorStream(true)
                .start();
        Map<Integer, Integer> acknowledged = new HashMap<>();
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(victim.getInputStream(), StandardCharsets.UTF_8))) {
            String uri = output.readLine();
            while (!uri.startsWith("mongodb://")) {
                uri = output.readLine();
            }
            List<Thread> writers = new ArrayList<>();
            for (int writer = 0; writer < 4; writer++) {
                int id = writer;
                String address = uri + "/?retryWrites=false&serverSelectionTimeoutMS=5000";
                writers.add(Thread.ofPlatform().start(() -> write(address, id, acknowledged)));
            }
            Instant deadline = Instant.now().plusSeconds(60);
            while (COUNT.get() < 400 && Instant.now().isBefore(deadline)) {
                TimeUnit.MILLISECONDS.sleep(1);
            }
            victim.destroyForcibly().waitFor();
            for (Thread writer : writers) {
                writer.join();
            }
        } finally {
            victim.destroyForcibly();
        }
        int total = acknowledged.values().stream().mapToInt(Integer::intValue).sum();
        assertThat(total).as("enough was written to mean something").isGreaterThanOrEqualTo(400);
        try (DevMongo mongo = DevMongo.start(directory);
                MongoClient client = MongoClients.create(mongo.uri())) {
            MongoCollection<Document> kept = client.getDatabase("test").getCollection("writes");
            acknowledged.forEach((writer, last) -> {
                assertThat(kept.countDocuments(and(eq("writer", writer), lt("n", last))))
                        .as("writes of writer %d that were acknowledged", writer)
                        .isEqualTo(last.longValue());
            });
            assertThatThrownBy(() -> kept.insertOne(new Document("writer", 0).append("n", 0)))
                    .as("the unique index knows what the documents say")
                    .isInstanceOf(MongoWriteException.class);
        }
    }

    private static void write(String uri, int writer, Map<Integer, Integer> acknowledged) {
        int n = 0;
        try (MongoClient client = MongoClients.create(uri)) {
            MongoCollection<Document> writes = client.getDatabase("test").getCollection("writes");
            writes.createIndex(Indexes.ascending("writer", "n"), new IndexOptions().unique(true));
            while (true) {
                writes.insertOne(new Document("writer", writer).append("n", n).append("text", "x".repeat(300)));
                n++;
                COUNT.incrementAndGet();
            }
        } catch (com.mongodb.MongoException e) {
            synchronized (acknowledged) {
                acknowledged.put(writer, n);
            }
        }
    }
}
