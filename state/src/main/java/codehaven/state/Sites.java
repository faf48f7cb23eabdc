package codehaven.state;

import static com.mongodb.client.model.Filters.and;
import static com.mongodb.client.model.Filters.eq;
import static com.mongodb.client.model.Filters.gt;
import static com.mongodb.client.model.Filters.in;
import static com.mongodb.client.model.Filters.lt;
import static com.mongodb.client.model.Filters.or;
import static com.mongodb.client.model.Sorts.ascending;

import codehaven.model.Host;
import codehaven.model.Site;
import codehaven.model.Slug;
import codehaven.model.Target;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Date;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.bson.Document;
import org.bson.conversions.Bson;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;

/** Which deployment each host points at. */
public final class Sites {

    private static final String CHANGE = "change";

    /** A change is numbered before it is written; so long after it was first seen, none with a lower number is awaited. */
    private static final Duration SETTLING = Duration.ofSeconds(15);

    /** How far behind the newest change a reader is kept at most while changes settle. */
    private static final int OVERLAP = 256;

    private static final String POINTINGS = "pointings";

    /** What a host on probation showed before, kept with the pointer so that both change at once. */
    private static final String BEFORE = "before";

    /** The deployment that gave the host back; it alone may point it again with the same generation. */
    private static final String GIVEN_BACK_BY = "givenBackBy";

    /** How many changes of a production host are remembered. */
    private static final int REMEMBERED = 50;

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
     * deployment's again; one conditional update. A host that another project has is left alone. Returns whether the
     * host now points at the site's deployment. */
    public boolean point(Site site) {
        var document = written(site, mongo.next("sites"));
        var mayReplace = and(
                eq("_id", site.host().text()),
                eq("project", site.project().text()),
                or(
                        lt("generation", site.generation()),
                        and(
                                eq("generation", site.generation()),
                                or(eq("deployment", site.deployment()), eq(GIVEN_BACK_BY, site.deployment())))));
        // Not an upsert: between a look and an insert somebody else may insert, and then it has to be looked at again.
        if (replaced(mayReplace, document) || inserted(document) || replaced(mayReplace, document)) {
            remember(site);
            return true;
        }
        return find(site.host())
                .map(now -> now.deployment().equals(site.deployment()))
                .orElse(false);
    }

    /**
     * As {@link #point}, and remembers with the pointer what the host showed before, so that {@link #giveBack} can show
     * it again, whatever became of whoever pointed it.
     */
    public boolean pointOnProbation(Site site) {
        while (true) {
            var found = mongo.in(
                    Mongo.SITES,
                    sites -> sites.find(eq("_id", site.host().text())).first());
            if (found == null) {
                if (inserted(written(site, mongo.next("sites")))) {
                    remember(site);
                    return true;
                }
                continue;
            }
            var ours = site.deployment().equals(found.getString("deployment"));
            if (!site.project().text().equals(found.getString("project"))
                    || generation(found) > site.generation()
                    || (generation(found) == site.generation()
                            && !ours
                            && !site.deployment().equals(found.getString(GIVEN_BACK_BY)))) {
                return ours;
            }
            var document = written(site, mongo.next("sites"));
            var before = ours ? found.get(BEFORE, Document.class) : shown(found);
            if (before != null) {
                document.put(BEFORE, before);
            }
            var still = and(
                    eq("_id", site.host().text()),
                    eq("generation", found.get("generation")),
                    eq("deployment", found.get("deployment")));
            if (replaced(still, document)) {
                remember(site);
                return true;
            }
        }
    }

    private static Document shown(Document found) {
        var shown = new Document();
        for (var field : List.of("deployment", "target", "role", "generation")) {
            shown.append(field, found.get(field));
        }
        return shown;
    }

    /**
     * Has the host show again what it showed before the deployment was pointed on probation, if it still shows that
     * deployment with that generation. The generation stays, so that whatever is newer goes live as if nothing had been.
     * Returns what the host shows now; empty if it was not on probation any more or showed nothing before.
     */
    public Optional<Site> giveBack(Host host, String deployment, long generation) {
        var ours = and(eq("_id", host.text()), eq("generation", generation), eq("deployment", deployment));
        var found = mongo.in(Mongo.SITES, sites -> sites.find(ours).first());
        if (found == null || found.get(BEFORE, Document.class) == null) {
            return Optional.empty();
        }
        var before = found.get(BEFORE, Document.class);
        var now = new Document(found);
        now.remove(BEFORE);
        now.put("deployment", before.get("deployment"));
        now.put("target", before.get("target"));
        now.put("role", before.get("role"));
        // Of two pointers with one generation, readers take the later one.
        var later = found.getDate("pointedAt").toInstant().plusMillis(1);
        var clock = Instant.now();
        now.put("pointedAt", Date.from(clock.isAfter(later) ? clock : later));
        now.put(GIVEN_BACK_BY, deployment);
        now.put(CHANGE, mongo.next("sites"));
        return replaced(ours, now) ? Optional.of(read(now)) : Optional.empty();
    }

    /** After the pointer: what never was live is never remembered, and whoever points again remembers again. */
    private void remember(Site site) {
        if (site.role() != Site.Role.PRODUCTION) {
            return;
        }
        var added = new Document("generation", site.generation())
                .append("deployment", site.deployment())
                .append("at", Date.from(site.pointedAt()));
        while (true) {
            var found = history(site.host());
            if (found == null) {
                if (begun(site, added)) {
                    return;
                }
                continue;
            }
            var pointings = new ArrayList<>(found.getList(POINTINGS, Document.class));
            if (pointings.stream().anyMatch(each -> generation(each) == site.generation())) {
                return;
            }
            pointings.add(added);
            pointings.sort(Comparator.comparingLong(Sites::generation));
            var kept = pointings.subList(Math.max(0, pointings.size() - REMEMBERED), pointings.size());
            if (mongo.swap(Mongo.HISTORIES, found, new Document(found).append(POINTINGS, List.copyOf(kept)))) {
                return;
            }
        }
    }

    private boolean begun(Site site, Document first) {
        var document = new Document("_id", site.host().text())
                .append("project", site.project().text())
                .append(POINTINGS, List.of(first))
                .append(Mongo.VERSION, 1L);
        try {
            mongo.in(Mongo.HISTORIES, histories -> histories.insertOne(document));
            return true;
        } catch (DuplicateKeyException e) {
            return false;
        }
    }

    private @Nullable Document history(Host host) {
        return mongo.in(
                Mongo.HISTORIES,
                histories -> histories.find(eq("_id", host.text())).first());
    }

    private static long generation(Document pointing) {
        return pointing.get("generation", Number.class).longValue();
    }

    /**
     * One time that a production host was pointed somewhere.
     *
     * @param at when
     */
    public record Pointing(String deployment, Instant at) {}

    /** What a production host has shown, newest first; the last {@value #REMEMBERED}. */
    public List<Pointing> pointings(Host host) {
        var found = history(host);
        return found == null
                ? List.of()
                : found.getList(POINTINGS, Document.class).reversed().stream()
                        .map(each -> new Pointing(
                                each.getString("deployment"), each.getDate("at").toInstant()))
                        .toList();
    }

    /**
     * Says where the deployment's app answers now, on every host that points at it. Returns whether any host learnt
     * something new.
     */
    public boolean reach(String deployment, List<String> addresses) {
        var changed = false;
        var documents = mongo.in(
                Mongo.SITES, sites -> sites.find(eq("deployment", deployment)).into(new ArrayList<>()));
        for (var document : documents) {
            var each = read(new Document(document));
            if (each.target() instanceof Target.Container(var manifest, var known) && !known.equals(addresses)) {
                var now = new Site(
                        each.host(),
                        each.project(),
                        deployment,
                        new Target.Container(manifest, addresses),
                        each.generation(),
                        each.role(),
                        each.pointedAt());
                var still = and(
                        eq("_id", each.host().text()),
                        eq("generation", each.generation()),
                        eq("deployment", deployment));
                var next = written(now, mongo.next("sites"));
                for (var field : List.of(BEFORE, GIVEN_BACK_BY)) {
                    if (document.get(field) != null) {
                        next.put(field, document.get(field));
                    }
                }
                changed |= replaced(still, next);
            }
        }
        return changed;
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

    /** Those of the hosts that point somewhere, in no order. */
    public List<Site> all(Collection<Host> hosts) {
        return hosts.isEmpty()
                ? List.of()
                : mongo.in(
                        Mongo.SITES,
                        sites -> sites.find(
                                        in("_id", hosts.stream().map(Host::text).toList()))
                                .map(Sites::read)
                                .into(new ArrayList<>()));
    }

    /** Those that point at the deployment, by host. */
    public List<Site> ofDeployment(String deployment) {
        return those(eq("deployment", deployment), "_id");
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
        mongo.in(Mongo.HISTORIES, histories -> histories.deleteMany(eq("project", project.text())));
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
