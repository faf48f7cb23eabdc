package codehaven.api.projects;

import codehaven.api.problems.Problem;
import codehaven.api.requests.Fields;
import codehaven.api.requests.Once;
import codehaven.api.requests.Page;
import codehaven.model.Environment;
import codehaven.model.Slug;
import codehaven.state.State;
import codehaven.state.Variables.Variable;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ObjectNode;

/** {@code /v1/projects/{slug}/env}. No value ever enters a log or an error. */
@RestController
@RequestMapping("/v1/projects/{slug}/env")
@Tag(name = "Environment variables", description = "A change takes effect with the next deployment")
final class VariablesController {

    private static final Pattern KEY = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,255}");
    private static final int VALUE = 64 * 1024;

    private final State state;
    private final Once once;

    VariablesController(State state, Once once) {
        this.state = state;
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
    Page<VariableView> list(@PathVariable String slug) {
        var project = project(slug);
        return new Page<>(
                state.variables().list(project).stream()
                        .map(each -> view(project, each))
                        .toList(),
                null);
    }

    @GetMapping("/{key}")
    @Operation(summary = "A variable; the value is left out when it is sensitive")
    VariableView get(@PathVariable String slug, @PathVariable String key) {
        var project = project(slug);
        return find(project, key).map(each -> view(project, each)).orElseThrow(VariablesController::unknown);
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
        var fields = Fields.of(body);
        checkKey(fields, key);
        var value = fields.raw("value", VALUE);
        if (fields.isNull("value")) {
            fields.wrong("value", "A variable has a value; give a text, which may be empty.");
        }
        if (value != null && value.getBytes(StandardCharsets.UTF_8).length > VALUE) {
            fields.wrong("value", "The value is larger than 64 KiB.");
        }
        if (value != null && value.indexOf('\0') >= 0) {
            fields.wrong("value", "The value has a NUL character in it, which no program could read.");
        }
        var sensitive = fields.flag("sensitive");
        var environments = fields.list("environments", Environment::of);
        if (environments != null && environments.isEmpty()) {
            fields.wrong("environments", "environments names production, preview or both.");
        }
        fields.check();
        return once.make(request, key, (result, repeated) -> {
            var old = find(project, key);
            var stays = old.map(Variable::sensitive).orElse(false);
            if (stays && Boolean.FALSE.equals(sensitive)) {
                throw Problem.conflict(
                        key + " is sensitive and stays so. Delete it first to set it as one that can be read.");
            }
            var where = environments == null
                    ? old.map(Variable::environments).orElse(EnumSet.allOf(Environment.class))
                    : Set.copyOf(environments);
            var put = state.variables()
                    .put(project, key, value == null ? "" : value, stays || Boolean.TRUE.equals(sensitive), where);
            return view(project, put);
        });
    }

    @DeleteMapping("/{key}")
    @Operation(summary = "Delete a variable")
    ResponseEntity<Void> delete(HttpServletRequest request, @PathVariable String slug, @PathVariable String key) {
        var project = project(slug);
        return once.make(request, key, (result, repeated) -> {
            if (!state.variables().delete(project, key) && !repeated) {
                throw unknown();
            }
            return ResponseEntity.noContent().build();
        });
    }

    private VariableView view(Slug project, Variable variable) {
        return new VariableView(
                variable.key(),
                variable.sensitive()
                        ? null
                        : state.variables().readable(project, variable.key()).orElse(null),
                variable.sensitive(),
                variable.environments().stream().sorted().toList(),
                variable.updatedAt());
    }

    private static void checkKey(Fields fields, String key) {
        if (!KEY.matcher(key).matches()) {
            fields.wrong(
                    "key",
                    "A variable's name has letters, digits and '_', does not begin with a digit, and has at most 256 characters.");
        } else if (key.startsWith("CODEHAVEN") || key.equals("CI") || key.equals("PORT")) {
            fields.wrong("key", key + " is set by CodeHaven itself. Choose another name.");
        }
    }

    private Optional<Variable> find(Slug project, String key) {
        return state.variables().list(project).stream()
                .filter(each -> each.key().equals(key))
                .findFirst();
    }

    private Slug project(String slug) {
        return ProjectsController.slugOf(slug)
                .flatMap(state.projects()::find)
                .orElseThrow(() -> ProjectsController.unknown(slug))
                .slug();
    }

    private static Problem unknown() {
        return Problem.notFound("There is no variable of that name.");
    }
}
