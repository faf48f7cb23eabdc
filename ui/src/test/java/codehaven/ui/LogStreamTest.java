package codehaven.ui;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.Outcome;
import codehaven.model.Step;
import codehaven.model.StepRun;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A page and its stream together tell everything once. */
class LogStreamTest {

    private static final Pattern NUMBER = Pattern.compile("<li id=\"L(\\d+)\"");
    private static final Pattern STREAM = Pattern.compile("data-stream=\"([^\"]+)\"");

    private final LogHaven haven = LogHaven.get();

    record Event(String id, String name, JsonNode data) {}

    @Test
    void aPageAndItsStreamMeetWithoutAGapOrARepeat() throws Exception {
        var id = haven.building();
        haven.step(id, Step.BUILDING, StepRun.State.running, Instant.now(), null);
        haven.print(id, Step.BUILDING, 300, n -> "line " + n);
        var page = haven.get("/alone/" + id).body();
        var stream = STREAM.matcher(page);
        assertThat(stream.find()).isTrue();
        haven.print(id, Step.BUILDING, 900, n -> "line " + n);

        var lines = new ArrayList<>(numbers(page));
        var last = "";
        // Each connection breaks after one event; the browser comes back with the id of the last one.
        for (int i = 0; lines.size() < 1_200; i++) {
            assertThat(i).isLessThan(20);
            for (var event : read(stream.group(1), last, 1)) {
                lines.addAll(numbers(event.data().at("/html").asString()));
                last = event.id();
            }
        }
        assertThat(lines).isEqualTo(LongStream.rangeClosed(1, 1_200).boxed().toList());
    }

    @Test
    void linesComeManyAtOnceAndOfOneStepWithWhatTheyAre() throws Exception {
        var id = haven.building();
        haven.step(id, Step.CLONING, StepRun.State.running, Instant.now(), null);
        haven.print(id, Step.CLONING, 2, n -> "\u001b[32mé\u001b[0m<" + n);
        haven.step(id, Step.CLONING, StepRun.State.done, Instant.now(), Instant.now());
        haven.print(id, Step.UPLOADING, 3, n -> "line " + n);
        haven.end(id, new Outcome.Ready());
        var events = read("/deployments/" + id + "/stream", "", 99);
        assertThat(events.stream().map(Event::name))
                .containsExactly("status", "step", "log", "step", "log", "status", "end");
        var log = events.get(2).data();
        assertThat(log.at("/from").asLong()).isEqualTo(1);
        assertThat(log.at("/to").asLong()).isEqualTo(2);
        assertThat(log.at("/step").asString()).isEqualTo("CLONING");
        assertThat(log.at("/bytes").asLong())
                .isEqualTo(2L * "\u001b[32mé\u001b[0m<1\n".getBytes(StandardCharsets.UTF_8).length);
        assertThat(log.at("/html").asString()).contains("<span class=\"ansi-32\">é</span>&lt;1");
        assertThat(events.get(3).data().at("/status").asString()).isEqualTo("DONE");
        assertThat(events.get(5).data().at("/last").asBoolean()).isTrue();
        assertThat(read("/deployments/" + id + "/stream", events.getLast().id(), 99).stream()
                        .map(Event::name))
                .as("whoever comes back after the end is told again that it is the end")
                .containsExactly("end");
    }

    @Test
    void whoeverAsksForNobodyIsTold() {
        assertThat(haven.get("/deployments/nobody12/stream").statusCode()).isEqualTo(404);
    }

    /** The next events but signs of life, at most so many. */
    private List<Event> read(String path, String lastEventId, int most) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(haven.at(path.replace("&amp;", "&")));
        if (!lastEventId.isEmpty()) {
            request.header("Last-Event-ID", lastEventId);
        }
        var response = haven.http.send(request.build(), BodyHandlers.ofInputStream());
        assertThat(response.headers().firstValue("Content-Type")).contains("text/event-stream;charset=UTF-8");
        var events = new ArrayList<Event>();
        try (var in = new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            var id = lastEventId;
            var name = "";
            for (var line = in.readLine(); line != null && events.size() < most; line = in.readLine()) {
                if (line.startsWith("id: ")) {
                    id = line.substring(4);
                } else if (line.startsWith("event: ")) {
                    name = line.substring(7);
                } else if (line.startsWith("data: ") && !name.equals("heartbeat")) {
                    events.add(new Event(id, name, JsonMapper.shared().readTree(line.substring(6))));
                }
            }
        }
        return events;
    }

    private static List<Long> numbers(String html) {
        return NUMBER.matcher(html)
                .results()
                .map(each -> Long.parseLong(each.group(1)))
                .toList();
    }
}
