package codehaven.api.projects;

import codehaven.api.problems.Problem;
import codehaven.api.requests.Fields;
import codehaven.model.Environment;
import codehaven.model.Slug;
import codehaven.state.State;
import codehaven.state.Variables;
import codehaven.state.Variables.Variable;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.databind.node.ObjectNode;

/** The environment variables of projects, as far as they may be known. No value ever enters a log or an error. */
@Component
public final class ProjectVariables {

    private static final Pattern KEY = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,127}");

    private final State state;

    ProjectVariables(State state) {
        this.state = state;
    }

    /**
     * What may be known of a variable.
     *
     * @param value absent when it is sensitive
     * @param createdAt when a variable of that name was first set
     */
    public record Known(
            String key,
            @Nullable String value,
            boolean sensitive,
            List<Environment> environments,
            Instant createdAt,
            Instant updatedAt) {}

    /** A variable that is to be set, found to be right in itself. */
    record Setting(
            String key,
            String value,
            @Nullable Boolean sensitive,
            @Nullable List<Environment> environments) {}

    /** All of a project, by key. */
    public List<Known> list(Slug project) {
        var values = state.variables().readable(project);
        return state.variables().list(project).stream()
                .map(each -> known(each, values))
                .toList();
    }

    Optional<Known> find(Slug project, String key) {
        return variable(project, key).map(each -> known(project, each));
    }

    /**
     * Says what is wrong with a variable, without setting it.
     *
     * @throws Problem 422 that names the fields, 409 if it is sensitive and is to become readable
     */
    public void check(Slug project, String key, ObjectNode body) {
        checkStays(project, read(key, body));
    }

    /**
     * Adds the variable or replaces it.
     *
     * @param body {@code value}, and where it is not as it was, {@code sensitive} and {@code environments}
     * @throws Problem as {@link #check} does
     */
    public Known put(Slug project, String key, ObjectNode body) {
        return put(project, read(key, body));
    }

    Setting read(String key, ObjectNode body) {
        var fields = Fields.of(body);
        checkKey(fields, key);
        var value = fields.raw("value", Variables.MOST_BYTES);
        if (fields.isNull("value")) {
            fields.wrong("value", "A variable has a value; give a text, which may be empty.");
        }
        if (value != null && value.getBytes(StandardCharsets.UTF_8).length > Variables.MOST_BYTES) {
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
        return new Setting(key, value == null ? "" : value, sensitive, environments);
    }

    Known put(Slug project, Setting setting) {
        var old = checkStays(project, setting);
        var stays = old.map(Variable::sensitive).orElse(false);
        var where = setting.environments() == null
                ? old.map(Variable::environments).orElse(EnumSet.allOf(Environment.class))
                : Set.copyOf(setting.environments());
        var put = state.variables()
                .put(project, setting.key(), setting.value(), stays || Boolean.TRUE.equals(setting.sensitive()), where);
        return known(project, put);
    }

    /** Whether there was one. */
    public boolean delete(Slug project, String key) {
        return state.variables().delete(project, key);
    }

    private Optional<Variable> checkStays(Slug project, Setting setting) {
        var old = variable(project, setting.key());
        if (old.map(Variable::sensitive).orElse(false) && Boolean.FALSE.equals(setting.sensitive())) {
            throw Problem.conflict(
                    setting.key() + " is sensitive and stays so. Delete it first to set it as one that can be read.");
        }
        return old;
    }

    private Optional<Variable> variable(Slug project, String key) {
        return state.variables().list(project).stream()
                .filter(each -> each.key().equals(key))
                .findFirst();
    }

    private Known known(Slug project, Variable variable) {
        var value = variable.sensitive()
                ? Optional.<String>empty()
                : state.variables().readable(project, variable.key());
        return known(variable, value.map(each -> Map.of(variable.key(), each)).orElse(Map.of()));
    }

    private static Known known(Variable variable, Map<String, String> values) {
        return new Known(
                variable.key(),
                values.get(variable.key()),
                variable.sensitive(),
                variable.environments().stream().sorted().toList(),
                variable.createdAt(),
                variable.updatedAt());
    }

    private static void checkKey(Fields fields, String key) {
        if (!KEY.matcher(key).matches()) {
            fields.wrong(
                    "key",
                    "A variable's name has letters, digits and '_', does not begin with a digit, and has at most 128 characters.");
        } else if (key.startsWith("CODEHAVEN") || key.equals("CI") || key.equals("PORT")) {
            fields.wrong("key", key + " is set by CodeHaven itself. Choose another name.");
        }
    }
}
