package codehaven.activities.running;

import com.github.dockerjava.api.model.Info;
import com.github.dockerjava.api.model.LocalNodeState;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a Docker engine is in a Swarm.
 *
 * @param state {@code ACTIVE} when it takes part; another one while it starts, is locked or failed to
 * @param node its id there
 * @param address where other hosts reach it
 * @param cluster the Swarm's id; absent on a worker, which runs what managers say
 */
record SwarmRole(
        LocalNodeState state,
        String node,
        String address,
        @Nullable String cluster) {

    /** Empty outside of a Swarm. */
    static Optional<SwarmRole> of(Info engine) {
        var told = engine.getSwarm();
        if (told == null || told.getLocalNodeState() == null) {
            return Optional.empty();
        }
        return switch (told.getLocalNodeState()) {
            case INACTIVE, EMPTY -> Optional.empty();
            case ACTIVE, PENDING, LOCKED, ERROR ->
                Optional.of(new SwarmRole(
                        told.getLocalNodeState(),
                        text(told.getNodeID()),
                        text(told.getNodeAddr()),
                        Boolean.TRUE.equals(told.getControlAvailable()) && told.getClusterInfo() != null
                                ? told.getClusterInfo().getId()
                                : null));
        };
    }

    private static String text(@Nullable String told) {
        return told == null ? "" : told;
    }

    /** Whether what runs in the Swarm is decided here. */
    boolean isManager() {
        return state == LocalNodeState.ACTIVE && cluster != null;
    }

    /** A sentence's end for the log. */
    String described() {
        return switch (state) {
            case ACTIVE -> cluster == null ? "a worker of a Swarm: its managers decide what runs" : "a manager of the Swarm " + cluster;
            case PENDING -> "about to take part in a Swarm";
            case LOCKED -> "locked: it waits for docker swarm unlock";
            case ERROR, INACTIVE, EMPTY -> "not able to take part in its Swarm; docker info says why";
        };
    }
}
