package codehaven.ui;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.Checkpoint;
import codehaven.model.DeploymentStatus;
import codehaven.model.Step;
import codehaven.model.StepRun;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What lists hear of deployments. */
@Timeout(60)
class ChangeStreamTest {

    private final ShellHaven haven = ShellHaven.get();

    record Heard(String id, String name, String data) {}

    /** An open stream; events of other tests' deployments are passed over. */
    final class Line implements AutoCloseable {
        final BlockingQueue<Heard> heard = new LinkedBlockingQueue<>();
        final List<Heard> passed = new ArrayList<>();
        private final InputStream in;

        Line(@Nullable String last) throws Exception {
            var request = haven.request("/stream").header("Accept", "text/event-stream");
            if (last != null) {
                request.header("Last-Event-ID", last);
            }
            var answer = haven.http.send(request.build(), BodyHandlers.ofInputStream());
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.headers().firstValue("Content-Type")).contains("text/event-stream;charset=UTF-8");
            in = answer.body();
            Thread.ofVirtual().start(this::read);
        }

        private void read() {
            try (var lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
                var id = "";
                var name = "";
                for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.startsWith("id: ")) {
                        id = line.substring(4);
                    } else if (line.startsWith("event: ")) {
                        name = line.substring(7);
                    } else if (line.startsWith("data:")) {
                        heard.add(new Heard(id, name, line.substring(5).strip()));
                    }
                }
            } catch (IOException e) {
                heard.clear();
            }
        }

        Heard next(String deployment, DeploymentStatus status) throws InterruptedException {
            while (true) {
                var each = heard.poll(20, TimeUnit.SECONDS);
                assertThat(each).as("an event within 20 s").isNotNull();
                if (each.data().contains("\"deployment\":\"" + deployment + "\"")
                        && each.data().contains("\"status\":\"" + status + "\"")) {
                    return each;
                }
                passed.add(each);
            }
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }

    private void enter(String id, DeploymentStatus status) {
        haven.state.deployments().enter(id, "run-" + id, status, Checkpoint.NONE);
        haven.state.bus().nudge(id);
    }

    @Test
    void listsHearOfEachStatusAtOnce() throws Exception {
        haven.project("stream-a");
        try (var line = new Line(null)) {
            haven.queued("streama1", "stream-a");
            haven.state.bus().nudge("streama1");
            assertThat(line.next("streama1", DeploymentStatus.QUEUED).name()).isEqualTo("changed");
            haven.state.deployments().adopt("streama1", null, "run-streama1");
            enter("streama1", DeploymentStatus.CLONING);
            var start = System.nanoTime();
            var heard = line.next("streama1", DeploymentStatus.CLONING);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(1));
            assertThat(heard.data()).contains("\"project\":\"stream-a\"");
        }
    }

    @Test
    void whoComesBackHearsWhatCameBetweenAndNothingTwice() throws Exception {
        haven.project("stream-b");
        haven.queued("streamb1", "stream-b");
        haven.state.deployments().adopt("streamb1", null, "run-streamb1");
        try (var other = new Line(null)) {
            String last;
            try (var line = new Line(null)) {
                enter("streamb1", DeploymentStatus.CLONING);
                last = line.next("streamb1", DeploymentStatus.CLONING).id();
            }
            enter("streamb1", DeploymentStatus.UPLOADING);
            other.next("streamb1", DeploymentStatus.UPLOADING);
            try (var again = new Line(last)) {
                var first = again.next("streamb1", DeploymentStatus.UPLOADING);
                assertThat(first.id()).isNotEqualTo(last);
                assertThat(again.passed).extracting(Heard::data).noneMatch(each -> each.contains("streamb1"));
            }
        }
    }

    @Test
    void whoseLastEventIsNotKnownIsToldToLookAtAll() throws Exception {
        for (var last : List.of("another-17", "nonsense")) {
            try (var line = new Line(last)) {
                var first = line.heard.poll(10, TimeUnit.SECONDS);
                assertThat(first).isNotNull();
                assertThat(first.name()).isEqualTo("changed");
                assertThat(first.data()).isEqualTo("{}");
            }
        }
    }

    @Test
    void linesOfTheLogAreNoChangesAndStepsAre() throws Exception {
        haven.project("stream-c");
        haven.queued("streamc1", "stream-c");
        haven.state.deployments().adopt("streamc1", null, "run-streamc1");
        try (var line = new Line(null)) {
            enter("streamc1", DeploymentStatus.CLONING);
            line.next("streamc1", DeploymentStatus.CLONING);
            for (int i = 0; i < 20; i++) {
                haven.state.bus().nudge("streamc1");
            }
            haven.state
                    .deployments()
                    .step(
                            "streamc1",
                            "run-streamc1",
                            new StepRun(Step.CLONING, StepRun.State.running, 1, Instant.now(), null));
            haven.state.bus().nudge("streamc1");
            line.next("streamc1", DeploymentStatus.CLONING);
            enter("streamc1", DeploymentStatus.UPLOADING);
            line.next("streamc1", DeploymentStatus.UPLOADING);
            assertThat(line.passed)
                    .extracting(Heard::data)
                    .noneMatch(each -> each.contains("streamc1") && each.contains("CLONING"));
        }
    }

    @Test
    void aNudgeThatIsLostCostsSomeSeconds() throws Exception {
        haven.project("stream-d");
        haven.queued("streamd1", "stream-d");
        haven.state.deployments().adopt("streamd1", null, "run-streamd1");
        try (var line = new Line(null)) {
            haven.state.deployments().enter("streamd1", "run-streamd1", DeploymentStatus.CLONING, Checkpoint.NONE);
            line.next("streamd1", DeploymentStatus.CLONING);
        }
    }
}
