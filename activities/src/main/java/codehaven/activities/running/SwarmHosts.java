package codehaven.activities.running;

import codehaven.activities.building.DockerEngine;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** Where the hosts of a Swarm are reached: by loopback while there is only this one. */
final class SwarmHosts {

    private static final Duration LOOK_AGAIN = Duration.ofSeconds(10);
    private static final String UNKNOWN = "0.0.0.0";

    private final DockerEngine engine;
    private final SwarmRole own;
    private Map<String, String> addresses = Map.of();
    private long lookedAt;

    SwarmHosts(DockerEngine engine, SwarmRole own) {
        this.engine = engine;
        this.own = own;
    }

    /** Of a host by its id in the Swarm. */
    synchronized String address(String node) {
        if (!addresses.containsKey(node) || System.nanoTime() - lookedAt > LOOK_AGAIN.toNanos()) {
            addresses = look();
            lookedAt = System.nanoTime();
        }
        return addresses.getOrDefault(node, engine.machine());
    }

    private Map<String, String> look() {
        var nodes = engine.json().get("/nodes");
        if (nodes.size() == 1) {
            return Map.of(own.node(), engine.machine());
        }
        var found = new HashMap<String, String>();
        for (var each : nodes) {
            found.put(each.path("ID").asText(), address(each));
        }
        return found;
    }

    private String address(JsonNode node) {
        if (node.path("ID").asText().equals(own.node()) && !own.address().isEmpty()) {
            return own.address();
        }
        var told = node.path("Status").path("Addr").asText();
        // Some versions know a manager's address by its part in the management alone.
        return told.isEmpty() || told.equals(UNKNOWN)
                ? node.path("ManagerStatus").path("Addr").asText().replaceFirst(":\\d+$", "")
                : told;
    }
}
