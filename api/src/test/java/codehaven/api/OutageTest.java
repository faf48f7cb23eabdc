package codehaven.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What callers see while a backend is away. */
class OutageTest {

    private final Installation api = Installation.get();

    @Test
    void withoutTheDatabaseRequestsAreToldToComeBackAndStreamsGoOn() throws IOException, InterruptedException {
        var id = api.deploy("https://github.com/haven/outage", "hang-outage");
        api.awaitStatus(id, "BUILDING");
        var stream = api.http.send(
                HttpRequest.newBuilder(api.at("/v1/deployments/" + id + "/events"))
                        .build(),
                HttpResponse.BodyHandlers.ofInputStream());
        assertThat(stream.statusCode()).isEqualTo(200);
        api.mongo.stop();
        try {
            var asked = System.nanoTime();
            var answer = api.get("/v1/deployments/" + id);
            assertThat(Duration.ofNanos(System.nanoTime() - asked)).isLessThan(Duration.ofSeconds(3));
            assertThat(answer.status()).isEqualTo(503);
            assertThat(answer.text("/type")).isEqualTo("urn:codehaven:problem:unavailable");
            assertThat(answer.raw().headers().firstValue("Retry-After")).isPresent();
            assertThat(answer.raw().body()).doesNotContain("mongodb://");
            assertThat(api.get("/v1/health/live").status()).isEqualTo(200);
            assertThat(api.get("/v1/health/ready").status()).isEqualTo(503);
            assertThat(api.get("/v1/system").text("/health")).isEqualTo("degraded");
        } finally {
            api.mongo.start();
        }
        api.awaitStatus(id, "BUILDING");
        api.post("/v1/deployments/" + id + "/cancel", "");
        try (var events = stream.body()) {
            assertThat(new String(events.readAllBytes(), StandardCharsets.UTF_8))
                    .contains("QUEUED", "CLONING", "CANCELED");
        }
    }

    @Test
    void withoutTemporalADeploymentWaitsAndACancelIsToldToComeBack() throws IOException, InterruptedException {
        var running = api.deploy("https://github.com/haven/outage", "hang-away");
        api.awaitStatus(running, "BUILDING");
        String waiting;
        api.temporal.stop();
        try {
            waiting = api.deploy("https://github.com/haven/outage", "topic");
            assertThat(api.get("/v1/deployments/" + waiting).text("/status")).isEqualTo("QUEUED");
            var cancel = api.post("/v1/deployments/" + running + "/cancel", "");
            assertThat(cancel.status()).isEqualTo(503);
            assertThat(cancel.raw().headers().firstValue("Retry-After")).isPresent();
        } finally {
            api.temporal.start();
        }
        api.awaitStatus(waiting, "READY");
        assertThat(api.post("/v1/deployments/" + running + "/cancel", "").status())
                .isEqualTo(202);
        api.awaitStatus(running, "CANCELED");
    }
}
