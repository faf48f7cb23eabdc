package codehaven.state;

import codehaven.model.Environment;
import codehaven.model.Slug;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The environment variables of projects; values are kept encrypted (AES-256-GCM, bound to project and key). */
public final class Variables {

    /**
     * @param environments where it is given
     * @param sensitive whether its value can never be read again through REST
     */
    public record Variable(String key, boolean sensitive, Set<Environment> environments, Instant updatedAt) {}

    public Variable put(Slug project, String key, String value, boolean sensitive, Set<Environment> environments) {
        throw new UnsupportedOperationException();
    }

    public boolean delete(Slug project, String key) {
        throw new UnsupportedOperationException();
    }

    public void deleteAll(Slug project) {
        throw new UnsupportedOperationException();
    }

    /** By key. */
    public List<Variable> list(Slug project) {
        throw new UnsupportedOperationException();
    }

    /** The value of a variable that is not sensitive; empty for one that is, or that is not there. */
    public Optional<String> readable(Slug project, String key) {
        throw new UnsupportedOperationException();
    }

    /** Key → value in clear, for a build. Never log or return it. */
    public Map<String, String> resolve(Slug project, Environment environment) {
        throw new UnsupportedOperationException();
    }
}
