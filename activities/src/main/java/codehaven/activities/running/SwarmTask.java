package codehaven.activities.running;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.Comparator;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One attempt of a Swarm to run a service's container. It ends once: what is started again is another task.
 *
 * @param start which start of its service it belongs to, counted from 1
 * @param wanted what the Swarm wants of it: {@code ready}, {@code running}, {@code shutdown} or {@code remove}
 * @param state how far it is, by Docker's word
 * @param at when it got so far
 * @param error Docker's words, or nothing
 * @param container its container's id on its node; empty before there is one
 * @param exit what the container ended with; absent while there was none
 * @param published the port of its node that leads to it; absent while there is none
 */
record SwarmTask(
        String id,
        String service,
        String node,
        Instant madeAt,
        int start,
        String wanted,
        String state,
        Instant at,
        String error,
        String container,
        @Nullable Long exit,
        @Nullable Integer published) {

    static final Comparator<SwarmTask> BY_AGE = Comparator.comparing(SwarmTask::madeAt);

    private static final String RUNNING = "running";

    private static final Set<String> OVER = Set.of("complete", "shutdown", "failed", "rejected", "remove", "orphaned");

    /** Nobody told it to. */
    private static final Set<String> OVER_BY_ITSELF = Set.of("complete", "failed", "rejected");

    /** What the Swarm says of a process that ended with an error, in contrast to one that never began. */
    private static final String EXITED = "task: non-zero exit";

    static SwarmTask of(JsonNode told) {
        var status = told.path("Status");
        var container = status.path("ContainerStatus");
        return new SwarmTask(
                told.path("ID").asText(),
                told.path("ServiceID").asText(),
                told.path("NodeID").asText(),
                AppContainers.instant(told.path("CreatedAt").asText()),
                told.path("Spec").path("ForceUpdate").asInt(),
                told.path("DesiredState").asText(),
                status.path("State").asText(),
                AppContainers.instant(status.path("Timestamp").asText()),
                status.path("Err").asText(),
                container.path("ContainerID").asText(),
                container.isMissingNode() ? null : container.path("ExitCode").asLong(),
                port(status.path("PortStatus").path("Ports")));
    }

    /** A service of ours publishes one. */
    private static @Nullable Integer port(JsonNode ports) {
        var port = ports.path(0).path("PublishedPort").asInt();
        return port == 0 ? null : Integer.valueOf(port);
    }

    /** Another one says that something happened. */
    String word() {
        return state + " " + id + " " + published;
    }

    /** Whether it is the one that the Swarm wants to run, or is preparing for that. */
    boolean isWanted() {
        return wanted.equals(RUNNING) || wanted.equals("ready");
    }

    /** Whether it runs and can be reached. */
    boolean isRunning() {
        return state.equals(RUNNING) && published != null;
    }

    boolean isOver() {
        return OVER.contains(state);
    }

    boolean endedByItself() {
        return OVER_BY_ITSELF.contains(state);
    }

    /** What its process ended with; empty if it had none. */
    Optional<Long> exited() {
        return endedByItself() && (error.isEmpty() || error.startsWith(EXITED))
                ? Optional.ofNullable(exit)
                : Optional.empty();
    }
}
