package codehaven.state;

import static com.mongodb.client.model.Filters.eq;
import static com.mongodb.client.model.Filters.gt;
import static com.mongodb.client.model.Filters.in;
import static com.mongodb.client.model.Projections.include;
import static com.mongodb.client.model.Sorts.ascending;

import codehaven.model.Deployment;
import codehaven.model.Project;
import codehaven.model.Slug;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bson.Document;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;

/** All projects. */
public final class Projects {

    // Kept beside the record's own fields.
    /** The project's newest deployment: its id and time; empty while there is none, absent in records of old. */
    private static final String LATEST = "latest";

    private static final String DEPLOYMENT = "deployment";
    private static final String CREATED_AT = "createdAt";

    private static final Comparator<Activity> NEWEST_FIRST = Comparator.comparing(Activity::at)
            .reversed()
            .thenComparing(each -> each.project().text());

    /**
     * When something was last begun in a project.
     *
     * @param at when its newest deployment was made, or where there is none, the project
     * @param deployment the newest one, where there is one; of many at once a crash may leave one that is not there
     */
    public record Activity(
            Slug project, Instant at, @Nullable String deployment) {}

    /** Grows after each change of what {@link #activity()} tells. */
    private static final String CHANGES = "projects";

    /** Whoever changed something and died before it was counted goes unnoticed for no longer than this. */
    private static final Duration TRUSTED = Duration.ofSeconds(5);

    private final Mongo mongo;
    private volatile @Nullable Known known;

    /** What was read last, and how many changes had been counted before that. */
    private record Known(long changes, long at, List<Activity> all) {}

    Projects(Mongo mongo) {
        this.mongo = mongo;
    }

    /**
     * @return false if the slug is taken already; nothing is changed then
     */
    public boolean create(Project project) {
        try {
            mongo.in(
                    Mongo.PROJECTS,
                    projects -> projects.insertOne(
                            written(project).append(LATEST, new Document()).append(Mongo.VERSION, 1L)));
            mongo.next(CHANGES);
            return true;
        } catch (DuplicateKeyException e) {
            return false;
        }
    }

    public Optional<Project> find(Slug slug) {
        return Optional.ofNullable(document(slug)).map(Projects::read);
    }

    /** The oldest project of a repository. */
    public Optional<Project> ofRepository(String repository) {
        return Optional.ofNullable(mongo.in(
                        Mongo.PROJECTS,
                        projects -> projects.find(eq("repository", repository))
                                .sort(ascending("createdAt", "_id"))
                                .first()))
                .map(Projects::read);
    }

    /**
     * Applies a change, again if another one came between; empty if there is no such project.
     *
     * @param change may be called several times; keeps the slug
     */
    public Optional<Project> update(Slug slug, UnaryOperator<Project> change) {
        while (true) {
            var found = document(slug);
            if (found == null) {
                return Optional.empty();
            }
            var changed = change.apply(read(new Document(found)));
            if (!changed.slug().equals(slug)) {
                throw new IllegalArgumentException("a project keeps its slug");
            }
            var next = written(changed);
            if (found.containsKey(LATEST)) {
                next.put(LATEST, found.get(LATEST));
            }
            if (mongo.swap(Mongo.PROJECTS, found, next)) {
                return Optional.of(read(next));
            }
        }
    }

    /**
     * By slug, ascending.
     *
     * @param after only slugs above this one
     */
    public List<Project> list(@Nullable Slug after, int limit) {
        return mongo.in(
                Mongo.PROJECTS,
                projects -> projects.find(after == null ? new Document() : gt("_id", after.text()))
                        .sort(ascending("_id"))
                        .limit(limit)
                        .map(Projects::read)
                        .into(new ArrayList<>()));
    }

    /**
     * All projects, the one with the newest deployment first. Asked for with each look at a list, so what was read is
     * kept until something changed; a change is counted a moment after it was made.
     */
    public List<Activity> activity() {
        var changes = mongo.count(CHANGES);
        var last = known;
        if (last != null && last.changes() == changes && System.nanoTime() - last.at() < TRUSTED.toNanos()) {
            return last.all();
        }
        var at = System.nanoTime();
        var all = readActivity();
        known = new Known(changes, at, all);
        return all;
    }

    private List<Activity> readActivity() {
        var documents = mongo.in(
                Mongo.PROJECTS,
                projects ->
                        projects.find().projection(include(CREATED_AT, LATEST)).into(new ArrayList<>()));
        var looked = documents.stream()
                .filter(each -> !each.containsKey(LATEST))
                .map(each -> each.getString("_id"))
                .toList();
        var found = looked.isEmpty() ? Map.<String, Activity>of() : remembered(looked);
        return documents.stream()
                .map(each -> found.getOrDefault(each.getString("_id"), activity(each)))
                .sorted(NEWEST_FIRST)
                .toList();
    }

    private static Activity activity(Document project) {
        var latest = project.get(LATEST) instanceof Document kept ? kept : new Document();
        var at = latest.getDate(CREATED_AT) == null ? project.getDate(CREATED_AT) : latest.getDate(CREATED_AT);
        return new Activity(new Slug(project.getString("_id")), at.toInstant(), latest.getString(DEPLOYMENT));
    }

    /** Looks through the deployments for those that have no newest one in their record yet, and writes it there. */
    private Map<String, Activity> remembered(List<String> slugs) {
        var newest = new HashMap<String, Activity>();
        for (var each : mongo.in(
                Mongo.DEPLOYMENTS,
                deployments -> deployments
                        .find(in("project", slugs))
                        .projection(include("project", CREATED_AT))
                        .into(new ArrayList<>()))) {
            var project = each.getString("project");
            var one = new Activity(new Slug(project), each.getDate(CREATED_AT).toInstant(), each.getString("_id"));
            newest.merge(project, one, (a, b) -> b.at().isAfter(a.at()) ? b : a);
        }
        for (var slug : slugs) {
            var one = newest.get(slug);
            latest(new Slug(slug), one == null ? null : one.deployment(), one == null ? null : one.at());
        }
        return newest;
    }

    /** Before the deployment itself is written, so that a list never misses one. */
    void began(Deployment deployment) {
        latest(deployment.project(), deployment.id(), deployment.createdAt());
    }

    /** Remembers the newest deployment, unless a newer one is remembered; absent for a project that has none. */
    private void latest(Slug slug, @Nullable String deployment, @Nullable Instant at) {
        while (true) {
            var found = document(slug);
            if (found == null) {
                return;
            }
            var before = found.get(LATEST) instanceof Document kept ? kept.getDate(CREATED_AT) : null;
            if (at == null
                    ? found.containsKey(LATEST)
                    : before != null && before.toInstant().isAfter(at)) {
                return;
            }
            var next = new Document(found);
            next.put(
                    LATEST,
                    at == null
                            ? new Document()
                            : new Document(DEPLOYMENT, deployment).append(CREATED_AT, Date.from(at)));
            if (mongo.swap(Mongo.PROJECTS, found, next)) {
                mongo.next(CHANGES);
                return;
            }
        }
    }

    public boolean delete(Slug slug) {
        var deleted = mongo.in(
                Mongo.PROJECTS,
                projects -> projects.deleteOne(eq("_id", slug.text())).getDeletedCount() == 1);
        mongo.next(CHANGES);
        return deleted;
    }

    /** A number higher than any that this method gave for the project before, also across its deletion; from 1. */
    public long nextGeneration(Slug slug) {
        return mongo.next("generation/" + slug);
    }

    private @Nullable Document document(Slug slug) {
        return mongo.in(
                Mongo.PROJECTS,
                projects -> projects.find(eq("_id", slug.text())).first());
    }

    private static Document written(Project project) {
        var document = Records.write(project);
        document.remove("slug");
        document.put("_id", project.slug().text());
        return document;
    }

    private static Project read(Document document) {
        document.put("slug", document.get("_id"));
        Defaults.settings(document);
        return Records.read(Project.class, document);
    }
}
