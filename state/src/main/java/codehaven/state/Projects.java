package codehaven.state;

import static com.mongodb.client.model.Filters.eq;
import static com.mongodb.client.model.Filters.gt;
import static com.mongodb.client.model.Sorts.ascending;

import codehaven.model.Project;
import codehaven.model.Slug;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bson.Document;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;

/** All projects. */
public final class Projects {

    private final Mongo mongo;

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
                    projects -> projects.insertOne(written(project).append(Mongo.VERSION, 1L)));
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

    public boolean delete(Slug slug) {
        return mongo.in(
                Mongo.PROJECTS,
                projects -> projects.deleteOne(eq("_id", slug.text())).getDeletedCount() == 1);
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
