package codehaven.state;

import static com.mongodb.client.model.Filters.eq;

import com.mongodb.client.model.ReplaceOptions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bson.Document;
import org.springframework.dao.DuplicateKeyException;

/** What the containers of apps use, the last {@value #MOST} samples of each. */
public final class AppFigures {

    /** How many samples are kept of each container. */
    public static final int MOST = 180;

    /**
     * @param cpu in processors: 0.5 is half of one
     * @param memory in bytes, without what the kernel caches
     * @param received bytes since the container was started
     * @param sent bytes since the container was started
     */
    public record Sample(Instant at, double cpu, long memory, long received, long sent) {}

    private final Mongo mongo;

    AppFigures(Mongo mongo) {
        this.mongo = mongo;
    }

    /** Adds a sample. Only one process at a time adds to a container's. */
    public void add(String deployment, int instance, Sample sample) {
        var id = id(deployment, instance);
        var samples = new ArrayList<>(samples(id));
        samples.add(new Document("at", Date.from(sample.at()))
                .append("cpu", sample.cpu())
                .append("memory", sample.memory())
                .append("received", sample.received())
                .append("sent", sample.sent()));
        var kept = List.copyOf(samples.subList(Math.max(0, samples.size() - MOST), samples.size()));
        var document = new Document("_id", id).append("deployment", deployment).append("samples", kept);
        try {
            mongo.in(
                    Mongo.APP_FIGURES,
                    figures -> figures.replaceOne(eq("_id", id), document, new ReplaceOptions().upsert(true)));
        } catch (DuplicateKeyException e) {
            // Somebody else added the first one at the same moment: a sample is no loss.
            return;
        }
    }

    /** Oldest first. */
    public List<Sample> of(String deployment, int instance) {
        return samples(id(deployment, instance)).stream()
                .map(each -> new Sample(
                        each.getDate("at").toInstant(),
                        each.get("cpu", Number.class).doubleValue(),
                        each.get("memory", Number.class).longValue(),
                        each.get("received", Number.class).longValue(),
                        each.get("sent", Number.class).longValue()))
                .toList();
    }

    public void delete(String deployment) {
        mongo.in(Mongo.APP_FIGURES, figures -> figures.deleteMany(eq("deployment", deployment)));
    }

    private List<Document> samples(String id) {
        var found = mongo.in(
                Mongo.APP_FIGURES, figures -> figures.find(eq("_id", id)).first());
        return found == null ? List.of() : found.getList("samples", Document.class);
    }

    private static String id(String deployment, int instance) {
        return deployment + "/" + instance;
    }
}
