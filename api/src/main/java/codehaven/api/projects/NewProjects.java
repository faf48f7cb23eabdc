package codehaven.api.projects;

import codehaven.api.problems.Problem;
import codehaven.api.requests.Fields;
import codehaven.model.BuildSettings;
import codehaven.model.Project;
import codehaven.model.Slug;
import codehaven.state.Deployments;
import codehaven.state.Projects;
import codehaven.state.State;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.databind.node.ObjectNode;

/** Finds the project that a repository belongs to, or makes one under a name that is free. */
@Component
public final class NewProjects {

    private static final int NAMES = 100;

    private static final Slug UNNAMED = new Slug("unnamed");

    private static final String OF_BRANCH = "-git-";

    private final Projects projects;
    private final Deployments deployments;
    private final Repositories repositories;

    NewProjects(State state, Repositories repositories) {
        this.projects = state.projects();
        this.deployments = state.deployments();
        this.repositories = repositories;
    }

    /**
     * A project that somebody asked for, found to be right in itself.
     *
     * @param name absent to have one found; until then {@code project} has a stand-in
     */
    public record Wanted(@Nullable Slug name, Project project) {}

    /**
     * @throws Problem 422 that names the fields
     */
    public Wanted read(ObjectNode body) {
        var fields = Fields.of(body);
        var name = fields.value("name", 100, Slug::new);
        if (!fields.given("repository")) {
            fields.wrong("repository", "A project has a repository; give its address.");
        }
        var project = ProjectForm.applied(fields, blank(name == null ? UNNAMED : name, ""), repositories);
        fields.check();
        return new Wanted(name, project);
    }

    /** The name that the project gets: the one asked for, or a free one like the repository's. */
    public Slug nameOf(Wanted wanted) {
        return wanted.name() == null ? free(wanted.project().repository()) : wanted.name();
    }

    /** The oldest project of a repository, if it has one. */
    public Optional<Project> existing(String repository) {
        return projects.ofRepository(repository);
    }

    /** Makes a project under the name given, as {@link #create(Project, Slug, boolean)} does. */
    public Project create(Wanted wanted, Slug name, boolean repeated) {
        return create(wanted.project(), name, repeated);
    }

    /**
     * The named project, or the oldest of the repository; made if there is none.
     *
     * @throws Problem 409 if the name belongs to another repository
     */
    public Project ofRepository(String repository, @Nullable Slug name) {
        if (name != null) {
            return created(blank(name, repository), true);
        }
        return projects.ofRepository(repository).orElseGet(() -> nearest(repository));
    }

    /**
     * Makes a project under the name given.
     *
     * @param repeated whether one that is there already may be the one that was asked for
     * @throws Problem 409 if the name is taken
     */
    Project create(Project wanted, Slug name, boolean repeated) {
        return created(
                new Project(
                        name, wanted.repository(), wanted.productionBranch(), wanted.settings(), wanted.createdAt()),
                repeated);
    }

    /** @param mayBeThere whether one of the same name and repository does as well */
    private Project created(Project made, boolean mayBeThere) {
        var there = projects.find(made.slug());
        if (there.isEmpty()) {
            checkAddress(made.slug());
            if (projects.create(made)) {
                return made;
            }
            there = projects.find(made.slug());
        }
        return there.filter(each -> mayBeThere && each.repository().equals(made.repository()))
                .orElseThrow(() -> taken(made.slug()));
    }

    /** A name that nobody has yet, like the repository's or a folder's. */
    public Slug free(String repository) {
        return names(repository)
                .filter(each -> projects.find(each).isEmpty())
                .filter(each -> addressOf(each).isEmpty())
                .findFirst()
                .orElseThrow(() -> allTaken(repository));
    }

    private Project nearest(String repository) {
        return names(repository)
                .filter(each -> addressOf(each).isEmpty())
                .flatMap(name -> {
                    var made = blank(name, repository);
                    return projects.create(made)
                            ? Stream.of(made)
                            : projects
                                    .find(name)
                                    .filter(there -> there.repository().equals(repository))
                                    .stream();
                })
                .findFirst()
                .orElseThrow(() -> allTaken(repository));
    }

    /**
     * Another project that has, or could get, the name's address as that of a branch or of a deployment, or that would
     * so lose its own.
     */
    private Optional<String> addressOf(Slug name) {
        var text = name.text();
        for (var at = text.indexOf(OF_BRANCH, 1); at > 0; at = text.indexOf(OF_BRANCH, at + 1)) {
            var owner = text.substring(0, at);
            if (Slug.of(owner).flatMap(projects::find).isPresent()) {
                return Optional.of(owner);
            }
        }
        var last = text.lastIndexOf('-');
        if (last > 0) {
            var owner = text.substring(0, last);
            if (deployments
                    .find(text.substring(last + 1))
                    .filter(each -> each.project().text().equals(owner))
                    .isPresent()) {
                return Optional.of(owner);
            }
        }
        return projects.activity().stream()
                .map(each -> each.project().text())
                .filter(each -> each.startsWith(text + OF_BRANCH))
                .findFirst();
    }

    private void checkAddress(Slug name) {
        addressOf(name).ifPresent(other -> {
            throw Problem.conflict("The name " + name + " is not free: the project " + other
                    + " has an address like that for a branch or a deployment. Choose another name.");
        });
    }

    private static Stream<Slug> names(String repository) {
        var base = Slug.nearestTo(Repositories.nameOf(repository));
        return IntStream.rangeClosed(1, NAMES).mapToObj(n -> n == 1 ? base : numbered(base, n));
    }

    private static Problem allTaken(String repository) {
        return Problem.conflict("All names like " + Slug.nearestTo(Repositories.nameOf(repository))
                + " are taken. Give a name of your own.");
    }

    static Project blank(Slug slug, String repository) {
        return new Project(
                slug, repository, null, BuildSettings.DETECTED, Instant.now().truncatedTo(ChronoUnit.MILLIS));
    }

    private static Slug numbered(Slug base, int n) {
        var end = "-" + n;
        var room = Slug.MAX_LENGTH - end.length();
        var text = base.text();
        return new Slug((text.length() > room ? text.substring(0, room).replaceAll("-+$", "") : text) + end);
    }

    private static Problem taken(Slug name) {
        return Problem.conflict("The name " + name + " is taken by another project. Choose another name.");
    }
}
