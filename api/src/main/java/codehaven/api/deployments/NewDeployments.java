package codehaven.api.deployments;

import codehaven.api.problems.Problem;
import codehaven.api.projects.NewProjects;
import codehaven.api.projects.Refs;
import codehaven.api.projects.Repositories;
import codehaven.api.requests.Fields;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.GitSource;
import codehaven.model.Project;
import codehaven.model.Slug;
import codehaven.model.Trigger;
import codehaven.state.Deployments.Filter;
import codehaven.state.State;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.databind.node.ObjectNode;

/** Reads the one-field start, and makes deployments. */
@Component
public final class NewDeployments {

    private final State state;
    private final NewProjects projects;
    private final Repositories repositories;
    private final Queue queue;

    NewDeployments(State state, NewProjects projects, Repositories repositories, Queue queue) {
        this.state = state;
        this.projects = projects;
        this.repositories = repositories;
        this.queue = queue;
    }

    /** What somebody asked to have deployed, found to be right in itself. */
    public record Order(
            @Nullable String repository,
            @Nullable Slug project,
            @Nullable Slug name,
            @Nullable String ref,
            @Nullable Environment environment) {}

    /**
     * @throws Problem 422 that names the fields
     */
    public Order read(ObjectNode body) {
        var fields = Fields.of(body);
        if (fields.given("files")) {
            throw Problem.notYet(
                    "Deploying files that are sent along is not available yet. Give the repository's address instead.");
        }
        var repository = fields.value("repository", 2_000, repositories::normalised);
        var project = fields.text("project", 100);
        var name = fields.value("name", 100, Slug::new);
        var ref = fields.value("ref", 250, Refs::checked);
        var environment = fields.value("environment", 20, Environment::of);
        if (fields.isNull("repository") == fields.isNull("project")) {
            fields.wrong(
                    fields.isNull("repository") ? "repository" : "project",
                    fields.isNull("repository")
                            ? "Give the repository's address, or the project's slug as project."
                            : "Give either repository or project, not both.");
        }
        if (project != null && name != null) {
            fields.wrong("name", "name is for a new project; leave it out when project is given.");
        }
        fields.check();
        return new Order(repository, project == null ? null : slugOf(project), name, ref, environment);
    }

    /** Makes the deployment, and its project if there is none; with the id of one that is there, gives that. */
    public Deployment make(Order order, String id, boolean repeated) {
        if (repeated) {
            var made = state.deployments().find(id);
            if (made.isPresent()) {
                return made.get();
            }
        }
        var project = projectOf(order);
        var environment = order.environment() == null ? environmentOf(project, order.ref()) : order.environment();
        var ref = order.ref() == null ? project.productionBranch() : order.ref();
        return queue.enter(new Deployment(
                id,
                project.slug(),
                environment,
                DeploymentStatus.QUEUED,
                Trigger.API,
                new GitSource(project.repository(), ref),
                project.settings(),
                state.projects().nextGeneration(project.slug()),
                null,
                null,
                null,
                null,
                Queue.now(),
                null,
                List.of(),
                null,
                null,
                null,
                null,
                0));
    }

    /** An id for {@link #make}. */
    public static String newId() {
        return Ids.next();
    }

    /** The same commit again, with the project's settings as they are now. */
    Deployment again(Deployment old, String id) {
        var project = state.projects()
                .find(old.project())
                .orElseThrow(() -> unknown(old.project().text()));
        var commit = old.commit();
        return queue.enter(new Deployment(
                id,
                old.project(),
                old.environment(),
                DeploymentStatus.QUEUED,
                Trigger.REDEPLOY,
                commit == null
                        ? old.source()
                        : new GitSource(old.source().repository(), commit.sha().text()),
                project.settings(),
                state.projects().nextGeneration(old.project()),
                old.branch(),
                commit,
                null,
                null,
                Queue.now(),
                null,
                List.of(),
                null,
                null,
                null,
                null,
                0));
    }

    private Project projectOf(Order order) {
        var named = order.project();
        if (named != null) {
            return state.projects().find(named).orElseThrow(() -> unknown(named.text()));
        }
        if (order.repository() == null) {
            throw new IllegalStateException("an order names a project or a repository");
        }
        return projects.ofRepository(order.repository(), order.name());
    }

    /** The production branch, or the very first of a project that has none yet, goes to production. */
    private Environment environmentOf(Project project, @Nullable String ref) {
        if (ref == null || ref.equals(project.productionBranch())) {
            return Environment.PRODUCTION;
        }
        var first = project.productionBranch() == null
                && state.deployments()
                        .list(new Filter(project.slug(), null, null, null), null, 1)
                        .isEmpty();
        return first ? Environment.PRODUCTION : Environment.PREVIEW;
    }

    private static Slug slugOf(String text) {
        try {
            return new Slug(text);
        } catch (IllegalArgumentException e) {
            throw unknown(text);
        }
    }

    private static Problem unknown(String project) {
        return Problem.notFound("There is no project " + project + ".");
    }
}
