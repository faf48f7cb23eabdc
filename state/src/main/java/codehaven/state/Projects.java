package codehaven.state;

import codehaven.model.Project;
import codehaven.model.Slug;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** All projects. */
public final class Projects {

    /**
     * @return false if the slug is taken already; nothing is changed then
     */
    public boolean create(Project project) {
        throw new UnsupportedOperationException();
    }

    public Optional<Project> find(Slug slug) {
        throw new UnsupportedOperationException();
    }

    /** The oldest project of a repository. */
    public Optional<Project> ofRepository(String repository) {
        throw new UnsupportedOperationException();
    }

    /**
     * Applies a change, again if another one came between; empty if there is no such project.
     */
    public Optional<Project> update(Slug slug, UnaryOperator<Project> change) {
        throw new UnsupportedOperationException();
    }

    /**
     * By slug, ascending.
     *
     * @param after only slugs above this one
     */
    public List<Project> list(@Nullable Slug after, int limit) {
        throw new UnsupportedOperationException();
    }

    public boolean delete(Slug slug) {
        throw new UnsupportedOperationException();
    }

    /** A number higher than any that this method gave for the project before, also across its deletion; from 1. */
    public long nextGeneration(Slug slug) {
        throw new UnsupportedOperationException();
    }
}
