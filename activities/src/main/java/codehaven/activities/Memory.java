package codehaven.activities;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What travels with the heartbeats from one attempt of a step to the next. */
final class Memory {

    private static final Logger LOGGER = LoggerFactory.getLogger(Memory.class);
    private static final ObjectMapper JSON = JsonMapper.builder()
            .findAndAddModules()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /**
     * @param faults how many attempts failed in a way that nobody foresaw: attempts that were handed over, or that waited
     *     for a backend, are not counted against the step
     * @param type of the progress
     * @param progress as JSON
     */
    record Beat(int faults, @Nullable String type, @Nullable String progress) {}

    private static final Beat NONE = new Beat(0, null, null);

    private final Beat before;
    private volatile Beat beat;

    Memory(@Nullable Beat before) {
        this.before = before == null ? NONE : before;
        this.beat = this.before;
    }

    Object beat() {
        return beat;
    }

    synchronized void remember(Object progress) {
        try {
            beat = new Beat(beat.faults(), progress.getClass().getName(), JSON.writeValueAsString(progress));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "progress that is no JSON: " + progress.getClass().getName(), e);
        }
    }

    <T> Optional<T> remembered(Class<T> type) {
        if (before.progress() == null || !type.getName().equals(before.type())) {
            return Optional.empty();
        }
        try {
            return Optional.of(JSON.readValue(before.progress(), type));
        } catch (JsonProcessingException e) {
            LOGGER.warn("what an older version remembered cannot be read", e);
            return Optional.empty();
        }
    }

    /** @return how many there were, with this one */
    synchronized int countFault() {
        beat = new Beat(beat.faults() + 1, beat.type(), beat.progress());
        return beat.faults();
    }
}
