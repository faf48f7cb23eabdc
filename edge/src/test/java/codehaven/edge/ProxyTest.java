package codehaven.edge;

import static codehaven.edge.RawClient.ask;
import static codehaven.edge.RawClient.get;
import static codehaven.edge.RawClient.request;
import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.Site;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A request to an app and its answer. */
class ProxyTest {

    static final String HOST = "app.sites.localhost";

    @TempDir
    Path data;

    private final Platform platform = new Platform();
    private final List<AutoCloseable> open = new ArrayList<>();

    @SuppressWarnings("NullAway.Init") // every test starts it its own way
    private EdgeServer edge;

    private static final EdgeSettings.AppTimes TIMES = new EdgeSettings.AppTimes(
            Duration.ofMillis(500),
            Duration.ofSeconds(1),
            Duration.ofSeconds(5),
            Duration.ofSeconds(3),
            Duration.ofSeconds(2),
            Duration.ofMillis(100),
            Duration.ofSeconds(1),
            Duration.ofSeconds(4),
            Duration.ofMillis(200));

    private void start(Platform.Draft files, String... addresses) {
        files.app(HOST, Site.Role.PRODUCTION, "deploy01", 1, addresses);
        edge = EdgeServer.startFrom(EdgeSettings.of("127.0.0.1", 0, data).withApps(TIMES), platform::source);
        Await.until(() -> edge.status().routes() == 1);
    }

    private void start(String... addresses) {
        start(platform.site(), addresses);
    }

    private TestApp app(TestApp.Answering answering) throws IOException {
        var app = new TestApp(answering);
        open.add(app);
        return app;
    }

    private void startWith(TestApp.Answering answering) throws IOException {
        start(app(answering).address());
    }

    @AfterEach
    void stop() throws Exception {
        edge.close();
        for (var each : open) {
            each.close();
        }
    }

    /** Says the head of the request and its body. */
    private static void echo(TestApp.Asked asked) throws IOException {
        var body = new String(asked.body(), java.nio.charset.StandardCharsets.ISO_8859_1);
        asked.say(200, asked.line() + "\n" + String.join("\n", asked.fields()) + "\n\n" + body);
    }

    @Test
    void whatIsNoFileGoesToTheAppAsItWasSent() throws IOException {
        var app = app(ProxyTest::echo);
        start(
                platform.site()
                        .with("index.html", "page")
                        .with("about.html", "about")
                        .with("_next/static/a.js", "script")
                        .with("404.html", "lost")
                        .spa(),
                app.address());
        assertThat(get(edge.port(), HOST, "/_next/static/a.js").text()).isEqualTo("script");
        assertThat(get(edge.port(), HOST, "/index.html").text()).isEqualTo("page");
        assertThat(RawClient.head(edge.port(), HOST, "/_next/static/a.js").field("Content-Length"))
                .isEqualTo("6");
        for (var path : new String[] {
            "/",
            "/about",
            "/none",
            "/_next",
            "/%zz?a=%&b=[x]",
            "/%2e%2e/etc",
            "/a//b/./c",
            "/caf\u00e9?\u00fc",
            "/a\\b",
            "/?",
            "/.env",
            "/%ff",
            "/a|b\"<>{}^`",
            "/-/health"
        }) {
            assertThat(get(edge.port(), HOST, path).body()).startsWith("GET " + path + " HTTP/1.1\n");
        }
        for (var method : new String[] {"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW", "PROPFIND"}) {
            assertThat(ask(edge.port(), request(method, HOST, "/index.html", "Content-Length: 3") + "abc")
                            .body())
                    .startsWith(method + " /index.html HTTP/1.1\n")
                    .endsWith("\n\nabc");
            assertThat(ask(edge.port(), request(method, HOST, "/none")).body()).startsWith(method + " /none ");
        }
        assertThat(ask(edge.port(), request("OPTIONS", HOST, "*")).body()).startsWith("OPTIONS * HTTP/1.1\n");
        assertThat(ask(edge.port(), "GET http://" + HOST + ":99/x?y HTTP/1.1\r\nHost: other\r\n\r\n")
                        .body())
                .startsWith("GET /x?y HTTP/1.1\nHost: " + HOST + ":99\n");
        for (var method : new String[] {"TRACE", "CONNECT"}) {
            assertThat(ask(edge.port(), request(method, HOST, "/")).status()).isEqualTo(405);
        }
        assertThat(ask(edge.port(), "CONNECT " + HOST + ":80 HTTP/1.1\r\nHost: " + HOST + "\r\n\r\n")
                        .status())
                .isEqualTo(400);
    }

    @Test
    void theAppLearnsFromTheEdgeAloneWhereARequestCameFrom() throws IOException {
        startWith(ProxyTest::echo);
        var answer = get(
                edge.port(),
                HOST.toUpperCase(java.util.Locale.ROOT) + ":8081",
                "/",
                "X-Forwarded-For: 6.6.6.6",
                "X_Forwarded_For: 6.6.6.6",
                "x-forwarded-proto: https",
                "X-Forwarded-Host: evil",
                "X-Forwarded-Port: 666",
                "X-Forwarded-Prefix: /evil",
                "Forwarded: for=6.6.6.6",
                "X-Real-IP: 6.6.6.6",
                "X-Request-Id: evil",
                "Proxy: evil",
                "Connection: keep-alive, X-Secret, Host, X-Forwarded-For",
                "X-Secret: evil",
                "Keep-Alive: timeout=666",
                "Proxy-Connection: evil",
                "TE: trailers, gzip",
                "X-Other: caf\u00e9",
                "Cookie: a=b",
                "Authorization: Bearer x");
        assertThat(answer.body())
                .doesNotContain("evil", "6.6.6.6", "666", "https", "gzip")
                .contains(
                        "\nHost: APP.SITES.LOCALHOST:8081\n",
                        "\nX-Forwarded-For: 127.0.0.1\n",
                        "\nX-Forwarded-Proto: http\n",
                        "\nX-Forwarded-Host: APP.SITES.LOCALHOST:8081\n",
                        "\nX-Forwarded-Port: 8081\n",
                        "\nX-Real-IP: 127.0.0.1\n",
                        "\nForwarded: for=127.0.0.1;host=\"APP.SITES.LOCALHOST:8081\";proto=http\n",
                        "\nX-Request-Id: " + answer.field("X-Request-Id") + "\n",
                        "\nX-Other: caf\u00e9\n",
                        "\nCookie: a=b\n",
                        "\nAuthorization: Bearer x\n");
    }

    @Test
    void theAnswerIsTheAppsButForWhatBelongsToTheConnection() throws IOException {
        startWith(asked -> asked.say(
                201,
                "made",
                "Set-Cookie: a=1",
                "Set-Cookie: b=2; HttpOnly",
                "Location: /there?x=caf\u00e9",
                "Cache-Control: private",
                "Content-Encoding: x-odd",
                "Connection: X-Hop, keep-alive",
                "X-Hop: 1",
                "Keep-Alive: timeout=5",
                "Proxy-Connection: keep-alive",
                "X-CodeHaven-Deployment: other",
                "Server: app/1"));
        var answer = ask(edge.port(), request("POST", HOST, "/"));
        assertThat(answer.status()).isEqualTo(201);
        assertThat(answer.body()).isEqualTo("made");
        assertThat(answer.all("Set-Cookie")).containsExactly("a=1", "b=2; HttpOnly");
        assertThat(answer.field("Location")).isEqualTo("/there?x=caf\u00e9");
        assertThat(answer.field("Cache-Control")).isEqualTo("private");
        assertThat(answer.field("Content-Encoding")).isEqualTo("x-odd");
        assertThat(answer.field("Server")).isEqualTo("app/1");
        assertThat(answer.all("X-CodeHaven-Deployment")).containsExactly("deploy01");
        assertThat(answer.field("X-Request-Id")).matches("[0-9a-f]{16}");
        assertThat(answer.field("Date")).isNotNull();
        for (var gone : new String[] {"X-Hop", "Keep-Alive", "Proxy-Connection", "Connection", "X-Robots-Tag"}) {
            assertThat(answer.field(gone)).as(gone).isNull();
        }
    }

    @Test
    void connectionsToTheAppAreUsedAgain() throws IOException {
        var app = app(asked -> asked.say(200, "ok"));
        start(app.address());
        try (var client = new RawClient(edge.port())) {
            for (var i = 0; i < 50; i++) {
                client.send(request("GET", HOST, "/" + i));
                assertThat(client.answer(false).body()).isEqualTo("ok");
            }
        }
        assertThat(app.connections.get()).isEqualTo(1);
        assertThat(app.lines).hasSize(50);
    }

    @Test
    void answersWithoutABodyHaveNone() throws IOException {
        startWith(asked -> {
            switch (asked.path()) {
                case "/204" -> asked.send("HTTP/1.1 204 No Content\r\n\r\n");
                case "/304" -> asked.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\n");
                case "/length" -> asked.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
                case "/chunked" -> asked.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                default -> asked.say(200, "ok");
            }
        });
        try (var client = new RawClient(edge.port())) {
            client.send(request("GET", HOST, "/204"));
            assertThat(client.answer(false).status()).isEqualTo(204);
            client.send(request("GET", HOST, "/304"));
            assertThat(client.answer(false).field("Content-Length")).isEqualTo("5");
            client.send(request("HEAD", HOST, "/length"));
            assertThat(client.answer(true).field("Content-Length")).isEqualTo("5");
            client.send(request("HEAD", HOST, "/chunked"));
            assertThat(client.answer(true).status()).isEqualTo(200);
            client.send(request("GET", HOST, "/"));
            assertThat(client.answer(false).body()).isEqualTo("ok");
        }
    }

    @Test
    void trailersPassBothWays() throws IOException {
        startWith(asked -> {
            asked.body();
            asked.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: "
                    + asked.field("X-Sum") + "\r\nX-Seen: " + asked.field("X-Forwarded-For") + "/"
                    + asked.all("X-Forwarded-For").size() + "\r\n\r\n");
        });
        try (var client = new RawClient(edge.port())) {
            client.send(request("POST", HOST, "/", "Transfer-Encoding: chunked", "TE: trailers")
                    + "5\r\nhello\r\n0\r\nX-Sum: 42\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n");
            var head = client.head();
            assertThat(head.field("Transfer-Encoding")).isEqualTo("chunked");
            assertThat(head.field("Trailer")).isEqualTo("X-Sum");
            var rest = client.read(3 + 5 + 3 + 11 + 21 + 2);
            assertThat(rest).isEqualTo("3\r\nabc\r\n0\r\nX-Sum: 42\r\nX-Seen: 127.0.0.1/1\r\n\r\n");
        }
    }

    @Test
    void whoAsksWhetherToSendIsAnsweredByTheApp() throws IOException {
        startWith(asked -> {
            if (asked.line().contains("/no")) {
                asked.send("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
                return;
            }
            asked.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
            asked.say(200, asked.text());
        });
        try (var client = new RawClient(edge.port())) {
            client.send(request("POST", HOST, "/", "Expect: 100-continue", "Content-Length: 5"));
            var hints = client.head();
            assertThat(hints.status()).isEqualTo(103);
            assertThat(hints.field("Link")).isEqualTo("</a.css>; rel=preload");
            assertThat(client.head().status()).isEqualTo(100);
            client.send("hello");
            assertThat(client.answer(false).body()).isEqualTo("hello");
            client.send(request("POST", HOST, "/no", "Expect: 100-continue", "Content-Length: 5"));
            var no = client.answer(false);
            assertThat(no.status()).isEqualTo(417);
            assertThat(no.field("Connection")).isEqualTo("close");
            assertThat(client.isClosed()).isTrue();
        }
    }

    private static String chunk(String text) {
        return Integer.toHexString(text.length()) + "\r\n" + text + "\r\n";
    }

    @Test
    void eventsArriveWhenTheyHappen() throws Exception {
        var go = new java.util.concurrent.CountDownLatch(1);
        startWith(asked -> {
            asked.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + chunk("data: 1\n\n"));
            go.await();
            asked.send(chunk("data: 2\n\n") + chunk(""));
        });
        try (var client = new RawClient(edge.port())) {
            client.send(request("GET", HOST, "/events"));
            assertThat(client.head().field("Content-Type")).isEqualTo("text/event-stream");
            assertThat(client.read(14)).isEqualTo(chunk("data: 1\n\n"));
            go.countDown();
            assertThat(client.read(19)).isEqualTo(chunk("data: 2\n\n") + chunk(""));
        }
    }

    @Test
    void answersUntilTheEndOfTheConnectionAreFramed() throws IOException {
        startWith(asked -> {
            asked.send("HTTP/1.0 200 OK\r\n\r\nall of it");
            asked.socket().close();
        });
        try (var client = new RawClient(edge.port())) {
            client.send(request("GET", HOST, "/"));
            assertThat(client.head().field("Transfer-Encoding")).isEqualTo("chunked");
            assertThat(client.read(19)).isEqualTo("9\r\nall of it\r\n0\r\n\r\n");
        }
        try (var client = new RawClient(edge.port())) {
            client.send("GET / HTTP/1.0\r\nHost: " + HOST + "\r\nConnection: keep-alive\r\n\r\n");
            assertThat(client.head().field("Transfer-Encoding")).isNull();
            assertThat(client.readAll()).isEqualTo("all of it");
        }
    }

    @Test
    void requestsSentAheadAreAnsweredInTheirOrder() throws IOException {
        startWith(ProxyTest::echo);
        try (var client = new RawClient(edge.port())) {
            var all = new StringBuilder();
            for (var i = 0; i < 200; i++) {
                all.append(request("POST", HOST, "/" + i, "Content-Length: 4")).append(String.format("%04d", i));
            }
            client.send(all.toString());
            client.endSending();
            for (var i = 0; i < 200; i++) {
                assertThat(client.answer(false).body())
                        .startsWith("POST /" + i + " ")
                        .endsWith(String.format("%04d", i));
            }
            assertThat(client.isClosed()).isTrue();
        }
    }

    @Test
    void protocolsOfOtherKindsPassAsBytes() throws IOException {
        startWith(asked -> {
            if (asked.field("Upgrade") == null) {
                asked.say(200, "no");
                return;
            }
            asked.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    + "Sec-WebSocket-Accept: x\r\n\r\nhello");
            var in = asked.in();
            for (int c; (c = in.read()) >= 0; ) {
                asked.out().write(c + 1);
            }
            asked.send("end");
        });
        try (var client = new RawClient(edge.port())) {
            client.send(request(
                            "GET",
                            HOST,
                            "/socket",
                            "Connection: keep-alive, Upgrade",
                            "Upgrade: websocket",
                            "Sec-WebSocket-Key: k")
                    + "GET /x HTTP/1.1\r\n");
            var head = client.head();
            assertThat(head.status()).isEqualTo(101);
            assertThat(head.field("Upgrade")).isEqualTo("websocket");
            assertThat(head.field("Connection")).isEqualToIgnoringCase("upgrade");
            assertThat(head.field("Sec-WebSocket-Accept")).isEqualTo("x");
            assertThat(client.read(5 + 17)).isEqualTo("helloHFU!0y!IUUQ02/2\u000e\u000b");
            client.send("ABC");
            assertThat(client.read(3)).isEqualTo("BCD");
            client.endSending();
            assertThat(client.readAll()).isEqualTo("end");
        }
        try (var client = new RawClient(edge.port())) {
            client.send(request(
                            "GET",
                            HOST,
                            "/",
                            "Connection: Upgrade, HTTP2-Settings",
                            "Upgrade: h2c",
                            "HTTP2-Settings: AAA")
                    + request("GET", HOST, "/2"));
            assertThat(client.answer(false).body()).isEqualTo("no");
            assertThat(client.answer(false).body()).as("sent ahead").isEqualTo("no");
        }
    }

    @Test
    void whatAppsDoWrongIsABadGateway() throws IOException {
        startWith(asked -> {
            switch (asked.path()) {
                case "/close" -> throw new IOException();
                case "/both" ->
                    asked.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
                case "/gzip" -> asked.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n");
                case "/lengths" -> asked.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd");
                case "/name" -> asked.send("HTTP/1.1 200 OK\r\nB\1d: 3\r\nContent-Length: 0\r\n\r\n");
                case "/value" -> asked.send("HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n");
                case "/nul" -> asked.send("HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n");
                case "/long" -> asked.send("HTTP/1.1 200 OK\r\nX: " + "a".repeat(70_000) + "\r\n\r\n");
                case "/garbage" -> asked.send("SSH-2.0-OpenSSH\r\n\r\n");
                case "/half" -> {
                    asked.send("HTTP/1.1 200 OK\r\nX: ");
                    throw new IOException();
                }
                case "/101" -> asked.send("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
                case "/099" -> asked.send("HTTP/1.1 099 What\r\nContent-Length: 0\r\n\r\n");
                default -> asked.say(200, "ok", "X: " + "a".repeat(60_000));
            }
        });
        for (var path : new String[] {
            "/close",
            "/both",
            "/gzip",
            "/lengths",
            "/name",
            "/value",
            "/nul",
            "/long",
            "/garbage",
            "/half",
            "/101",
            "/099"
        }) {
            var answer = get(edge.port(), HOST, path);
            assertThat(answer.status()).as(path).isEqualTo(502);
            assertThat(answer.field("X-CodeHaven-Deployment")).isEqualTo("deploy01");
            assertThat(answer.text()).contains(String.valueOf(answer.field("X-Request-Id")));
        }
        assertThat(get(edge.port(), HOST, "/").status()).isEqualTo(200);
    }

    @Test
    void answersThatBreakOffAreSeenToBreakOff() throws IOException {
        startWith(asked -> {
            switch (asked.path()) {
                case "/chunked" -> asked.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
                default -> asked.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
            }
            throw new IOException();
        });
        for (var path : new String[] {"/chunked", "/length"}) {
            try (var client = new RawClient(edge.port())) {
                client.send(request("GET", HOST, path));
                assertThat(client.head().status()).isEqualTo(200);
                assertThat(client.readAll()).contains("abc").doesNotContain("0\r\n\r\n");
            } catch (java.net.SocketException e) {
                assertThat(e).hasMessageContaining("reset");
            }
        }
    }

    @Test
    void appsThatDoNotAnswerAreGivenUp() throws IOException {
        startWith(asked -> Thread.sleep(20_000));
        var begun = System.nanoTime();
        var answer = get(edge.port(), HOST, "/");
        assertThat(answer.status()).isEqualTo(504);
        assertThat(answer.field("X-Request-Id")).isNotNull();
        assertThat(Duration.ofNanos(System.nanoTime() - begun))
                .isBetween(Duration.ofMillis(900), Duration.ofSeconds(4));
    }

    @Test
    void anIdleConnectionThatTurnsOutClosedCostsNoRequest() throws Exception {
        var first = new java.util.concurrent.atomic.AtomicBoolean(true);
        var app = app(asked -> {
            if (asked.line().contains("/lost") && first.getAndSet(false)) {
                throw new IOException();
            }
            asked.say(200, "ok");
        });
        start(app.address());
        try (var client = new RawClient(edge.port())) {
            client.send(request("GET", HOST, "/"));
            client.answer(false);
            client.send(request("GET", HOST, "/lost"));
            assertThat(client.answer(false).body()).isEqualTo("ok");
            assertThat(app.lines).containsExactly("GET / HTTP/1.1", "GET /lost HTTP/1.1", "GET /lost HTTP/1.1");
            first.set(true);
            client.send(request("POST", HOST, "/lost", "Content-Length: 0"));
            assertThat(client.answer(false).status())
                    .as("it may have been done")
                    .isEqualTo(502);
        }
        assertThat(app.lines).hasSize(4);
    }

    @Test
    void ambiguousRequestsNeverReachTheApp() throws IOException {
        var app = app(asked -> asked.say(200, "ok"));
        start(app.address());
        var host = " HTTP/1.1\r\nHost: " + HOST + "\r\n";
        for (var request : new String[] {
            "POST /" + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled" + host
                    + "\r\n",
            "POST /" + host + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            "POST /" + host + "Content-Length: 5, 5\r\n\r\nhello",
            "POST /" + host + "Content-Length: +5\r\n\r\nhello",
            "POST /" + host + "Content-Length: 5 5\r\n\r\nhello",
            "POST /" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "POST /" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
            "POST /" + host + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            "POST /" + host + " Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /" + host + "X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /" + host + "X\0: a\r\n\r\n",
            "GET /a\u0001b" + host + "\r\n",
            "GET /\tb" + host + "\r\n",
            "GET /#a" + host + "\r\n",
            "GET //a b" + host + "\r\n",
            "GET /" + host + "Host: other\r\n\r\n",
            "GET /" + host + "Sec-WebSocket-Key1: a\r\nSec-WebSocket-Key2: b\r\n\r\nGET /smu",
            "POST / HTTP/1.0\r\nHost: " + HOST + "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        }) {
            try (var client = new RawClient(edge.port())) {
                client.send(request);
                assertThat(client.answer(false).status()).as(request).isEqualTo(400);
                assertThat(client.isClosed()).as(request).isTrue();
            }
        }
        assertThat(app.lines).isEmpty();
    }

    @Test
    void aBodyThatIsNoneEndsTheRequestAtTheApp() throws Exception {
        var ends = new java.util.concurrent.CountDownLatch(2);
        startWith(asked -> {
            assertThat(asked.field("Transfer-Encoding")).isEqualTo("chunked");
            assertThat(new String(asked.in().readAllBytes(), java.nio.charset.StandardCharsets.ISO_8859_1))
                    .isIn("3\r\nabc\r\n", "");
            ends.countDown();
        });
        try (var client = new RawClient(edge.port())) {
            client.send(request("POST", HOST, "/", "Transfer-Encoding: chunked") + "3\r\nabc\r\nzz\r\n");
            assertThat(client.answer(false).status()).isEqualTo(400);
            assertThat(client.isClosed()).isTrue();
        }
        try (var client = new RawClient(edge.port())) {
            client.send(request("POST", HOST, "/", "Transfer-Encoding: chunked") + "3\r\nabc\r\n");
            client.endSending();
            assertThat(client.isClosed()).isTrue();
        }
        assertThat(ends.await(10, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void anAnswerWithoutLengthThatBreaksOffIsNoWholeAnswerToOldClients() throws Exception {
        startWith(asked -> {
            asked.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
            Thread.sleep(300);
            throw new IOException();
        });
        try (var client = new RawClient(edge.port())) {
            client.send("GET / HTTP/1.0\r\nHost: " + HOST + "\r\n\r\n");
            assertThat(client.head().status()).isEqualTo(200);
            org.assertj.core.api.Assertions.assertThatThrownBy(
                            () -> client.stream().readAllBytes())
                    .isInstanceOf(java.net.SocketException.class);
        }
    }

    /** Upper case comes back as sent, and one direction may end before the other. */
    private static void tunnel(TestApp.Asked asked) throws IOException {
        asked.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
        asked.in().transferTo(asked.out());
    }

    private RawClient tunnel() throws IOException {
        var client = new RawClient(edge.port());
        client.send(request("GET", HOST, "/", "Connection: upgrade", "Upgrade: echo"));
        assertThat(client.head().status()).isEqualTo(101);
        return client;
    }

    @Test
    void tunnelsTakeNoMoreThanTheOtherSideDoes() throws Exception {
        startWith(ProxyTest::tunnel);
        try (var client = tunnel()) {
            var sent = new java.util.concurrent.atomic.AtomicLong();
            var piece = "0123456789abcdef".repeat(4_096).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
            var sending = Thread.startVirtualThread(() -> {
                try {
                    while (sent.get() < 3_000) {
                        client.out().write(piece);
                        sent.incrementAndGet();
                    }
                    client.endSending();
                } catch (IOException e) {
                    sent.set(-1);
                }
            });
            for (var last = -1L; last != sent.get() || last == 0; Thread.sleep(400)) {
                last = sent.get();
            }
            assertThat(sent.get())
                    .as("pieces of 64 KiB, in the buffers of eight ends")
                    .isLessThan(1_000);
            var read = 0L;
            var buffer = new byte[64 * 1024];
            for (int n; (n = client.stream().read(buffer)) >= 0; read += n) {
                for (var i = 0; i < n; i++) {
                    if (buffer[i] != piece[(int) ((read + i) % piece.length)]) {
                        throw new AssertionError("another byte at " + (read + i));
                    }
                }
            }
            sending.join();
            assertThat(read).isEqualTo(3_000L * piece.length);
        }
    }

    @Test
    void tunnelsEndWhenNothingIsSaidForLongOrTheEdgeEnds() throws Exception {
        startWith(ProxyTest::tunnel);
        try (var silent = tunnel();
                var speaking = tunnel()) {
            var begun = System.nanoTime();
            while (Duration.ofNanos(System.nanoTime() - begun)
                            .compareTo(TIMES.stream().plusSeconds(2))
                    < 0) {
                speaking.send("A");
                assertThat(speaking.stream().read()).isEqualTo('A');
                Thread.sleep(100);
            }
            assertThat(silent.isClosed()).isTrue();
            var closing = Thread.startVirtualThread(edge::close);
            speaking.send("B");
            assertThat(speaking.stream().read()).isEqualTo('B');
            assertThat(speaking.isClosed()).isTrue();
            closing.join();
            assertThat(platform.used).contains("deploy01");
        }
    }

    @Test
    void anAppThatLeavesATunnelIsSeenToHaveLeft() throws Exception {
        startWith(asked -> {
            asked.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nbye");
            throw new IOException();
        });
        try (var client = tunnel()) {
            assertThat(client.readAll()).isEqualTo("bye");
        }
    }

    @Test
    void whoSendsAheadWhileHeAsksForAnotherProtocolIsNotKeptInMemory() throws Exception {
        startWith(asked -> {
            Thread.sleep(800);
            asked.say(200, "no");
        });
        try (var client = new RawClient(edge.port())) {
            client.send(request("GET", HOST, "/", "Connection: upgrade", "Upgrade: echo"));
            var sent = new java.util.concurrent.atomic.AtomicLong();
            var sending = Thread.startVirtualThread(() -> {
                try {
                    while (true) {
                        client.out().write(new byte[64 * 1024]);
                        sent.incrementAndGet();
                    }
                } catch (IOException e) {
                    // The edge has ended the connection.
                }
            });
            Thread.sleep(600);
            assertThat(sent.get()).as("pieces of 64 KiB").isPositive().isLessThan(200);
            assertThat(client.answer(false).body()).isEqualTo("no");
            sending.join();
        }
    }

    @Test
    void aSlowBodyIsNotWaitedForForEver() throws Exception {
        var app = app(ProxyTest::echo);
        platform.site().app(HOST, Site.Role.PRODUCTION, "deploy01", 1, app.address());
        var times = new EdgeSettings.Times(
                Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofMillis(600), Duration.ofSeconds(1));
        edge = EdgeServer.startFrom(
                EdgeSettings.of("127.0.0.1", 0, data).withTimes(times).withApps(TIMES), platform::source);
        Await.until(() -> edge.status().routes() == 1);
        try (var client = new RawClient(edge.port())) {
            client.send(request("POST", HOST, "/", "Content-Length: 10"));
            for (var i = 0; i < 6; i++) {
                client.send("a");
                Thread.sleep(200);
            }
            assertThat(client.answer(false).status()).isEqualTo(408);
            assertThat(client.isClosed()).isTrue();
        }
    }
}
