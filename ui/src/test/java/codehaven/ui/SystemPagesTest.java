package codehaven.ui;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.api.SystemInfo;
import java.time.Duration;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** What the installation says of itself. */
class SystemPagesTest {

    private final ShellHaven haven = ShellHaven.get();

    @Test
    void eachBackendIsTold() {
        assertThat(haven.page("/system").body())
                .contains("<h1>System</h1>", "up ", "Temporal", "MongoDB", "Redis", "Object storage", "Docker")
                .contains(haven.mongo.uri(), "embedded", "0.1.0-test")
                .contains("data-status=\"READY\"")
                .containsPattern("\\d\\.\\d ms");
    }

    @Test
    void whatIsWrongIsSaidFirstAndWhatItMeansAndInTheTitle() {
        var before = haven.builds.get();
        haven.builds.set(
                new SystemInfo.Builds("docker", "unix:///run/docker.sock", false, "No Docker engine answers.", 2));
        try {
            var page = await(body -> body.contains("Docker does not answer."));
            assertThat(page)
                    .contains("role=\"alert\"", "systemctl start docker", "sites are served", "data-status=\"FAILED\"")
                    .contains("<title>! Docker does not answer · System · CodeHaven</title>");
            assertThat(haven.page("/").body()).as("the foot of each page").contains(">Docker is down</a>");
        } finally {
            haven.builds.set(before);
        }
        await(body -> !body.contains("Docker does not answer."));
    }

    @Test
    void whoWaitsIsListedWithPlaceAndReason() {
        haven.project("waiting-room");
        haven.queued("waits001", "waiting-room");
        assertThat(await(body -> body.contains("/deployments/waits001")))
                .contains("waiting-room")
                .containsPattern("<th scope=\"row\">\\d+(st|nd|rd|th)</th>")
                .contains("waits for");
    }

    private String await(Predicate<String> wanted) {
        var deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (true) {
            var body = haven.page("/system").body();
            if (wanted.test(body)) {
                return body;
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError(body);
            }
            try {
                Thread.sleep(200);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
