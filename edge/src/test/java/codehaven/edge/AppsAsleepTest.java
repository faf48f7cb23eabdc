package codehaven.edge;

import static codehaven.edge.RawClient.get;
import static codehaven.edge.RawClient.request;
import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.Site;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Apps that sleep, wake, move, restart and are switched, while visitors ask. */
class AppsAsleepTest {

    private static final String HOST = "app.sites.localhost";

    @TempDir
    Path data;

    private final Platform platform = new Platform();
    private final List<AutoCloseable> open = new ArrayList<>();

    @SuppressWarnings("NullAway.Init") // every test starts it its own way
    private EdgeServer edge;

    private static EdgeSettings.AppTimes times(Duration wake, Duration heal) {
        return new EdgeSettings.AppTimes(
                Duration.ofMillis(500),
                Duration.ofSeconds(10),
                Duration.ofSeconds(20),
                wake,
                heal,
                Duration.ofMillis(100),
                Duration.ofSeconds(1),
                Duration.ofSeconds(4),
                Duration.ofMillis(200));
    }

    private void start(Duration wake, Duration heal, String... addresses) {
        point("deploy01", 1, addresses);
        edge = EdgeServer.startFrom(
                EdgeSettings.of("127.0.0.1", 0, data).withApps(times(wake, heal)), platform::source);
        Await.until(() -> edge.status().routes() == 1);
    }

    private void start(String... addresses) {
        start(Duration.ofSeconds(10), Duration.ofSeconds(10), addresses);
    }

    private void point(String deployment, long generation, String... addresses) {
        platform.site().app(HOST, Site.Role.DEPLOYMENT, deployment, generation, addresses);
    }

    private TestApp app(TestApp.Answering answering) throws IOException {
        return kept(new TestApp(answering));
    }

    private TestApp kept(TestApp app) {
        open.add(app);
        return app;
    }

    @AfterEach
    void stop() throws Exception {
        edge.close();
        for (var each : open) {
            each.close();
        }
    }

    private static <T> List<Future<T>> atOnce(int many, Callable<T> each) {
        var threads = Executors.newVirtualThreadPerTaskExecutor();
        var all = new ArrayList<Future<T>>();
        for (var i = 0; i < many; i++) {
            all.add(threads.submit(each));
        }
        threads.shutdown();
        return all;
    }

    private RawClient.Answer post() throws IOException {
        return RawClient.ask(edge.port(), request("POST", HOST, "/", "Content-Length: 5") + "hello");
    }

    @Test
    void manyRequestsWakeAnAppOnceAndNoneIsLost() throws Exception {
        start();
        var asked = atOnce(100, this::post);
        Await.until(() -> !platform.woken.isEmpty());
        Thread.sleep(500);
        assertThat(asked).noneMatch(Future::isDone);
        var app = app(it -> it.say(200, it.text()));
        point("deploy01", 1, app.address());
        for (var each : asked) {
            assertThat(each.get().body()).isEqualTo("hello");
        }
        assertThat(platform.woken).containsExactly("deploy01");
        assertThat(app.lines).hasSize(100);
        assertThat(get(edge.port(), HOST, "/").field("X-Robots-Tag")).isEqualTo("noindex");
    }

    @Test
    void whatIsStoppedIsSaidToBeAtOnce() throws IOException {
        platform.waking = _ -> false;
        start();
        for (var i = 0; i < 3; i++) {
            var begun = System.nanoTime();
            var answer = post();
            assertThat(answer.status()).isEqualTo(503);
            assertThat(answer.field("Retry-After")).isNotNull();
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(2));
        }
    }

    @Test
    void whatDoesNotWakeInTimeIsUnavailable() throws IOException {
        start(Duration.ofSeconds(1), Duration.ofSeconds(1));
        var answer = get(edge.port(), HOST, "/");
        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.field("Retry-After")).isEqualTo("5");
        assertThat(answer.text()).contains(String.valueOf(answer.field("X-Request-Id")));
    }

    @Test
    void noMoreRequestsWaitThanAreBearable() throws Exception {
        start(Duration.ofSeconds(10), Duration.ofSeconds(10));
        var asked = atOnce(Waiting.MOST + 20, () -> get(edge.port(), HOST, "/").status());
        Await.until(() -> asked.stream().filter(Future::isDone).count() == 20);
        point("deploy01", 1, app(it -> it.say(200, "ok")).address());
        var served = 0;
        for (var each : asked) {
            served += each.get() == 200 ? 1 : 0;
        }
        assertThat(served).isEqualTo(Waiting.MOST);
        assertThat(platform.woken).hasSize(1);
    }

    @Test
    void aDatabaseThatIsAwayOnlyDelaysTheWaking() throws Exception {
        start();
        var down = new AtomicBoolean(true);
        platform.waking = _ -> {
            if (down.get()) {
                throw new IllegalStateException("the platform is away");
            }
            return true;
        };
        var asked = atOnce(1, this::post);
        Await.until(() -> !platform.woken.isEmpty());
        down.set(false);
        Await.until(() -> platform.woken.size() > 1);
        point("deploy01", 1, app(it -> it.say(200, "ok")).address());
        assertThat(asked.getFirst().get().status()).isEqualTo(200);
    }

    @Test
    void anAppThatRestartsCostsNoRequest() throws Exception {
        var app = app(it -> it.say(200, "before"));
        start(app.address());
        assertThat(post().body()).isEqualTo("before");
        app.close();
        var asked = atOnce(50, this::post);
        Thread.sleep(700);
        assertThat(asked).noneMatch(Future::isDone);
        kept(new TestApp(app.port(), it -> it.say(200, "after")));
        for (var each : asked) {
            assertThat(each.get().body()).isEqualTo("after");
        }
        assertThat(platform.woken).hasSize(1);
    }

    @Test
    void anAppThatMovesIsFollowed() throws Exception {
        var old = app(it -> it.say(200, "old"));
        start(old.address());
        old.close();
        var asked = atOnce(20, this::post);
        Thread.sleep(300);
        point("deploy01", 1);
        Thread.sleep(1_200);
        assertThat(asked).noneMatch(Future::isDone);
        point("deploy01", 1, app(it -> it.say(200, "new")).address());
        for (var each : asked) {
            assertThat(each.get().body()).isEqualTo("new");
        }
    }

    @Test
    void anAppThatStaysAwayIsABadGateway() throws Exception {
        var app = app(it -> it.say(200, "ok"));
        start(Duration.ofSeconds(5), Duration.ofSeconds(1), app.address());
        app.close();
        var answer = get(edge.port(), HOST, "/");
        assertThat(answer.status()).isEqualTo(502);
        assertThat(answer.field("X-Request-Id")).isNotNull();
    }

    @Test
    void aDeadAddressAmongSeveralIsSetAside() throws Exception {
        var dead = app(it -> it.say(200, "dead"));
        var one = app(it -> it.say(200, "one"));
        var other = app(it -> it.say(200, "other"));
        start(dead.address(), one.address(), other.address());
        dead.close();
        for (var i = 0; i < 30; i++) {
            assertThat(post().status()).isEqualTo(200);
        }
        assertThat(one.lines.size() + other.lines.size()).isEqualTo(30);
        assertThat(one.lines).isNotEmpty();
        assertThat(other.lines).isNotEmpty();
        assertThat(platform.woken).isEmpty();
    }

    @Test
    void requestsGoWhereTheFewestAre() throws Exception {
        var slow = app(it -> {
            Thread.sleep(1_500);
            it.say(200, "slow");
        });
        var quick = app(it -> it.say(200, "quick"));
        start(slow.address(), quick.address());
        var first = atOnce(4, () -> get(edge.port(), HOST, "/").body());
        Await.until(() -> !slow.lines.isEmpty());
        Await.until(() -> first.stream().filter(Future::isDone).count() + slow.lines.size() == 4);
        var before = quick.lines.size();
        for (var i = 0; i < 20; i++) {
            assertThat(get(edge.port(), HOST, "/").body()).isEqualTo("quick");
        }
        assertThat(quick.lines).hasSize(before + 20);
        for (var each : first) {
            each.get();
        }
    }

    @Test
    void aSwitchUnderLoadFailsNoRequestAndLeavesNoIdleConnectionBehind() throws Exception {
        TestApp.Answering answering = it -> {
            Thread.sleep(it.line().hashCode() % 20 + 20);
            it.say(200, "ok");
        };
        var old = app(answering);
        var fresh = app(answering);
        start(old.address());
        var ended = new AtomicBoolean();
        var answered = new AtomicInteger();
        var failed = new AtomicInteger();
        var asked = atOnce(200, () -> {
            try (var client = new RawClient(edge.port())) {
                for (var i = 0; !ended.get(); i++) {
                    client.send(
                            i % 2 == 0
                                    ? request("GET", HOST, "/" + i)
                                    : request("POST", HOST, "/" + i, "Content-Length: 5") + "hello");
                    (client.answer(false).status() == 200 ? answered : failed).incrementAndGet();
                }
            }
            return true;
        });
        Await.until(() -> answered.get() > 1_000);
        point("deploy02", 2, fresh.address());
        Await.until(() -> fresh.lines.size() > 1_000);
        ended.set(true);
        for (var each : asked) {
            each.get();
        }
        assertThat(failed.get()).isZero();
        Await.until(() -> old.open() == 0);
        assertThat(get(edge.port(), HOST, "/").field("X-CodeHaven-Deployment")).isEqualTo("deploy02");
    }

    @Test
    void whatIsUnderWayStaysWhereItIs() throws Exception {
        var old = app(it -> {
            it.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
            it.in().read();
        });
        start(old.address());
        try (var client = new RawClient(edge.port())) {
            client.send(request("GET", HOST, "/"));
            client.head();
            point("deploy02", 2, app(it -> it.say(200, "new")).address());
            Await.until(() ->
                    "deploy02".equals(RawClient.head(edge.port(), HOST, "/").field("X-CodeHaven-Deployment")));
            assertThat(client.read(6)).isEqualTo("1\r\na\r\n");
            assertThat(old.open()).isEqualTo(1);
        }
        Await.until(() -> old.open() == 0);
    }

    @Test
    void appsThatAreUsedAreSaidToBe() throws Exception {
        var app = app(it -> it.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"));
        start(app.address());
        try (var client = new RawClient(edge.port())) {
            client.send(request("GET", HOST, "/"));
            client.head();
            Await.until(() -> platform.used.size() > 3);
        }
        Await.until(() -> app.open() == 0);
        Thread.sleep(500);
        var before = platform.used.size();
        Thread.sleep(700);
        assertThat(platform.used).hasSize(before);
        assertThat(platform.used).containsOnly("deploy01");
    }

    @Test
    void appsAreServedWhileTheRestOfThePlatformIsAway() throws Exception {
        var app = app(it -> it.say(200, "app"));
        platform.site().with("a.js", "script").app(HOST, Site.Role.DEPLOYMENT, "deploy01", 1, app.address());
        var manifests = new java.util.HashMap<>(platform.storage);
        platform.storage.clear();
        edge = EdgeServer.startFrom(EdgeSettings.of("127.0.0.1", 0, data), platform::source);
        Await.until(() -> edge.status().routes() == 1);
        platform.away = true;
        assertThat(get(edge.port(), HOST, "/a.js").body()).isEqualTo("app");
        assertThat(get(edge.port(), HOST, "/").body()).isEqualTo("app");
        edge.close();
        edge = EdgeServer.startFrom(EdgeSettings.of("127.0.0.1", 0, data), platform::source);
        assertThat(get(edge.port(), HOST, "/").body())
                .as("from the routes on disk")
                .isEqualTo("app");
        platform.storage.putAll(manifests);
        platform.away = false;
        Await.until(() -> get(edge.port(), HOST, "/a.js").body().equals("script"));
    }
}
