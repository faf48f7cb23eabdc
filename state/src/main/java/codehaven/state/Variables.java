package codehaven.state;

import static com.mongodb.client.model.Filters.eq;
import static com.mongodb.client.model.Sorts.ascending;

import codehaven.model.Environment;
import codehaven.model.Slug;
import com.mongodb.client.model.ReplaceOptions;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.bson.Document;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;

/** The environment variables of projects; values are kept encrypted (AES-256-GCM, bound to project and key). */
public final class Variables {

    /** How long a value may be, in bytes of UTF-8. */
    public static final int MOST_BYTES = 64 * 1024;

    private static final Pattern KEY = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,127}");

    /**
     * @param environments where it is given
     * @param sensitive whether its value can never be read again through REST
     * @param createdAt when a variable of that name was set first, since it was last deleted
     */
    public record Variable(
            String key, boolean sensitive, Set<Environment> environments, Instant createdAt, Instant updatedAt) {
        public Variable {
            environments = Set.copyOf(environments);
        }
    }

    private final Mongo mongo;
    private final SecretBox box;

    Variables(Mongo mongo, SecretBox box) {
        this.mongo = mongo;
        this.box = box;
    }

    /**
     * Adds the variable or replaces it.
     *
     * @throws IllegalArgumentException with a sentence if the key is not a variable's name, the value is longer than
     *     {@link #MOST_BYTES} or has a NUL, or there is no environment
     */
    public Variable put(Slug project, String key, String value, boolean sensitive, Set<Environment> environments) {
        if (!KEY.matcher(key).matches()) {
            throw new IllegalArgumentException("a variable's name is letters, digits and underscores,"
                    + " does not begin with a digit, and has at most 128 characters");
        }
        if (value.getBytes(StandardCharsets.UTF_8).length > MOST_BYTES || value.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                    "the value of " + key + " has at most " + MOST_BYTES + " bytes and no NUL character");
        }
        if (environments.isEmpty()) {
            throw new IllegalArgumentException(key + " needs at least one environment: production or preview");
        }
        var now = Date.from(Instant.now());
        var before = document(project, key);
        var document = new Document("_id", id(project, key))
                .append("project", project.text())
                .append("key", key)
                .append("sealed", box.seal(id(project, key), value))
                .append("sensitive", sensitive)
                .append(
                        "environments",
                        environments.stream().sorted().map(Enum::name).toList())
                .append("createdAt", before == null ? now : createdAt(before))
                .append("updatedAt", now);
        try {
            replace(document);
        } catch (DuplicateKeyException e) {
            // Somebody else made it between our look and our insert; now it is there to be replaced.
            replace(document);
        }
        return read(document);
    }

    private void replace(Document document) {
        mongo.in(
                Mongo.VARIABLES,
                variables -> variables.replaceOne(
                        eq("_id", document.get("_id")), document, new ReplaceOptions().upsert(true)));
    }

    public boolean delete(Slug project, String key) {
        return mongo.in(
                Mongo.VARIABLES,
                variables -> variables.deleteOne(eq("_id", id(project, key))).getDeletedCount() == 1);
    }

    public void deleteAll(Slug project) {
        mongo.in(Mongo.VARIABLES, variables -> variables.deleteMany(eq("project", project.text())));
    }

    /** By key. */
    public List<Variable> list(Slug project) {
        return documents(project).stream().map(Variables::read).toList();
    }

    /** The value of a variable that is not sensitive; empty for one that is, or that is not there. */
    public Optional<String> readable(Slug project, String key) {
        var found = document(project, key);
        if (found == null || read(found).sensitive()) {
            return Optional.empty();
        }
        return Optional.of(box.open(id(project, key), found.getString("sealed")));
    }

    /** Key → value of all that are not sensitive. */
    public Map<String, String> readable(Slug project) {
        var values = new TreeMap<String, String>();
        for (var document : documents(project)) {
            var variable = read(document);
            if (!variable.sensitive()) {
                values.put(variable.key(), box.open(id(project, variable.key()), document.getString("sealed")));
            }
        }
        return values;
    }

    /** Key → value in clear, for a build. Never log or return it. */
    public Map<String, String> resolve(Slug project, Environment environment) {
        var values = new TreeMap<String, String>();
        for (var document : documents(project)) {
            var variable = read(document);
            if (variable.environments().contains(environment)) {
                values.put(variable.key(), box.open(id(project, variable.key()), document.getString("sealed")));
            }
        }
        return values;
    }

    private @Nullable Document document(Slug project, String key) {
        return mongo.in(
                Mongo.VARIABLES,
                variables -> variables.find(eq("_id", id(project, key))).first());
    }

    private List<Document> documents(Slug project) {
        return mongo.in(
                Mongo.VARIABLES,
                variables -> variables
                        .find(eq("project", project.text()))
                        .sort(ascending("key"))
                        .into(new ArrayList<>()));
    }

    private static Variable read(Document document) {
        var environments = EnumSet.noneOf(Environment.class);
        for (var name : document.getList("environments", String.class)) {
            environments.add(Environment.valueOf(name));
        }
        return new Variable(
                document.getString("key"),
                // What does not say so is not shown.
                document.getBoolean("sensitive", true),
                environments,
                createdAt(document).toInstant(),
                document.getDate("updatedAt").toInstant());
    }

    private static Date createdAt(Document document) {
        return document.getDate(document.containsKey("createdAt") ? "createdAt" : "updatedAt");
    }

    /** Also what the ciphertext is bound to. */
    private static String id(Slug project, String key) {
        return project.text() + "/" + key;
    }
}
