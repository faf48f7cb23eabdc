package codehaven.dev;

import static com.mongodb.client.model.Filters.and;
import static com.mongodb.client.model.Filters.eq;
import static com.mongodb.client.model.Filters.exists;
import static com.mongodb.client.model.Filters.gt;
import static com.mongodb.client.model.Filters.in;
import static com.mongodb.client.model.Filters.ne;
import static com.mongodb.client.model.Filters.or;
import static com.mongodb.client.model.Filters.regex;
import static com.mongodb.client.model.Sorts.ascending;
import static com.mongodb.client.model.Sorts.descending;
import static com.mongodb.client.model.Sorts.orderBy;
import static com.mongodb.client.model.Updates.set;
import static com.mongodb.client.model.Updates.unset;
import static org.assertj.core.api.Assertions.assertThat;

import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Indexes;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.bson.Document;
import org.bson.conversions.Bson;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Queries find the same with an index as without. */
class FieldIndexTest {

    private static final List<Bson> QUERIES = List.of(
            new Document(),
            eq("project", "p1"),
            eq("project", null),
            eq("project", 7),
            ne("project", "p1"),
            in("project", "p1", "p3", "nobody"),
            in("project", "p1", 7),
            in("project", List.of()),
            regex("project", "^p"),
            exists("project", false),
            and(eq("project", "p2"), eq("status", "READY")),
            and(eq("status", "READY"), eq("project", "p2"), gt("n", 20)),
            and(eq("project", "p2"), eq("project", "p1")),
            or(eq("project", "p2"), eq("status", "READY")),
            eq("_id", "d5"),
            and(eq("_id", "d5"), eq("status", "READY")),
            and(in("_id", "d5", "d6", "d7"), in("status", "READY", "FAILED")),
            and(eq("_id", "nobody"), eq("project", "p1")),
            eq("tags", "a"));

    @TempDir
    Path directory;

    @Test
    void queriesFindTheSameWithAnIndexAsWithout() throws Exception {
        var random = new Random(1);
        try (var mongo = DevMongo.start(directory)) {
            try (var client = MongoClients.create(mongo.uri())) {
                // One index is there before the documents, the others come to what is there already.
                indexed(client).createIndex(Indexes.ascending("project", "n"));
                fill(client, random);
                indexed(client).createIndex(Indexes.ascending("status", "n"));
                indexed(client).createIndex(Indexes.ascending("tags"));
                assertSame(client);
                change(client, random);
                assertSame(client);
            }
            mongo.stop();
            mongo.start();
            try (var client = MongoClients.create(mongo.uri())) {
                assertSame(client);
                change(client, random);
                assertSame(client);
            }
        }
    }

    private static MongoCollection<Document> indexed(MongoClient client) {
        return client.getDatabase("test").getCollection("indexed");
    }

    private static void both(MongoClient client, Consumer<MongoCollection<Document>> work) {
        work.accept(indexed(client));
        work.accept(client.getDatabase("test").getCollection("plain"));
    }

    private static void fill(MongoClient client, Random random) {
        for (int i = 0; i < 60; i++) {
            var document = document("d" + i, i, random);
            both(client, each -> each.insertOne(new Document(document)));
        }
        both(client, each -> each.insertOne(new Document("_id", 7).append("project", "p1")));
    }

    private static Document document(String id, int n, Random random) {
        var document =
                new Document("_id", id).append("n", n).append("status", random.nextBoolean() ? "READY" : "FAILED");
        switch (random.nextInt(6)) {
            case 0 -> document.append("project", 7);
            case 1 -> document.append("project", null);
            case 2 -> document.append("tags", List.of("a", "b"));
            default -> document.append("project", "p" + random.nextInt(4)).append("tags", "a");
        }
        return document;
    }

    private static void change(MongoClient client, Random random) {
        for (int i = 0; i < 60; i += 3) {
            var id = "d" + i;
            var next = document(id, i, random);
            var work = List.<Consumer<MongoCollection<Document>>>of(
                    each -> each.deleteOne(eq("_id", id)),
                    each -> each.updateOne(eq("_id", id), set("project", "p2")),
                    each -> each.updateOne(and(eq("_id", id), eq("status", "READY")), unset("project")),
                    each -> each.replaceOne(and(eq("_id", id), exists("n")), new Document(next)));
            both(client, work.get(random.nextInt(work.size())));
        }
        both(client, each -> each.updateMany(eq("project", "p3"), set("status", "READY")));
        both(client, each -> each.deleteMany(eq("project", "p0")));
        var late = "late" + random.nextInt();
        both(client, each -> each.insertOne(new Document("_id", late).append("project", "p1")));
    }

    private static void assertSame(MongoClient client) {
        for (var query : QUERIES) {
            var answers = new ArrayList<List<Document>>();
            both(
                    client,
                    each -> answers.add(each.find(query)
                            .sort(orderBy(descending("n"), ascending("_id")))
                            .into(new ArrayList<>())));
            assertThat(answers.get(0)).as(query.toString()).isEqualTo(answers.get(1));
        }
    }
}
