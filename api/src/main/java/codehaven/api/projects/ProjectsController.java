package codehaven.api.projects;

import codehaven.api.ApiSettings;
import codehaven.api.problems.Problem;
import codehaven.api.requests.Once;
import codehaven.api.requests.Page;
import codehaven.model.Slug;
import codehaven.state.State;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.net.URI;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ObjectNode;

/** {@code /v1/projects}. */
@RestController
@RequestMapping("/v1/projects")
@Tag(name = "Projects", description = "A repository and how to build it")
final class ProjectsController {

    private final State state;
    private final ApiSettings settings;
    private final NewProjects newProjects;
    private final ProjectSettings projects;
    private final Once once;

    ProjectsController(
            State state, ApiSettings settings, NewProjects newProjects, ProjectSettings projects, Once once) {
        this.state = state;
        this.settings = settings;
        this.newProjects = newProjects;
        this.projects = projects;
        this.once = once;
    }

    @PostMapping
    @Operation(summary = "Make a project", description = "`name` is taken from the repository when it is not given.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(
            content = @Content(schema = @Schema(implementation = NewProjectForm.class)))
    ResponseEntity<ProjectView> create(HttpServletRequest request, @RequestBody ObjectNode body) {
        var wanted = newProjects.read(body);
        return once.make(request, newProjects.nameOf(wanted).text(), (result, repeated) -> {
            var made = newProjects.create(wanted, new Slug(result), repeated);
            return ResponseEntity.created(URI.create("/v1/projects/" + made.slug()))
                    .body(ProjectView.of(made, settings));
        });
    }

    @GetMapping("/{slug}")
    @Operation(summary = "A project")
    ProjectView get(@PathVariable String slug) {
        return ProjectView.of(projects.find(slug), settings);
    }

    @GetMapping
    @Operation(summary = "All projects, by slug")
    Page<ProjectView> list(
            @RequestParam(required = false) @Nullable String limit,
            @RequestParam(required = false) @Nullable String after) {
        var size = Page.limit(limit, Page.USUAL, 100);
        var found = state.projects().list(after == null ? null : cursor(after), size + 1);
        return Page.of(found, size, each -> each.slug().text(), each -> ProjectView.of(each, settings));
    }

    @PatchMapping("/{slug}")
    @Operation(
            summary = "Change a project",
            description =
                    "Only the fields given change; null means: detect it again. Takes effect with the next deployment.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(
            content = @Content(schema = @Schema(implementation = ProjectForm.class)))
    ProjectView change(HttpServletRequest request, @PathVariable String slug, @RequestBody ObjectNode body) {
        var project = projects.find(slug);
        projects.check(project, body);
        return once.make(
                request,
                project.slug().text(),
                (result, repeated) -> ProjectView.of(projects.changed(slug, body), settings));
    }

    @DeleteMapping("/{slug}")
    @Operation(
            summary = "Delete a project",
            description = "Cancels its running deployments; its sites, variables, deployments and logs go with it.")
    ResponseEntity<Void> delete(HttpServletRequest request, @PathVariable String slug) {
        return once.make(request, slug, (result, repeated) -> {
            if (repeated && Slug.of(slug).flatMap(state.projects()::find).isEmpty()) {
                return ResponseEntity.noContent().build();
            }
            projects.delete(slug);
            return ResponseEntity.noContent().build();
        });
    }

    private static Slug cursor(String after) {
        return Slug.of(after).orElseThrow(() -> Problem.invalid("after", "after is the next of the page before."));
    }
}
