package codehaven.api.projects;

import codehaven.api.problems.Problem;
import codehaven.api.projects.ProjectVariables.Known;
import codehaven.api.requests.Once;
import codehaven.api.requests.Page;
import codehaven.model.Environment;
import codehaven.model.Slug;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ObjectNode;

/** {@code /v1/projects/{slug}/env}. No value ever enters a log or an error. */
@RestController
@RequestMapping("/v1/projects/{slug}/env")
@Tag(name = "Environment variables", description = "A change takes effect with the next deployment")
final class VariablesController {

    private static final int MOST = 1_000;

    private final ProjectSettings projects;
    private final ProjectVariables variables;
    private final Once once;

    VariablesController(ProjectSettings projects, ProjectVariables variables, Once once) {
        this.projects = projects;
        this.variables = variables;
        this.once = once;
    }

    /**
     * A variable as callers see it.
     *
     * @param value absent when it is sensitive
     */
    record VariableView(
            String key, @Nullable String value, boolean sensitive, List<Environment> environments, Instant updatedAt) {}

    /** What can be said of a variable; for the description of the API. */
    record VariableForm(
            @Schema(requiredMode = Schema.RequiredMode.REQUIRED)
            String value,

            @Nullable Boolean sensitive,
            @Nullable List<Environment> environments) {}

    @GetMapping
    @Operation(summary = "All variables, by key; the values of sensitive ones are left out")
    Page<VariableView> list(
            @PathVariable String slug,
            @RequestParam(required = false) @Nullable String after,
            @RequestParam(required = false) @Nullable String limit) {
        var most = Page.limit(limit, MOST, MOST);
        var found = variables.list(project(slug)).stream()
                .filter(each -> after == null || each.key().compareTo(after) > 0)
                .limit(most + 1L)
                .toList();
        return Page.of(found, most, Known::key, VariablesController::view);
    }

    @GetMapping("/{key}")
    @Operation(summary = "A variable; the value is left out when it is sensitive")
    VariableView get(@PathVariable String slug, @PathVariable String key) {
        return variables
                .find(project(slug), key)
                .map(VariablesController::view)
                .orElseThrow(VariablesController::unknown);
    }

    @PutMapping("/{key}")
    @Operation(
            summary = "Set a variable",
            description =
                    "Given to production and preview unless `environments` says less. Once sensitive, it stays so,"
                            + " and its value can never be read again.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(
            content = @Content(schema = @Schema(implementation = VariableForm.class)))
    VariableView put(
            HttpServletRequest request,
            @PathVariable String slug,
            @PathVariable String key,
            @RequestBody ObjectNode body) {
        var project = project(slug);
        var setting = variables.read(key, body);
        return once.make(request, key, (result, repeated) -> view(variables.put(project, setting)));
    }

    @DeleteMapping("/{key}")
    @Operation(summary = "Delete a variable")
    ResponseEntity<Void> delete(HttpServletRequest request, @PathVariable String slug, @PathVariable String key) {
        var project = project(slug);
        return once.make(request, key, (result, repeated) -> {
            if (!variables.delete(project, key) && !repeated) {
                throw unknown();
            }
            return ResponseEntity.noContent().build();
        });
    }

    private static VariableView view(Known variable) {
        return new VariableView(
                variable.key(), variable.value(), variable.sensitive(), variable.environments(), variable.updatedAt());
    }

    private Slug project(String slug) {
        return projects.find(slug).slug();
    }

    private static Problem unknown() {
        return Problem.notFound("There is no variable of that name.");
    }
}
