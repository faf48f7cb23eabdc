package codehaven.api.deployments;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Writes Server-Sent Events, in the form of HTML's section 9.2.6. */
final class EventWriter {

    private final JsonMapper json;
    private final OutputStream out;

    EventWriter(JsonMapper json, OutputStream out) {
        this.json = json;
        this.out = new BufferedOutputStream(out, 16 * 1024);
    }

    /** Tells at once that the stream is open, and how soon to come back when it breaks. */
    void begin() throws IOException {
        write("retry: 2000\n\n");
        flush();
    }

    /**
     * @param id where a client goes on that comes back; absent for what is no place to go on from
     */
    void event(@Nullable Long id, String name, Object data) throws IOException {
        if (id != null) {
            write("id: " + id + "\n");
        }
        write("event: " + name + "\ndata: ");
        out.write(json.writeValueAsBytes(data));
        write("\n\n");
    }

    /** A comment, for whoever is between. */
    void idle() throws IOException {
        write(":\n\n");
        flush();
    }

    void flush() throws IOException {
        out.flush();
    }

    private void write(String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
    }
}
