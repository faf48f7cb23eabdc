package codehaven.state;

import codehaven.model.DeploymentEvent;
import codehaven.model.DeploymentEvent.Placed;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;

/** Events as lines of JSON: alone in the database, with their position in the archive. */
final class EventLines {

    private static final ObjectMapper JSON = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .defaultPropertyInclusion(
                    JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
            .build();

    private static final ObjectWriter EVENT_OUT = JSON.writerFor(DeploymentEvent.class);
    private static final ObjectReader EVENT_IN = JSON.readerFor(DeploymentEvent.class);
    private static final ObjectWriter PLACED_OUT = JSON.writerFor(Placed.class);
    private static final ObjectReader PLACED_IN = JSON.readerFor(Placed.class);

    private EventLines() {}

    static String write(DeploymentEvent event) {
        return write(EVENT_OUT, event);
    }

    static String write(Placed placed) {
        return write(PLACED_OUT, placed);
    }

    static DeploymentEvent event(String line) {
        try {
            return EVENT_IN.readValue(line);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("an event of the timeline cannot be read", e);
        }
    }

    static Placed placed(String line) throws JsonProcessingException {
        return PLACED_IN.readValue(line);
    }

    private static String write(ObjectWriter writer, Object value) {
        try {
            return writer.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("every event can be written", e);
        }
    }
}
