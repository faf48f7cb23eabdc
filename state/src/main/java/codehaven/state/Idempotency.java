package codehaven.state;

import static com.mongodb.client.model.Filters.and;
import static com.mongodb.client.model.Filters.eq;
import static com.mongodb.client.model.Filters.lt;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.bson.Document;
import org.springframework.dao.DuplicateKeyException;

/** Which request was made with which Idempotency-Key, for 24 hours. */
public final class Idempotency {

    private static final Duration KEPT = Duration.ofHours(24);
    private static final Duration BETWEEN_CLEANINGS = Duration.ofMinutes(10);

    /**
     * @param fingerprint of the request's method, path and body
     * @param result what the request made, such as a deployment's id
     */
    public record Remembered(String key, String fingerprint, String result) {}

    private final Mongo mongo;
    private final Clock clock;
    private final AtomicReference<Instant> nextCleaning = new AtomicReference<>(Instant.EPOCH);

    Idempotency(Mongo mongo, Clock clock) {
        this.mongo = mongo;
        this.clock = clock;
    }

    /**
     * Claims the key for a result that the caller is about to make; if the key is known, returns what it stands for and
     * changes nothing.
     */
    public Optional<Remembered> claim(Remembered mine) {
        var now = clock.instant();
        clean(now);
        while (true) {
            try {
                mongo.in(Mongo.IDEMPOTENCY, keys -> keys.insertOne(written(mine, now)));
                return Optional.empty();
            } catch (DuplicateKeyException taken) {
                var found = mongo.in(
                        Mongo.IDEMPOTENCY,
                        keys -> keys.find(eq("_id", mine.key())).first());
                if (found == null) {
                    continue;
                }
                if (found.getDate("expiresAt").toInstant().isAfter(now)) {
                    return Optional.of(
                            new Remembered(mine.key(), found.getString("fingerprint"), found.getString("result")));
                }
                // Expired: whoever replaces exactly this one has the key.
                var replaced = mongo.in(
                        Mongo.IDEMPOTENCY,
                        keys -> keys.replaceOne(
                                        and(eq("_id", mine.key()), eq("expiresAt", found.getDate("expiresAt"))),
                                        written(mine, now))
                                .getMatchedCount());
                if (replaced == 1) {
                    return Optional.empty();
                }
            }
        }
    }

    /** Gives the key back, because the request was refused. */
    public void forget(String key) {
        mongo.in(Mongo.IDEMPOTENCY, keys -> keys.deleteOne(eq("_id", key)));
    }

    private void clean(Instant now) {
        var due = nextCleaning.get();
        if (!now.isBefore(due) && nextCleaning.compareAndSet(due, now.plus(BETWEEN_CLEANINGS))) {
            mongo.in(Mongo.IDEMPOTENCY, keys -> keys.deleteMany(lt("expiresAt", Date.from(now))));
        }
    }

    private static Document written(Remembered mine, Instant now) {
        return new Document("_id", mine.key())
                .append("fingerprint", mine.fingerprint())
                .append("result", mine.result())
                .append("expiresAt", Date.from(now.plus(KEPT)));
    }
}
