package codehaven.state;

import static com.mongodb.client.model.Filters.and;
import static com.mongodb.client.model.Filters.eq;
import static com.mongodb.client.model.Filters.lt;
import static com.mongodb.client.model.Filters.or;
import static com.mongodb.client.model.Updates.combine;
import static com.mongodb.client.model.Updates.set;

import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.UUID;
import org.bson.Document;
import org.springframework.dao.DuplicateKeyException;

/** Who looks after the containers of each Docker engine, and how this installation's are told from another one's. */
public final class Keepers {

    private static final String INSTALLATION = "installation";

    private final Mongo mongo;

    Keepers(Mongo mongo) {
        this.mongo = mongo;
    }

    /** Eight characters that mark what this installation makes on engines; made once, then always the same. */
    public String installation() {
        while (true) {
            var found = mongo.in(
                    Mongo.KEEPERS,
                    keepers -> keepers.find(eq("_id", INSTALLATION)).first());
            if (found != null) {
                return found.getString("mark");
            }
            insert(new Document("_id", INSTALLATION)
                    .append("mark", UUID.randomUUID().toString().substring(0, 8)));
        }
    }

    /**
     * Takes the engine over for a while, or goes on with it. It saves double work; what keepers do may be done twice.
     *
     * @param holder the same after a restart of the same process, so that it goes on at once
     * @return whether the engine is the holder's until then
     */
    public boolean keep(String engine, String holder, Duration during) {
        var now = Instant.now();
        var mine = and(eq("_id", "engine/" + engine), or(eq("holder", holder), lt("until", Date.from(now))));
        var until = Date.from(now.plus(during));
        return mongo.in(
                        Mongo.KEEPERS,
                        keepers -> keepers.updateOne(mine, combine(set("holder", holder), set("until", until)))
                                        .getMatchedCount()
                                == 1)
                || insert(new Document("_id", "engine/" + engine)
                        .append("holder", holder)
                        .append("until", until));
    }

    /** Lets another one take the engine over at once. */
    public void leave(String engine, String holder) {
        mongo.in(
                Mongo.KEEPERS,
                keepers -> keepers.updateOne(
                        and(eq("_id", "engine/" + engine), eq("holder", holder)),
                        set("until", Date.from(Instant.EPOCH))));
    }

    private boolean insert(Document document) {
        try {
            mongo.in(Mongo.KEEPERS, keepers -> keepers.insertOne(document));
            return true;
        } catch (DuplicateKeyException e) {
            return false;
        }
    }
}
