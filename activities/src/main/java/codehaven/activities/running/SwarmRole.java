package codehaven.activities.running;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a Docker engine is in a Swarm.
 *
 * @param state Docker's word: {@code active} when it takes part, another one while it starts, is locked or failed to
 * @param node its id there
 * @param address where other hosts reach it
 * @param cluster the Swarm's id; absent on a worker, which runs what managers say
 */
record SwarmRole(
        String state, String node, String address, @Nullable String cluster) {

    private static final String ACTIVE = "active";

    /**
     * Empty outside of a Swarm.
     *
     * @param engine what it says of itself
     */
    static Optional<SwarmRole> of(JsonNode engine) {
        var told = engine.path("Swarm");
        var state = told.path("LocalNodeState").asText();
        if (state.isEmpty() || state.equals("inactive")) {
            return Optional.empty();
        }
        var cluster = told.path("Cluster").path("ID").asText();
        return Optional.of(new SwarmRole(
                state,
                told.path("NodeID").asText(),
                told.path("NodeAddr").asText(),
                told.path("ControlAvailable").asBoolean() && !cluster.isEmpty() ? cluster : null));
    }

    boolean isActive() {
        return state.equals(ACTIVE);
    }

    /** Whether what runs in the Swarm is decided here. */
    boolean isManager() {
        return isActive() && cluster != null;
    }

    /** A sentence's end for the log. */
    String described() {
        if (!isActive()) {
            return "not able to take part in its Swarm, which is " + state + ": docker info says why";
        }
        return cluster == null
                ? "a worker of a Swarm: its managers decide what runs"
                : "a manager of the Swarm " + cluster + ": apps run as its services";
    }
}
