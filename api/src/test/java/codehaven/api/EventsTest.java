package codehaven.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** A deployment's events and log, as readers get them. */
class EventsTest {

    private static final int LINES = 3_000;

    private final Installation api = Installation.get();

    record Event(long id, String name, JsonNode data) {}

    @Test
    void aReaderWhoComesBackMissesNothingAndGetsNothingTwice() throws Exception {
        var id = api.deploy("https://github.com/haven/stream", "lines-" + LINES);
        var all = new ArrayList<Event>();
        var last = 0L;
        for (var part = 1; ; part++) {
            var some = read(id, last, part * 400);
            if (some == null) {
                break;
            }
            all.addAll(some);
            last = all.isEmpty() ? 0 : all.getLast().id();
        }
        assertThat(all.stream().map(Event::id).toList())
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, all.size()).boxed().toList());
        assertThat(all.stream()
                        .filter(each -> each.name().equals("log"))
                        .map(each -> each.data().at("/n").asLong()))
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, LINES).boxed().toList());
        var statuses = all.stream()
                .filter(each -> each.name().equals("status"))
                .map(each -> each.data().at("/status").asString());
        assertThat(statuses).containsExactly("QUEUED", "CLONING", "UPLOADING", "BUILDING", "PUBLISHING", "READY");
        var step = all.stream()
                .filter(each -> each.name().equals("step"))
                .findFirst()
                .orElseThrow();
        assertThat(step.data().at("/step").asString()).isEqualTo("CLONING");
        assertThat(step.data().at("/attempt").asInt()).isEqualTo(1);
    }

    /** The next events, at most so many; null if the server says that there are no more. */
    private @Nullable List<Event> read(String id, long after, int most) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(api.at("/v1/deployments/" + id + "/events"))
                .header("Last-Event-ID", Long.toString(after))
                .build();
        var response = api.http.send(request, BodyHandlers.ofInputStream());
        if (response.statusCode() == 204) {
            return null;
        }
        assertThat(response.headers().firstValue("Content-Type")).contains("text/event-stream;charset=UTF-8");
        var events = new ArrayList<Event>();
        try (var in = new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            var place = 0L;
            var name = "";
            for (var line = in.readLine(); line != null && events.size() < most; line = in.readLine()) {
                if (line.startsWith("id: ")) {
                    place = Long.parseLong(line.substring(4));
                } else if (line.startsWith("event: ")) {
                    name = line.substring(7);
                } else if (line.startsWith("data: ")) {
                    events.add(new Event(place, name, api.json.readTree(line.substring(6))));
                }
            }
        }
        return events;
    }

    @Test
    void theLogIsReadAsTextByNumberAndBySearch() {
        var id = api.deploy("https://github.com/haven/logged", "lines-2500");
        api.awaitStatus(id, "READY");
        var path = "/v1/deployments/" + id;
        var text = api.get(path + "/log").raw();
        assertThat(text.headers().firstValue("Content-Type")).contains("text/plain;charset=UTF-8");
        assertThat(text.body().lines()).hasSize(2500).last().isEqualTo("\u001b[32mline\u001b[0m 2500");
        assertThat(api.get(path + "/log?after=2498").raw().body().lines()).hasSize(2);
        assertThat(api.get(path + "/log?after=9999").raw().body()).isEmpty();

        var lines = api.get(path + "/lines?from=11&to=20").body();
        assertThat(lines.at("/items").size()).isEqualTo(10);
        assertThat(lines.at("/items/0/n").asLong()).isEqualTo(11);
        assertThat(lines.at("/items/0/level").asString()).isEqualTo("info");
        assertThat(lines.at("/last").asLong()).isEqualTo(2500);
        assertThat(api.get(path + "/lines?from=1&to=2001").status()).isEqualTo(422);
        assertThat(api.get(path + "/lines?from=x").text("/errors/0/field")).isEqualTo("from");

        var found = api.get(path + "/lines?find=LINE%20249").body();
        assertThat(found.at("/count").asLong()).isEqualTo(11);
        assertThat(found.at("/items/0").asLong()).isEqualTo(249);
    }

    @Test
    void oneSocketFollowsSeveralDeployments() throws Exception {
        var one = api.deploy("https://github.com/haven/socket", "lines-300");
        var other = api.deploy("https://github.com/haven/socket", "lines-200");
        var messages = new LinkedBlockingQueue<JsonNode>();
        var socket = open(null, messages).join();
        socket.sendText("nonsense", true).join();
        assertThat(next(messages).at("/error").asString()).contains("not JSON");
        socket.sendText("{\"subscribe\":\"nobody\"}", true).join();
        assertThat(next(messages).at("/error").asString()).contains("no deployment nobody");
        socket.sendText("{\"subscribe\":\"" + one + "\"}", true).join();
        socket.sendText("{\"subscribe\":\"" + other + "\",\"after\":1}", true).join();
        var ids = new ArrayList<Long>();
        var ends = 0;
        while (ends < 2) {
            var message = next(messages);
            if (message.at("/event").asString().equals("end")) {
                ends++;
            } else if (message.at("/deployment").asString().equals(one)) {
                ids.add(message.at("/id").asLong());
            } else {
                assertThat(message.at("/id").asLong()).isGreaterThan(1);
            }
        }
        assertThat(ids)
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, ids.size()).boxed().toList());
        assertThat(ids).hasSizeGreaterThan(300);
        socket.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
    }

    @Test
    void aPageOfAnotherOriginOpensNoSocket() {
        assertThatThrownBy(() ->
                        open("http://evil.example", new LinkedBlockingQueue<>()).join())
                .hasMessageContaining("WebSocketHandshakeException");
    }

    private CompletableFuture<WebSocket> open(@Nullable String origin, BlockingQueue<JsonNode> messages) {
        var builder = api.http.newWebSocketBuilder();
        if (origin != null) {
            builder.header("Origin", origin);
        }
        var uri = URI.create(api.at("/v1/socket").toString().replace("http:", "ws:"));
        return builder.buildAsync(uri, new WebSocket.Listener() {
            private final StringBuilder text = new StringBuilder();

            @Override
            public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
                text.append(data);
                if (last) {
                    messages.add(api.json.readTree(text.toString()));
                    text.setLength(0);
                }
                socket.request(1);
                return null;
            }
        });
    }

    private static JsonNode next(BlockingQueue<JsonNode> messages) throws InterruptedException {
        var message = messages.poll(Duration.ofSeconds(20).toMillis(), TimeUnit.MILLISECONDS);
        assertThat(message).as("a message within 20 s").isNotNull();
        return message;
    }
}
