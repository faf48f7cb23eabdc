package codehaven.edge;

import static codehaven.edge.RawClient.get;
import static codehaven.edge.RawClient.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** HTTP/1 as bytes (RFC 9110, RFC 9112). */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ProtocolTest {

    private static final String HOST = "shop.sites.localhost";

    private final Platform platform = new Platform();
    private EdgeServer edge;
    private int port;

    @BeforeAll
    void start(@TempDir Path data) {
        platform.site()
                .with("index.html", "home")
                .with("a.txt", "a")
                .with("b.txt", "b")
                .with("large.txt", "0123456789".repeat(2_000_000))
                .at(HOST);
        var times = new EdgeSettings.Times(
                Duration.ofMillis(600), Duration.ofMillis(600), Duration.ofMillis(800), Duration.ofSeconds(3));
        edge = EdgeServer.startFrom(
                EdgeSettings.of("127.0.0.1", 0, data).withTimes(times).withConnections(40), platform::source);
        port = edge.port();
        Await.until(() -> edge.status().routes() == 1);
    }

    @AfterAll
    void stop() {
        edge.close();
    }

    @Test
    void ambiguousOrMalformedRequestsAreRefusedAndTheConnectionEnds() throws IOException {
        var host = "Host: " + HOST + "\r\n";
        for (var request : List.of(
                "GET / HTTP/1.1\r\n\r\n",
                "GET / HTTP/1.1\r\n" + host + host + "\r\n",
                "GET / HTTP/1.1\r\nHost:\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: user@" + HOST + "\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: " + HOST + ":99999\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: " + HOST + ":80a\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a..b\r\n\r\n",
                "GET / HTTP/1.1\r\n" + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "GET / HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
                "GET / HTTP/1.1\r\n" + host + "Content-Length: 5, 5\r\n\r\nhello",
                "GET / HTTP/1.1\r\n" + host + "Content-Length: +5\r\n\r\nhello",
                "GET / HTTP/1.1\r\n" + host + "Content-Length: -5\r\n\r\nhello",
                "GET / HTTP/1.1\r\n" + host + "Content-Length: 0x5\r\n\r\nhello",
                "GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                "GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
                "GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
                "GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
                "GET / HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "GET / HTTP/1.1\r\n" + host + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
                "GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
                "GET / HTTP/1.1\r\n" + host + "No colon\r\n\r\n",
                "GET / HTTP/1.1\r\n" + host + "X\u0000Y: 1\r\n\r\n",
                "GET / HTTP/1.1\r\n" + host + "X: a\u0000b\r\n\r\n",
                "GET / HTTP/1.1\r\n" + host + "X: a\rb\r\n\r\n",
                "GET / HTTP/1.1\n" + host + "\n",
                "GET / FTP/1.1\r\n" + host + "\r\n",
                "GET http:///x HTTP/1.1\r\n" + host + "\r\n",
                "GET ftp://" + HOST + "/ HTTP/1.1\r\n" + host + "\r\n",
                "CONNECT " + HOST + ":80 HTTP/1.1\r\n" + host + "\r\n",
                "GARBAGE\r\n\r\n")) {
            try (var client = new RawClient(port)) {
                client.send(request);
                assertThat(client.answer(false).status()).as(request).isEqualTo(400);
                assertThat(client.isClosed()).as(request).isTrue();
            }
        }
    }

    @Test
    void whatIsTooLongIsSaidToBe() throws IOException {
        assertThat(get(port, HOST, "/" + "a".repeat(9_000)).status()).isEqualTo(414);
        assertThat(get(port, HOST, "/", "X: " + "a".repeat(40_000)).status()).isEqualTo(431);
        assertThat(RawClient.ask(port, "GET / HTTP/2.0\r\nHost: " + HOST + "\r\n\r\n")
                        .status())
                .isEqualTo(505);
    }

    @Test
    void hostsAreCompared() throws IOException {
        for (var host : List.of("SHOP.sites.LOCALHOST", HOST + ".", HOST + ":8081", HOST + ".:80", HOST + ":")) {
            assertThat(get(port, host, "/").text()).as(host).isEqualTo("home");
        }
        assertThat(RawClient.ask(port, "GET http://" + HOST + "/a.txt HTTP/1.1\r\nHost: other\r\n\r\n")
                        .text())
                .isEqualTo("a");
        assertThat(RawClient.ask(port, "GET HTTP://" + HOST + "?q HTTP/1.1\r\nHost: other\r\n\r\n")
                        .text())
                .isEqualTo("home");
    }

    @Test
    void requestsSentAheadAreAnsweredInTheirOrder() throws IOException {
        try (var client = new RawClient(port)) {
            var all = new StringBuilder();
            for (var i = 0; i < 500; i++) {
                all.append(request("GET", HOST, i % 3 == 0 ? "/a.txt" : i % 3 == 1 ? "/b.txt" : "/none"));
            }
            client.send(all.toString());
            client.endSending();
            for (var i = 0; i < 500; i++) {
                var answer = client.answer(false);
                assertThat(answer.status()).isEqualTo(i % 3 == 2 ? 404 : 200);
                if (i % 3 < 2) {
                    assertThat(answer.text()).isEqualTo(i % 3 == 0 ? "a" : "b");
                }
            }
            assertThat(client.isClosed()).isTrue();
        }
    }

    @Test
    void requestsMayArriveByteByByte() throws IOException {
        try (var client = new RawClient(port)) {
            for (var c : request("GET", HOST, "/a.txt").toCharArray()) {
                client.send(String.valueOf(c));
            }
            assertThat(client.answer(false).text()).isEqualTo("a");
        }
    }

    @Test
    void bodiesAreReadAndForgotten() throws IOException {
        try (var client = new RawClient(port)) {
            client.send(request("GET", HOST, "/a.txt", "Content-Length: 6") + "GET /b");
            assertThat(client.answer(false).text()).isEqualTo("a");
            client.send(request("GET", HOST, "/b.txt", "Transfer-Encoding: chunked") + "1\r\nx\r\n".repeat(2_000)
                    + "0\r\nTrailer: 1\r\n\r\n");
            assertThat(client.answer(false).text()).isEqualTo("b");
            client.send(request("POST", HOST, "/a.txt", "Content-Length: 3") + "abc");
            assertThat(client.answer(false).status()).isEqualTo(405);
            client.send(request("GET", HOST, "/a.txt"));
            assertThat(client.answer(false).text()).isEqualTo("a");
        }
        try (var client = new RawClient(port)) {
            client.send(request("GET", HOST, "/", "Content-Length: 300000") + "x".repeat(300_000));
            assertThat(client.answer(false).status()).isEqualTo(413);
            assertThat(client.isClosed()).isTrue();
        }
        try (var client = new RawClient(port)) {
            client.send(request("POST", HOST, "/", "Content-Length: 300000") + "x".repeat(300_000));
            var answer = client.answer(false);
            assertThat(answer.status()).isEqualTo(405);
            assertThat(answer.field("Allow")).isEqualTo("GET, HEAD, OPTIONS");
            assertThat(client.isClosed()).isTrue();
        }
    }

    @Test
    void whoExpectsToBeAskedGetsTheAnswerInstead() throws IOException {
        try (var client = new RawClient(port)) {
            client.send(request("POST", HOST, "/", "Expect: 100-continue", "Content-Length: 5"));
            assertThat(client.answer(false).status()).isEqualTo(405);
            assertThat(client.isClosed()).isTrue();
        }
        assertThat(get(port, HOST, "/", "Expect: 200-maybe").status()).isEqualTo(417);
        // Before HTTP/1.1 nobody could expect anything (RFC 9110, 10.1.1).
        try (var client = new RawClient(port)) {
            client.send("GET / HTTP/1.0\r\nHost: " + HOST + "\r\nExpect: 100-continue\r\n\r\n");
            assertThat(client.answer(false).status()).isEqualTo(200);
        }
        assertThat(get(port, HOST, "/", "Expect: 100-continue").status()).isEqualTo(200);
    }

    @Test
    void connectionsLastAsLongAsWasAgreed() throws IOException {
        try (var client = new RawClient(port)) {
            client.send(request("GET", HOST, "/a.txt", "Connection: close"));
            var answer = client.answer(false);
            assertThat(answer.field("Connection")).isEqualTo("close");
            assertThat(client.isClosed()).isTrue();
        }
        try (var client = new RawClient(port)) {
            client.send("GET /a.txt HTTP/1.0\r\nHost: " + HOST + "\r\n\r\n");
            assertThat(client.answer(false).text()).isEqualTo("a");
            assertThat(client.isClosed()).isTrue();
        }
        try (var client = new RawClient(port)) {
            for (var i = 0; i < 2; i++) {
                client.send("GET /a.txt HTTP/1.0\r\nHost: " + HOST + "\r\nConnection: keep-alive\r\n\r\n");
                assertThat(client.answer(false).field("Connection")).isEqualTo("keep-alive");
            }
        }
    }

    @Test
    void whoHasSentAllStillGetsTheAnswer() throws IOException {
        try (var client = new RawClient(port)) {
            client.send(request("GET", HOST, "/a.txt"));
            client.endSending();
            assertThat(client.answer(false).text()).isEqualTo("a");
            assertThat(client.isClosed()).isTrue();
        }
    }

    @Test
    void whoHasSentAllStillGetsALargeAnswerSlowly() throws Exception {
        try (var client = new RawClient(port)) {
            client.send(request("GET", HOST, "/large.txt"));
            client.endSending();
            Thread.sleep(300);
            assertThat(client.answer(false).body()).hasSize(20_000_000);
            assertThat(client.isClosed()).isTrue();
        }
    }

    @Test
    void whoIsSlowOrSilentIsLetGo() throws IOException {
        try (var silent = new RawClient(port);
                var slow = new RawClient(port);
                var idle = new RawClient(port)) {
            slow.send("GET / HTTP/1.1\r\nHost");
            idle.send(request("GET", HOST, "/a.txt"));
            idle.answer(false);
            assertThat(slow.answer(false).status()).isEqualTo(408);
            assertThat(slow.isClosed()).isTrue();
            assertThat(silent.isClosed()).isTrue();
            assertThat(idle.isClosed()).isTrue();
        }
    }

    @Test
    void moreConnectionsThanAllowedAreClosed() throws IOException {
        var open = new java.util.ArrayList<RawClient>();
        try {
            assertThatThrownBy(() -> {
                        for (var i = 0; i < 41; i++) {
                            var client = new RawClient(port);
                            open.add(client);
                            client.send(request("GET", HOST, "/a.txt"));
                            client.answer(false);
                        }
                    })
                    .isInstanceOfAny(EOFException.class, java.net.SocketException.class);
            assertThat(open).hasSizeGreaterThan(30);
        } finally {
            for (var client : open) {
                client.close();
            }
        }
        Await.until(() -> edge.status().connections() == 0);
        assertThat(get(port, HOST, "/a.txt").text()).isEqualTo("a");
    }
}
