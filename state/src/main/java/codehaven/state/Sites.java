package codehaven.state;

import static com.mongodb.client.model.Filters.and;
import static com.mongodb.client.model.Filters.eq;
import static com.mongodb.client.model.Filters.gt;
import static com.mongodb.client.model.Filters.lt;
import static com.mongodb.client.model.Filters.or;
import static com.mongodb.client.model.Sorts.ascending;
import static com.mongodb.client.model.Sorts.descending;

import codehaven.model.Host;
import codehaven.model.Site;
import codehaven.model.Slug;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Date;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.bson.Document;
import org.bson.conversions.Bson;
import org.springframework.dao.DuplicateKeyException;

/** Which deployment each host points at. */
public final class Sites {

    private static final String CHANGE = "change";

    /** A change is numbered before it is written; so long after it was first seen, none with a lower number is awaited. */
    private static final Duration SETTLING = Duration.ofSeconds(15);

    /** How far behind the newest change a reader is kept at most while changes settle. */
    private static final int OVERLAP = 256;

    private record Seen(long change, long nanos) {}

    private final Mongo mongo;
    private final LongSupplier nanoTime;
    private final Deque<Seen> unsettled = new ArrayDeque<>();
    private long settled;

    Sites(Mongo mongo, LongSupplier nanoTime) {
        this.mongo = mongo;
        this.nanoTime = nanoTime;
    }

    /** Points the host at the site's deployment if its generation is higher than what the host has, or is the same
     * deployment's again; one conditional update. Returns whether the host now points at the site's deployment. */
    public boolean point(Site site) {
        var document = written(site, mongo.next("sites"));
        var mayReplace = and(
                eq("_id", site.host().text()),
                or(
                        lt("generation", site.generation()),
                        and(eq("generation", site.generation()), eq("deployment", site.deployment()))));
        // Not an upsert: between a look and an insert somebody else may insert, and then it has to be looked at again.
        if (replaced(mayReplace, document) || inserted(document) || replaced(mayReplace, document)) {
            remember(site);
            return true;
        }
        return find(site.host())
                .map(now -> now.deployment().equals(site.deployment()))
                .orElse(false);
    }

    /** After the pointer: what never was live is never remembered, and whoever points again remembers again. */
    private void remember(Site site) {
        if (site.role() != Site.Role.PRODUCTION) {
            return;
        }
        try {
            mongo.in(
                    Mongo.POINTINGS,
                    pointings -> pointings.insertOne(new Document("_id", site.host().text() + "/" + site.generation())
                            .append("project", site.project().text())
                            .append("deployment", site.deployment())
                            .append("at", Date.from(site.pointedAt()))));
        } catch (DuplicateKeyException e) {
            // The first time that it was pointed there is when it went live.
            return;
        }
    }

    /**
     * One time that production was pointed somewhere.
     *
     * @param at when
     */
    public record Pointing(String deployment, Instant at) {}

    /** What production has shown, newest first. */
    public List<Pointing> history(Slug project, int limit) {
        return mongo.in(
                Mongo.POINTINGS,
                pointings -> pointings
                        .find(eq("project", project.text()))
                        .sort(descending("at"))
                        .limit(limit)
                        .map(each -> new Pointing(
                                each.getString("deployment"), each.getDate("at").toInstant()))
                        .into(new ArrayList<>()));
    }

    private boolean replaced(Bson mayReplace, Document document) {
        return mongo.in(
                Mongo.SITES, sites -> sites.replaceOne(mayReplace, document).getMatchedCount() == 1);
    }

    private boolean inserted(Document document) {
        try {
            mongo.in(Mongo.SITES, sites -> sites.insertOne(document));
            return true;
        } catch (DuplicateKeyException e) {
            return false;
        }
    }

    public Optional<Site> find(Host host) {
        return Optional.ofNullable(mongo.in(
                        Mongo.SITES, sites -> sites.find(eq("_id", host.text())).first()))
                .map(Sites::read);
    }

    /** By host. */
    public List<Site> ofProject(Slug project) {
        return those(eq("project", project.text()), "_id");
    }

    /** All of them, for the edge. */
    public List<Site> all() {
        return those(new Document(), "_id");
    }

    /**
     * Those whose change number is above the given one, ascending, and how far that brings the caller.
     *
     * <p>A change may become visible shortly after a higher one, so {@link Changes#through} stays a little behind while
     * the newest changes settle: a caller meets the same site again within the next seconds, and applies it again. What
     * was deleted is not in it, nor what a writer wrote that was suspended for long: callers also take {@link #all} now
     * and then, such as once a minute.
     *
     * @param change 0 at first, then what the last call returned as {@code through}
     */
    public Changes changedSince(long change) {
        var documents = mongo.in(
                Mongo.SITES,
                sites -> sites.find(gt(CHANGE, change)).sort(ascending(CHANGE)).into(new ArrayList<>()));
        var newest = documents.isEmpty()
                ? change
                : documents.getLast().get(CHANGE, Number.class).longValue();
        return new Changes(documents.stream().map(Sites::read).toList(), Math.max(change, through(newest)));
    }

    private synchronized long through(long newest) {
        var now = nanoTime.getAsLong();
        if (newest > settled && (unsettled.isEmpty() || unsettled.getLast().change() < newest)) {
            unsettled.addLast(new Seen(newest, now));
        }
        while (!unsettled.isEmpty() && now - unsettled.getFirst().nanos() >= SETTLING.toNanos()) {
            settled = unsettled.removeFirst().change();
        }
        return Math.min(newest, Math.max(settled, newest - OVERLAP));
    }

    /** @param through pass it to the next call */
    public record Changes(List<Site> sites, long through) {}

    /** Readers of changes learn of it by {@link #all} alone. */
    public void deleteOf(Slug project) {
        mongo.in(Mongo.SITES, sites -> sites.deleteMany(eq("project", project.text())));
        mongo.in(Mongo.POINTINGS, pointings -> pointings.deleteMany(eq("project", project.text())));
    }

    private List<Site> those(Bson filter, String order) {
        return mongo.in(
                Mongo.SITES,
                sites -> sites.find(filter)
                        .sort(ascending(order))
                        .map(Sites::read)
                        .into(new ArrayList<>()));
    }

    private static Document written(Site site, long change) {
        var document = Records.write(site);
        document.remove("host");
        document.put("_id", site.host().text());
        document.put(CHANGE, change);
        return document;
    }

    private static Site read(Document document) {
        document.put("host", document.get("_id"));
        return Records.read(Site.class, document);
    }
}
