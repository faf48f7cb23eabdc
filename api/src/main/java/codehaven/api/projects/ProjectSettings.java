package codehaven.api.projects;

import codehaven.api.problems.Problem;
import codehaven.api.requests.Fields;
import codehaven.model.Project;
import codehaven.model.Slug;
import codehaven.state.State;
import org.springframework.stereotype.Component;
import tools.jackson.databind.node.ObjectNode;

/** Finds projects, changes what is set of them, and takes them away. */
@Component
public final class ProjectSettings {

    private final State state;
    private final Repositories repositories;
    private final ProjectRemoval removal;

    ProjectSettings(State state, Repositories repositories, ProjectRemoval removal) {
        this.state = state;
        this.repositories = repositories;
        this.removal = removal;
    }

    /**
     * @throws Problem 404 if there is none
     */
    public Project find(String slug) {
        return Slug.of(slug).flatMap(state.projects()::find).orElseThrow(() -> unknown(slug));
    }

    /**
     * Changes the fields given, and only those; takes effect with the next deployment.
     *
     * @param body a field that is null is detected again
     * @throws Problem 404 if there is none, 422 that names the fields that are wrong
     */
    public Project change(String slug, ObjectNode body) {
        check(find(slug), body);
        return changed(slug, body);
    }

    void check(Project project, ObjectNode body) {
        var fields = Fields.of(body);
        ProjectForm.applied(fields, project, repositories);
        fields.check();
    }

    Project changed(String slug, ObjectNode body) {
        return Slug.of(slug)
                .flatMap(each ->
                        state.projects().update(each, old -> ProjectForm.applied(Fields.of(body), old, repositories)))
                .orElseThrow(() -> unknown(slug));
    }

    /**
     * Cancels what runs, and takes the project away with its sites, variables, deployments and logs.
     *
     * @throws Problem 404 if there is none, 503 if what runs cannot be cancelled now
     */
    public void delete(String slug) {
        removal.remove(find(slug));
    }

    static Problem unknown(String slug) {
        return Problem.notFound("There is no project " + slug + ".");
    }
}
