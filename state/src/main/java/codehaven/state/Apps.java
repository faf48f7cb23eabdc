package codehaven.state;

import static com.mongodb.client.model.Filters.and;
import static com.mongodb.client.model.Filters.eq;
import static com.mongodb.client.model.Filters.exists;
import static com.mongodb.client.model.Sorts.ascending;
import static com.mongodb.client.model.Updates.combine;
import static com.mongodb.client.model.Updates.inc;
import static com.mongodb.client.model.Updates.set;
import static com.mongodb.client.model.Updates.unset;

import codehaven.model.App;
import codehaven.model.App.Instance;
import codehaven.model.App.Wanted;
import codehaven.model.Slug;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.mongodb.client.model.ReplaceOptions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.bson.Document;
import org.bson.conversions.Bson;
import org.springframework.dao.DuplicateKeyException;

/**
 * The apps of dynamic deployments: how each is wanted, which whoever runs containers makes true, and how its containers
 * are. Each side writes its own fields only, so neither undoes what the other says.
 */
public final class Apps {

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final TypeReference<Map<String, String>> TEXTS = new TypeReference<>() {};

    private final Mongo mongo;
    private final SecretBox box;

    Apps(Mongo mongo, SecretBox box) {
        this.mongo = mongo;
        this.box = box;
    }

    /**
     * Adds the app. One of the same deployment and image that is there stays, with its containers, and is wanted as this
     * one is; where settings or variables are other ones than before, its containers are replaced by new ones.
     *
     * @param variables its environment, secrets among them; kept encrypted
     */
    public void put(App app, Map<String, String> variables) {
        var there = find(app.deployment())
                .filter(each -> each.image().reference().equals(app.image().reference()));
        if (there.isPresent() && updated(same(there.get()), changes(there.get(), app, variables))) {
            return;
        }
        var document = Records.write(app);
        document.remove("deployment");
        document.put("_id", app.deployment());
        document.put("sealed", sealed(app.deployment(), variables));
        try {
            replace(document);
        } catch (DuplicateKeyException e) {
            // Somebody else made it between our look and our insert; now it is there to be replaced.
            replace(document);
        }
    }

    private static Bson same(App app) {
        return and(
                eq("_id", app.deployment()), eq("image.reference", app.image().reference()));
    }

    private Bson changes(App before, App app, Map<String, String> variables) {
        var wanted = combine(wantedAs(app.wanted(), app.wantedAt()), set("replicas", app.replicas()));
        if (before.settings().equals(app.settings())
                && before.image().equals(app.image())
                && variables(app.deployment()).equals(variables)) {
            return wanted;
        }
        var written = Records.write(app);
        return combine(
                wanted,
                set("image", written.get("image")),
                set("settings", written.get("settings")),
                set("sealed", sealed(app.deployment(), variables)),
                inc("epoch", 1));
    }

    private String sealed(String deployment, Map<String, String> variables) {
        return box.seal(owner(deployment), written(variables));
    }

    private void replace(Document document) {
        mongo.in(
                Mongo.APPS,
                apps -> apps.replaceOne(eq("_id", document.get("_id")), document, new ReplaceOptions().upsert(true)));
    }

    public Optional<App> find(String deployment) {
        return Optional.ofNullable(mongo.in(
                        Mongo.APPS, apps -> apps.find(eq("_id", deployment)).first()))
                .map(Apps::read);
    }

    /** All of them, by deployment. */
    public List<App> all() {
        return those(new Document());
    }

    /** By deployment. */
    public List<App> ofProject(Slug project) {
        return those(eq("project", project.text()));
    }

    /** The environment in clear, for its containers. Never log or return it. */
    public Map<String, String> variables(String deployment) {
        var found =
                mongo.in(Mongo.APPS, apps -> apps.find(eq("_id", deployment)).first());
        if (found == null) {
            return Map.of();
        }
        try {
            return JSON.readValue(box.open(owner(deployment), found.getString("sealed")), TEXTS);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the variables of the app " + deployment + " cannot be read", e);
        }
    }

    /** Wants it otherwise; what is wanted {@code RUNNING} also counts as used now. Returns whether there is such an app. */
    public boolean want(String deployment, Wanted wanted, Instant now) {
        return updated(eq("_id", deployment), wantedAs(wanted, now));
    }

    /** Lets an app that nobody used since the given time sleep. Returns whether it does. */
    public boolean sleep(App app, Instant now) {
        return updated(
                and(
                        eq("_id", app.deployment()),
                        eq("wanted", Wanted.RUNNING.name()),
                        eq("usedAt", Date.from(app.usedAt()))),
                wantedAs(Wanted.ASLEEP, now));
    }

    private static Bson wantedAs(Wanted wanted, Instant now) {
        var changes = combine(set("wanted", wanted.name()), set("wantedAt", Date.from(now)));
        return wanted == Wanted.RUNNING ? combine(changes, set("usedAt", Date.from(now))) : changes;
    }

    /** Wakes it if it sleeps. Returns whether it runs or is about to. */
    public boolean wake(String deployment, Instant now) {
        return updated(and(eq("_id", deployment), eq("wanted", Wanted.ASLEEP.name())), wantedAs(Wanted.RUNNING, now))
                || find(deployment)
                        .filter(app -> app.wanted() == Wanted.RUNNING)
                        .isPresent();
    }

    /** Somebody uses it. */
    public void used(String deployment, Instant now) {
        updated(eq("_id", deployment), set("usedAt", Date.from(now)));
    }

    /** Wants another number of containers. */
    public boolean replicas(String deployment, int replicas) {
        return updated(eq("_id", deployment), set("replicas", replicas));
    }

    /** Has its containers replaced by new ones, one after the other. */
    public boolean restart(String deployment) {
        return updated(eq("_id", deployment), inc("epoch", 1));
    }

    /** How the first container of it is, said by an engine that wants to run it. Returns whether no other was quicker. */
    public boolean claim(String deployment, Instance instance) {
        return updated(
                and(eq("_id", deployment), exists("instances." + instance.n(), false)),
                set("instances." + instance.n(), Records.write(instance)));
    }

    /** How a container of it is. */
    public void report(String deployment, Instance instance) {
        var document = Records.write(instance);
        updated(eq("_id", deployment), set("instances." + instance.n(), document));
    }

    /** A container of it is no more. */
    public void removed(String deployment, int n) {
        updated(eq("_id", deployment), unset("instances." + n));
    }

    public void delete(String deployment) {
        mongo.in(Mongo.APPS, apps -> apps.deleteOne(eq("_id", deployment)));
    }

    public void deleteOf(Slug project) {
        mongo.in(Mongo.APPS, apps -> apps.deleteMany(eq("project", project.text())));
    }

    private boolean updated(Bson which, Bson changes) {
        return mongo.in(Mongo.APPS, apps -> apps.updateOne(which, changes).getMatchedCount() == 1);
    }

    private List<App> those(Bson filter) {
        return mongo.in(
                Mongo.APPS,
                apps -> apps.find(filter).sort(ascending("_id")).map(Apps::read).into(new ArrayList<>()));
    }

    private static App read(Document document) {
        document.put("deployment", document.get("_id"));
        return Records.read(App.class, document);
    }

    private static String owner(String deployment) {
        return "app/" + deployment;
    }

    private static String written(Map<String, String> variables) {
        try {
            return JSON.writeValueAsString(new TreeMap<>(variables));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("texts can be written", e);
        }
    }
}
