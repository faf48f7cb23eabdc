package codehaven.state;

import static codehaven.state.Examples.line;
import static codehaven.state.Examples.lines;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import codehaven.dev.DevMongo;
import codehaven.dev.DevRedis;
import codehaven.dev.DevS3;
import codehaven.dev.Ports;
import codehaven.model.DeploymentEvent.Placed;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What callers see when a backend is away, slow, or breaks off. */
@Timeout(60)
final class FaultsTest {

    private static final String PASSWORD = "pa55-canary";

    @TempDir
    Path directory;

    private DevMongo mongo;
    private DevRedis redis;
    private DevS3 s3;
    private Wire toMongo;
    private Wire toS3;
    private State state;

    @BeforeEach
    void open() throws Exception {
        mongo = DevMongo.start(directory.resolve("mongo"));
        redis = DevRedis.start(directory.resolve("redis"));
        s3 = DevS3.start(directory.resolve("s3"), "access", PASSWORD);
        toMongo = Wire.to(mongo.port());
        toS3 = Wire.to(s3.endpoint().getPort());
        state = State.open(settings(
                "mongodb://127.0.0.1:" + toMongo.port() + "/codehaven", redis.uri(), at(toS3.port()), "codehaven"));
    }

    @AfterEach
    void close() throws Exception {
        state.close();
        toS3.close();
        toMongo.close();
        s3.close();
        redis.close();
        mongo.close();
    }

    private static URI at(int port) {
        return URI.create("http://127.0.0.1:" + port);
    }

    private static StateSettings settings(String mongodb, String redis, URI s3, String bucket) {
        return new StateSettings(mongodb, redis, s3, "us-east-1", bucket, "access", PASSWORD, StateContract.KEY);
    }

    private static Duration took(Runnable action) {
        var start = System.nanoTime();
        action.run();
        return Duration.ofNanos(System.nanoTime() - start);
    }

    @Test
    void withoutADatabaseTheAnswerIsASentenceWithinTwoSeconds() throws Exception {
        mongo.stop();
        assertThat(took(() -> assertThatThrownBy(() -> state.projects().find(Examples.slug()))
                        .isInstanceOf(BackendUnavailable.class)
                        .hasMessageContaining("CODEHAVEN_MONGODB")))
                .isLessThan(Duration.ofMillis(2_500));
        assertThat(state.health())
                .filteredOn(each -> !each.up())
                .singleElement()
                .extracting(State.Health::backend)
                .isEqualTo("mongodb");
        mongo.start();
        Await.until("it is found again", Duration.ofSeconds(10), () -> {
            try {
                return state.projects().find(Examples.slug()).isEmpty();
            } catch (BackendUnavailable notYet) {
                return false;
            }
        });
    }

    @Test
    void healthTakesTwoSecondsAtMostWhenNothingAnswers() {
        toMongo.let(Wire.Answers.NEVER_COME);
        toS3.let(Wire.Answers.NEVER_COME);
        assertThat(took(() -> assertThat(state.health())
                        .filteredOn(each -> !each.up())
                        .hasSize(2)))
                .isLessThan(Duration.ofSeconds(3));
    }

    @Test
    void eventsWhoseAcknowledgementWasLostAreThereOnce() {
        var id = Examples.queued();
        state.deployments().insert(id);
        var timeline = state.timeline();
        timeline.append(id.id(), lines(1, 3));
        toMongo.let(Wire.Answers.ARE_LOST);
        assertThatThrownBy(() -> timeline.append(id.id(), lines(4, 5))).isInstanceOf(BackendUnavailable.class);
        toMongo.let(Wire.Answers.ARRIVE);
        assertThat(timeline.append(id.id(), lines(4, 7))).isEqualTo(7);
        var all = new ArrayList<Placed>();
        timeline.forEach(id.id(), 0, all::add);
        assertThat(all).extracting(Placed::event).isEqualTo(lines(1, 7));
    }

    @Test
    void archivingWaitsForTheStorageAndLosesNothing() throws Exception {
        var id = Examples.queued();
        state.deployments().insert(id);
        state.timeline().append(id.id(), lines(1, 10));
        s3.stop();
        assertThatThrownBy(() -> state.timeline().archive(id.id()))
                .isInstanceOf(Blobs.Unavailable.class)
                .hasMessageContaining("bucket codehaven")
                .hasMessageNotContaining(PASSWORD);
        assertThat(state.timeline().read(id.id(), 0, 20)).hasSize(10);
        s3.start();
        toS3.let(Wire.Answers.ARE_LOST);
        assertThatThrownBy(() -> state.timeline().archive(id.id())).isInstanceOf(Blobs.Unavailable.class);
        toS3.let(Wire.Answers.ARRIVE);
        state.timeline().archive(id.id());
        state.timeline().append(id.id(), List.of(line(11)));
        assertThat(state.timeline().read(id.id(), 0, 20))
                .extracting(Placed::event)
                .isEqualTo(lines(1, 11));
    }

    @Test
    void nothingWaitsForRedis() throws Exception {
        var looks = new AtomicInteger();
        try (var other = State.open(settings(mongo.uri("codehaven"), redis.uri(), s3.endpoint(), "codehaven"));
                var _ = other.bus().onDeployment("d1", looks::incrementAndGet)) {
            redis.stop();
            assertThat(took(() -> {
                        for (int i = 0; i < 1_000; i++) {
                            state.bus().nudge("d1");
                        }
                    }))
                    .isLessThan(Duration.ofSeconds(1));
            assertThat(took(() ->
                            state.leases().take("l", Duration.ofMillis(100)).close()))
                    .isLessThan(Duration.ofMillis(2_500));
            assertThat(state.health())
                    .filteredOn(each -> !each.up())
                    .extracting(State.Health::backend)
                    .containsExactly("redis");
            redis.start();
            Await.until("nudges arrive again", Duration.ofSeconds(15), () -> {
                var before = looks.get();
                state.bus().nudge("d1");
                try {
                    Thread.sleep(50);
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                return looks.get() > before;
            });
            flush();
            var before = looks.get();
            state.bus().nudge("d1");
            Await.until("flushing does not end listening", Duration.ofSeconds(5), () -> looks.get() > before);
        }
    }

    private void flush() throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), redis.port())) {
            socket.getOutputStream().write("FLUSHALL\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(socket.getInputStream().readNBytes(5), StandardCharsets.US_ASCII))
                    .isEqualTo("+OK\r\n");
        }
    }

    /** Says how long each body is and sends less. */
    @Test
    void aBodyThatEndsEarlyRaises() throws Exception {
        try (var server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread.ofPlatform().daemon().start(() -> {
                while (true) {
                    try (var socket = server.accept()) {
                        var request = new StringBuilder();
                        while (request.indexOf("\r\n\r\n") < 0) {
                            request.append((char) socket.getInputStream().read());
                        }
                        var head = Pattern.compile("^HEAD").matcher(request).find();
                        socket.getOutputStream()
                                .write(("HTTP/1.1 200 OK\r\nContent-Length: 100\r\nETag: \"x\"\r\n\r\n"
                                                + (head ? "" : "only this"))
                                        .getBytes(StandardCharsets.US_ASCII));
                    } catch (IOException e) {
                        return;
                    }
                }
            });
            try (var blobs = Blobs.of(settings(mongo.uri("x"), redis.uri(), at(server.getLocalPort()), "bucket"))) {
                assertThatThrownBy(() -> {
                            try (var bytes = blobs.open("blobs/x")) {
                                bytes.readAllBytes();
                            }
                        })
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("blobs/x");
                var target = directory.resolve("target");
                assertThatThrownBy(() -> blobs.download("blobs/x", target)).isInstanceOf(Blobs.Unavailable.class);
                assertThat(target).doesNotExist();
            }
        }
    }

    @Test
    void whatIsWrongAtTheStartIsNamed() throws Exception {
        var soon = Duration.ofMillis(100);
        var away = Ports.free();
        var good = settings(mongo.uri("codehaven"), redis.uri(), s3.endpoint(), "codehaven");
        assertThatThrownBy(() -> State.open(
                        settings(
                                "mongodb://user:" + PASSWORD + "@127.0.0.1:" + away + "/x",
                                redis.uri(),
                                s3.endpoint(),
                                "codehaven"),
                        soon))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("CODEHAVEN_MONGODB")
                .hasMessageNotContaining(PASSWORD);
        assertThatThrownBy(() -> State.open(
                        settings(
                                mongo.uri("x"),
                                "redis://:" + PASSWORD + "@127.0.0.1:" + away,
                                s3.endpoint(),
                                "codehaven"),
                        soon))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("CODEHAVEN_REDIS")
                .hasMessageNotContaining(PASSWORD);
        assertThatThrownBy(() -> State.open(settings(mongo.uri("x"), redis.uri(), at(away), "codehaven"), soon))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("CODEHAVEN_S3_ENDPOINT")
                .hasMessageNotContaining(PASSWORD);
        assertThatThrownBy(() -> State.open(
                        new StateSettings(
                                good.mongodb(),
                                good.redis(),
                                good.s3Endpoint(),
                                "us-east-1",
                                "codehaven",
                                "access",
                                "wrong-" + PASSWORD,
                                StateContract.KEY),
                        soon))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("CODEHAVEN_S3_SECRET_KEY")
                .hasMessageNotContaining(PASSWORD);
        assertThatThrownBy(() -> State.open(new StateSettings(
                        good.mongodb(),
                        good.redis(),
                        good.s3Endpoint(),
                        "us-east-1",
                        "codehaven",
                        "access",
                        PASSWORD,
                        "c2hvcnQ=")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("CODEHAVEN_SECRET_KEY");
        assertThatThrownBy(() -> State.open(settings("mongo://" + PASSWORD, redis.uri(), s3.endpoint(), "x")))
                .hasMessageContaining("CODEHAVEN_MONGODB")
                .hasMessageNotContaining(PASSWORD);
        assertThatThrownBy(() -> State.open(settings(mongo.uri("x"), PASSWORD + "@:", s3.endpoint(), "x")))
                .hasMessageContaining("CODEHAVEN_REDIS")
                .hasMessageNotContaining(PASSWORD);
        assertThat(good.toString()).doesNotContain(PASSWORD, StateContract.KEY);
    }

    @Test
    void backendsThatComeUpLateAreWaitedFor() throws Exception {
        mongo.stop();
        s3.stop();
        redis.stop();
        var late = Thread.ofPlatform().start(() -> {
            try {
                Thread.sleep(1_500);
                mongo.start();
                s3.start();
                redis.start();
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        try (var opened = State.open(settings(mongo.uri("codehaven"), redis.uri(), s3.endpoint(), "codehaven"))) {
            assertThat(opened.health()).allMatch(State.Health::up);
        }
        late.join();
        assertThat(Files.exists(directory)).isTrue();
    }
}
