package codehaven.model;

import com.fasterxml.jackson.annotation.JsonValue;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A deployment's app: how it is wanted, and how it is.
 *
 * @param settings how it runs: the start command, health check, limits and {@link AppSettings} of when it was deployed
 * @param replicas how many containers are wanted while it runs
 * @param epoch grows with every restart that somebody asks for: containers of an older one are replaced
 * @param wantedAt when it was last wanted otherwise, or woken
 * @param usedAt when it last answered somebody, or was woken
 * @param instances its containers by their number from 1, as they were last seen
 */
public record App(
        String deployment,
        Slug project,
        Environment environment,
        AppImage image,
        BuildSettings settings,
        Wanted wanted,
        int replicas,
        int epoch,
        Instant wantedAt,
        Instant usedAt,
        Map<String, Instance> instances) {

    public App {
        instances = instances == null ? Map.of() : java.util.Collections.unmodifiableMap(new TreeMap<>(instances));
    }

    /** What its people or its visitors want. */
    public enum Wanted {
        RUNNING,
        /** Stopped for want of visitors: the next one wakes it. */
        ASLEEP,
        /** Stopped by a person: visitors are told so. */
        STOPPED;

        @JsonValue
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** How a container is. */
    public enum State {
        STARTING,
        HEALTHY,
        /** It runs, but does not answer its health check any more. */
        UNHEALTHY,
        /** It ended by itself and is started again after a pause. */
        CRASHED,
        STOPPED;

        @JsonValue
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * One container.
     *
     * @param n its number, from 1
     * @param container its name
     * @param engine the id of the Docker engine that has it
     * @param address {@code host:port} where it is reached; absent while it does not run
     * @param since when this state began
     * @param restarts how often it ended by itself since it was made
     * @param reason of a state that nobody wants: one sentence
     */
    public record Instance(
            int n,
            String container,
            String engine,
            @Nullable String address,
            State state,
            Instant since,
            int restarts,
            @Nullable String reason) {}

    /** Where visitors may be sent now. */
    public List<String> addresses() {
        return instances.values().stream()
                .filter(each -> each.state() == State.HEALTHY && each.address() != null)
                .map(each -> String.valueOf(each.address()))
                .sorted()
                .toList();
    }
}
