package codehaven.edge;

import static codehaven.edge.RawClient.request;
import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.Site;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bodies that are larger than what anybody would keep in memory. */
class StreamingTest {

    private static final String HOST = "app.sites.localhost";
    private static final int MB = 1024 * 1024;
    private static final int SIZE = 200 * MB;
    /** What may be on its way: mostly in the buffers of the kernel, at both connections. */
    private static final int IN_FLIGHT = 24 * MB;

    @TempDir
    Path data;

    private final Platform platform = new Platform();
    private final List<AutoCloseable> open = new ArrayList<>();

    @SuppressWarnings("NullAway.Init") // every test starts it its own way
    private EdgeServer edge;

    private void startWith(TestApp.Answering answering) throws IOException {
        var app = new TestApp(answering);
        open.add(app);
        platform.site().app(HOST, Site.Role.PRODUCTION, "deploy01", 1, app.address());
        edge = EdgeServer.startFrom(EdgeSettings.of("127.0.0.1", 0, data), platform::source);
        Await.until(() -> edge.status().routes() == 1);
    }

    @AfterEach
    void stop() throws Exception {
        edge.close();
        for (var each : open) {
            each.close();
        }
    }

    private static byte at(long position) {
        return (byte) (position * 31 + (position >> 12));
    }

    private static void fill(byte[] piece, long from) {
        for (var i = 0; i < piece.length; i++) {
            piece[i] = at(from + i);
        }
    }

    private static long differences(byte[] piece, int length, long from) {
        var wrong = 0;
        for (var i = 0; i < length; i++) {
            wrong += piece[i] == at(from + i) ? 0 : 1;
        }
        return wrong;
    }

    private static void write(java.io.OutputStream out, AtomicLong written) throws IOException {
        var piece = new byte[64 * 1024];
        while (written.get() < SIZE) {
            fill(piece, written.get());
            out.write(piece);
            written.addAndGet(piece.length);
        }
        out.flush();
    }

    private static long read(java.io.InputStream in) throws IOException {
        var piece = new byte[64 * 1024];
        var wrong = 0L;
        var position = 0L;
        for (int n; position < SIZE && (n = in.read(piece)) > 0; position += n) {
            wrong += differences(piece, n, position);
        }
        return position == SIZE ? wrong : -1;
    }

    private static void untilStalled(AtomicLong written) throws InterruptedException {
        for (var last = -1L; last != written.get() || last == 0; Thread.sleep(400)) {
            last = written.get();
        }
        assertThat(written.get()).isPositive().isLessThan(IN_FLIGHT);
    }

    /** Buffers are outside of the heap, and those that are free are kept for the next time. */
    private static long memory() {
        return io.netty.buffer.ByteBufAllocator.DEFAULT
                        instanceof io.netty.buffer.ByteBufAllocatorMetricProvider allocator
                ? allocator.metric().usedDirectMemory() + allocator.metric().usedHeapMemory()
                : 0;
    }

    @Test
    void anAppSendsNoFasterThanItsVisitorReads() throws Exception {
        var written = new AtomicLong();
        startWith(asked -> {
            asked.send("HTTP/1.1 200 OK\r\nContent-Length: " + SIZE + "\r\n\r\n");
            write(asked.out(), written);
            asked.socket().close();
        });
        var before = memory();
        try (var client = new RawClient(edge.port())) {
            client.send(request("GET", HOST, "/"));
            untilStalled(written);
            client.head();
            assertThat(read(client.stream())).isZero();
        }
        assertThat(memory() - before).isLessThan(32L * MB);
    }

    @Test
    void aVisitorSendsNoFasterThanTheAppReads() throws Exception {
        var go = new CountDownLatch(1);
        startWith(asked -> {
            go.await();
            var wrong = read(asked.in());
            asked.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (wrong == 0 ? "ok" : "no"));
        });
        var before = memory();
        var written = new AtomicLong();
        try (var client = new RawClient(edge.port())) {
            client.send(request("POST", HOST, "/", "Content-Length: " + SIZE));
            var sending = Thread.startVirtualThread(() -> {
                try {
                    write(client.out(), written);
                } catch (IOException e) {
                    written.set(-1);
                }
            });
            untilStalled(written);
            go.countDown();
            assertThat(client.answer(false).body()).isEqualTo("ok");
            sending.join();
        }
        assertThat(memory() - before).isLessThan(32L * MB);
    }

    @Test
    void aSleepingAppsVisitorIsNotReadFrom() throws Exception {
        platform.site().app(HOST, Site.Role.PRODUCTION, "deploy01", 1);
        edge = EdgeServer.startFrom(EdgeSettings.of("127.0.0.1", 0, data), platform::source);
        Await.until(() -> edge.status().routes() == 1);
        var written = new AtomicLong();
        try (var client = new RawClient(edge.port())) {
            client.send(request("PUT", HOST, "/", "Content-Length: " + SIZE));
            Thread.startVirtualThread(() -> {
                try {
                    write(client.out(), written);
                } catch (IOException e) {
                    written.set(-1);
                }
            });
            untilStalled(written);
            var app = new TestApp(asked ->
                    asked.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (read(asked.in()) == 0 ? "ok" : "no")));
            open.add(app);
            platform.site().app(HOST, Site.Role.PRODUCTION, "deploy01", 1, app.address());
            assertThat(client.answer(false).body()).isEqualTo("ok");
        }
    }

    @Test
    void bothDirectionsFlowAtOnce() throws Exception {
        startWith(asked -> {
            asked.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while (true) {
                var size = String.valueOf(TestApp.Asked.line(asked.in()));
                if (size.equals("0")) {
                    break;
                }
                var length = Integer.parseInt(size, 16);
                var piece = new String(asked.in().readNBytes(length), java.nio.charset.StandardCharsets.ISO_8859_1);
                TestApp.Asked.line(asked.in());
                asked.send(size + "\r\n" + piece + "\r\n");
            }
            TestApp.Asked.line(asked.in());
            asked.send("0\r\n\r\n");
        });
        try (var client = new RawClient(edge.port())) {
            client.send(request("POST", HOST, "/", "Transfer-Encoding: chunked"));
            client.head();
            for (var i = 0; i < 100; i++) {
                client.send("3\r\n" + (100 + i) + "\r\n");
                assertThat(client.read(8)).isEqualTo("3\r\n" + (100 + i) + "\r\n");
            }
            client.send("0\r\n\r\n");
            assertThat(client.read(5)).isEqualTo("0\r\n\r\n");
        }
    }

    @Test
    void anAnswerBeforeTheEndOfTheBodyIsPassedOn() throws Exception {
        startWith(asked -> {
            asked.send("HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
            asked.socket().shutdownOutput();
            asked.in().skip(MB);
        });
        for (var i = 0; i < 5; i++) {
            try (var client = new RawClient(edge.port())) {
                client.send(request("POST", HOST, "/", "Content-Length: 50000000") + "x".repeat(300_000));
                var answer = client.answer(false);
                assertThat(answer.status()).isEqualTo(413);
                assertThat(answer.body()).isEqualTo("no");
                assertThat(client.isClosed()).isTrue();
            }
        }
    }

    @Test
    void aVisitorWhoLeavesLeavesTheApp() throws Exception {
        var left = new CountDownLatch(2);
        startWith(asked -> {
            asked.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            try {
                while (true) {
                    asked.send("1\r\na\r\n");
                    Thread.sleep(20);
                }
            } catch (IOException e) {
                left.countDown();
                throw e;
            }
        });
        for (var i = 0; i < 2; i++) {
            try (var client = new RawClient(edge.port())) {
                client.send(
                        i == 0 ? request("GET", HOST, "/") : request("POST", HOST, "/", "Content-Length: 10") + "abc");
                client.head();
            }
        }
        assertThat(left.await(10, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
    }
}
