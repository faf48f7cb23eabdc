package codehaven.api.requests;

import codehaven.api.problems.Problem;
import codehaven.api.problems.Problem.FieldError;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A JSON object read field by field, strictly: what is wrong is collected, so that {@link #check} tells all of it at
 * once. Tells apart a field that is {@code null} from one that is not given.
 */
public final class Fields {

    private final @Nullable ObjectNode body;
    private final String prefix;
    private final List<FieldError> errors;
    private final Set<String> known = new TreeSet<>();

    private Fields(@Nullable ObjectNode body, String prefix, List<FieldError> errors) {
        this.body = body;
        this.prefix = prefix;
        this.errors = errors;
    }

    /**
     * @param body absent is the same as an empty object
     */
    public static Fields of(@Nullable ObjectNode body) {
        return new Fields(body, "", new ArrayList<>());
    }

    /** Whether the field is there, be it {@code null}. */
    public boolean given(String name) {
        known.add(name);
        return body != null && body.has(name);
    }

    /** Whether the field is absent or {@code null}. */
    public boolean isNull(String name) {
        return node(name) == null;
    }

    /** A line of text of 1 to {@code most} characters without control characters; null if absent or null. */
    public @Nullable String text(String name, int most) {
        var value = textOrEmpty(name, most);
        if (value != null && value.isBlank()) {
            wrong(name, name + " is empty. Leave it out, or give a text.");
            return null;
        }
        return value;
    }

    /** As {@link #text}, but may be empty. */
    public @Nullable String textOrEmpty(String name, int most) {
        var value = raw(name, most);
        if (value != null && value.chars().anyMatch(Character::isISOControl)) {
            wrong(name, name + " has a control character or a line break in it, which is not allowed.");
            return null;
        }
        return value;
    }

    /** Any text of at most {@code most} characters; null if absent or null. */
    public @Nullable String raw(String name, int most) {
        var node = node(name);
        if (node == null) {
            return null;
        }
        if (!node.isString()) {
            wrong(name, name + " is a text in quotes.");
            return null;
        }
        var value = node.stringValue();
        if (value.length() > most) {
            wrong(name, name + " has " + value.length() + " characters; at most " + most + " are allowed.");
            return null;
        }
        return value;
    }

    /** A text made into something else, whose constructor says in its exception what is wrong. */
    public <T> @Nullable T value(String name, int most, Function<String, T> reader) {
        var text = text(name, most);
        if (text == null) {
            return null;
        }
        try {
            return reader.apply(text);
        } catch (IllegalArgumentException e) {
            wrong(name, sentence(e));
            return null;
        }
    }

    public @Nullable Boolean flag(String name) {
        var node = node(name);
        if (node == null) {
            return null;
        }
        if (!node.isBoolean()) {
            wrong(name, name + " is true or false.");
            return null;
        }
        return node.booleanValue();
    }

    public @Nullable Integer whole(String name, int least, int most) {
        var node = node(name);
        if (node == null) {
            return null;
        }
        if (!node.isInt() || node.intValue() < least || node.intValue() > most) {
            wrong(name, name + " is a whole number from " + least + " to " + most + ".");
            return null;
        }
        return node.intValue();
    }

    public @Nullable Double number(String name, double least, double most) {
        var node = node(name);
        if (node == null) {
            return null;
        }
        if (!node.isNumber() || !(node.doubleValue() >= least && node.doubleValue() <= most)) {
            wrong(name, name + " is a number from " + least + " to " + most + ".");
            return null;
        }
        return node.doubleValue();
    }

    /** Texts, each made into something else; null if absent or null. */
    public <T> @Nullable List<T> list(String name, Function<String, T> reader) {
        var node = node(name);
        if (node == null) {
            return null;
        }
        if (!node.isArray() || node.size() > 100) {
            wrong(name, name + " is a list of texts.");
            return null;
        }
        var all = new ArrayList<T>();
        for (var each : node) {
            try {
                all.add(reader.apply(each.isString() ? each.stringValue() : each.toString()));
            } catch (IllegalArgumentException e) {
                wrong(name, sentence(e));
                return null;
            }
        }
        return all;
    }

    /** An object within this one, which is checked together with it; an empty one if absent or null. */
    public Fields object(String name) {
        var node = node(name);
        if (node != null && !(node instanceof ObjectNode)) {
            wrong(name, name + " is an object in braces.");
            return new Fields(null, prefix + name + ".", errors);
        }
        return new Fields((ObjectNode) node, prefix + name + ".", errors);
    }

    /**
     * Objects in a list, each made into something else; what is wrong within one is noted with its place, such as
     * {@code volumes[1].path}. Null if absent, null or not a list.
     *
     * @param reader gives null where it noted that something is wrong
     */
    public <T> @Nullable List<T> objects(String name, Function<Fields, @Nullable T> reader) {
        var node = node(name);
        if (node == null) {
            return null;
        }
        if (!node.isArray() || node.size() > 100) {
            wrong(name, name + " is a list of objects.");
            return null;
        }
        var all = new ArrayList<T>();
        for (int i = 0; i < node.size(); i++) {
            var at = name + "[" + i + "]";
            if (!(node.get(i) instanceof ObjectNode each)) {
                wrong(at, at + " is an object in braces.");
                continue;
            }
            var inner = new Fields(each, prefix + at + ".", errors);
            var made = reader.apply(inner);
            inner.closed();
            if (made != null) {
                all.add(made);
            }
        }
        return all;
    }

    public void wrong(String name, String message) {
        errors.add(new FieldError(prefix + name, message));
    }

    /** Takes fields that were not asked for as wrong, too; call when all were asked for. */
    public void closed() {
        if (body == null) {
            return;
        }
        for (var name : body.propertyNames()) {
            if (!known.contains(name)) {
                var shown = name.length() > 64 ? name.substring(0, 64) + "…" : name;
                wrong(
                        shown,
                        "There is no field " + prefix + shown + " here; there are: " + String.join(", ", known) + ".");
            }
        }
    }

    /**
     * @throws Problem 422 if anything was wrong
     */
    public void check() {
        closed();
        if (!errors.isEmpty()) {
            throw Problem.invalid(errors);
        }
    }

    private @Nullable JsonNode node(String name) {
        known.add(name);
        var node = body == null ? null : body.get(name);
        return node == null || node.isNull() ? null : node;
    }

    private static String sentence(IllegalArgumentException e) {
        var text = String.valueOf(e.getMessage());
        return Character.toUpperCase(text.charAt(0)) + text.substring(1) + (text.endsWith(".") ? "" : ".");
    }
}
