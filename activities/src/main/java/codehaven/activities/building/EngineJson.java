package codehaven.activities.building;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.transport.DockerHttpClient;
import com.github.dockerjava.transport.DockerHttpClient.Request;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * The engine's own API in JSON, for what the client's types know only a part of: what an engine says and the client
 * lacks stays when it is sent back. Throws what the client throws.
 */
public final class EngineJson {

    private static final ObjectMapper JSON = JsonMapper.builder().build();
    private static final int LONGEST_REFUSAL = 8192;

    private final DockerHttpClient http;

    EngineJson(DockerHttpClient http) {
        this.http = http;
    }

    /**
     * @param path such as {@code /services/x}
     * @throws NotFoundException if there is no such thing
     */
    public JsonNode get(String path) {
        return ask(Request.builder().method(Request.Method.GET).path(path));
    }

    /**
     * Those of a list that fit.
     *
     * @param filters such as {@code {"label": ["a=b"]}}
     */
    public JsonNode list(String path, Map<String, ?> filters) {
        return get(path + "?filters=" + URLEncoder.encode(text(filters), StandardCharsets.UTF_8));
    }

    /**
     * @param body maps, lists, texts and numbers, or what the engine said before
     * @throws ConflictException if it is there already
     */
    public JsonNode post(String path, Object body, Map<String, String> headers) {
        return ask(Request.builder()
                .method(Request.Method.POST)
                .path(path)
                .putHeader("Content-Type", "application/json")
                .putAllHeaders(headers)
                .bodyBytes(text(body).getBytes(StandardCharsets.UTF_8)));
    }

    /** @throws NotFoundException if it is gone */
    public void delete(String path) {
        ask(Request.builder().method(Request.Method.DELETE).path(path));
    }

    private JsonNode ask(Request.Builder request) {
        try (var response = http.execute(request.build())) {
            var status = response.getStatusCode();
            if (status >= 400) {
                var said = new String(response.getBody().readNBytes(LONGEST_REFUSAL), StandardCharsets.UTF_8);
                throw switch (status) {
                    case 404 -> new NotFoundException(said);
                    case 409 -> new ConflictException(said);
                    default -> new DockerException(said, status);
                };
            }
            return JSON.readTree(response.getBody().readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String text(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
