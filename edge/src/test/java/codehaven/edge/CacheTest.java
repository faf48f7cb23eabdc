package codehaven.edge;

import static codehaven.edge.RawClient.get;
import static codehaven.edge.RawClient.head;
import static codehaven.edge.RawClient.request;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import codehaven.model.Host;
import codehaven.model.Site;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is kept, and what happens when things are not there. */
class CacheTest {

    private static final String HOST = "shop.sites.localhost";
    private static final int MB = 1024 * 1024;

    @TempDir
    Path data;

    private final Platform platform = new Platform();

    @SuppressWarnings("NullAway.Init") // every test starts it its own way
    private EdgeServer edge;

    private void start(EdgeSettings settings) {
        edge = EdgeServer.startFrom(settings, platform::source);
    }

    private void startUsual() {
        start(EdgeSettings.of("127.0.0.1", 0, data));
        Await.until(() -> edge.status().routes() > 0);
    }

    private void settle() {
        Await.until(() -> edge.status().sitesToFetch() == 0);
    }

    @AfterEach
    void stop() {
        edge.close();
    }

    private static byte[] noise(int size) {
        var bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    private Path file(byte[] content) {
        var sha = BlobKey.sha256(content);
        return data.resolve("blobs").resolve(sha.substring(0, 2)).resolve(sha);
    }

    @Test
    void aSiteServedOnceIsServedWholeWhenAllElseIsGone() throws IOException {
        var big = noise(2 * MB);
        platform.site()
                .with("index.html", "home")
                .with("never/asked/for.js", "deep")
                .with("big.bin", big, "application/octet-stream", List.of())
                .compressed("app.js", "uncompressed", Map.of("br", 4))
                .at("preview.sites.localhost", Site.Role.DEPLOYMENT, "deploy01", 1);
        startUsual();
        assertThat(get(edge.port(), "preview.sites.localhost", "/").status()).isEqualTo(200);
        settle();
        platform.away = true;
        for (var restarted : new boolean[] {false, true}) {
            if (restarted) {
                edge.close();
                start(EdgeSettings.of("127.0.0.1", 0, data));
            }
            var host = "preview.sites.localhost";
            assertThat(get(edge.port(), host, "/").text()).isEqualTo("home");
            assertThat(get(edge.port(), host, "/never/asked/for.js").text()).isEqualTo("deep");
            assertThat(get(edge.port(), host, "/app.js", "Accept-Encoding: br").text())
                    .isEqualTo("brbr");
            assertThat(get(edge.port(), host, "/app.js").text()).isEqualTo("uncompressed");
            assertThat(BlobKey.sha256(get(edge.port(), host, "/big.bin").body().getBytes(ISO_8859_1)))
                    .isEqualTo(BlobKey.sha256(big));
            assertThat(get(edge.port(), host, "/none").status()).isEqualTo(404);
            assertThat(get(edge.port(), "unknown.sites.localhost", "/").status())
                    .as("whether there is one, nobody can say")
                    .isEqualTo(503);
        }
    }

    @Test
    void publicSitesComeToDiskBeforeTheFirstVisitor() throws IOException {
        platform.site().with("index.html", "home").at(HOST);
        startUsual();
        settle();
        platform.away = true;
        assertThat(get(edge.port(), HOST, "/").text()).isEqualTo("home");
    }

    @Test
    void whatCannotBeHadNowIsNotCalledMissing() throws IOException {
        platform.site().with("index.html", "home").with("a.txt", "a").at(HOST, Site.Role.BRANCH, "deploy01", 1);
        startUsual();
        platform.away = true;
        for (var path : List.of("/", "/a.txt", "/none")) {
            for (var answer : List.of(get(edge.port(), HOST, path), head(edge.port(), HOST, path))) {
                assertThat(answer.status()).isEqualTo(503);
                assertThat(answer.field("Retry-After")).isEqualTo("5");
                assertThat(answer.field("Cache-Control")).isEqualTo("no-store");
            }
        }
        platform.away = false;
        Await.until(() -> get(edge.port(), HOST, "/").status() == 200);
        var lost = "lost".getBytes(UTF_8);
        platform.site().with("lost.txt", "lost").at("lost.sites.localhost", Site.Role.BRANCH, "deploy02", 1);
        platform.storage.remove("blobs/" + BlobKey.sha256(lost));
        assertThat(get(edge.port(), "lost.sites.localhost", "/lost.txt").status())
                .isEqualTo(503);
    }

    @Test
    void anEdgeThatKnowsNothingYetSaysSo() throws IOException {
        platform.away = true;
        start(EdgeSettings.of("127.0.0.1", 0, data));
        assertThat(get(edge.port(), HOST, "/").status()).isEqualTo(503);
        platform.site().with("index.html", "home").at(HOST);
        platform.away = false;
        Await.until(() -> get(edge.port(), HOST, "/").status() == 200);
        assertThat(get(edge.port(), "other.sites.localhost", "/").status()).isEqualTo(404);
    }

    @Test
    void aSiteIsServedFromTheMomentItIsPublished() throws IOException {
        platform.site().with("index.html", "home").at(HOST);
        startUsual();
        platform.site().with("index.html", "new").at("new.sites.localhost");
        assertThat(get(edge.port(), "new.sites.localhost", "/").text()).isEqualTo("new");
    }

    @Test
    void pointersMoveForwardAndDeletedSitesGo() throws IOException {
        platform.site().with("index.html", "one").at(HOST, Site.Role.PRODUCTION, "deploy01", 1);
        platform.site().with("index.html", "stays").at("stays.sites.localhost");
        startUsual();
        assertThat(get(edge.port(), HOST, "/").text()).isEqualTo("one");
        platform.site().with("index.html", "two").at(HOST, Site.Role.PRODUCTION, "deploy02", 2);
        Await.until(() -> get(edge.port(), HOST, "/").text().equals("two"));
        platform.sites.remove(new Host(HOST));
        Await.until(Duration.ofSeconds(25), () -> get(edge.port(), HOST, "/").status() == 404);
        assertThat(get(edge.port(), "stays.sites.localhost", "/").text()).isEqualTo("stays");
    }

    @Test
    void aDamagedFileIsFetchedAgain() throws IOException {
        var big = noise(MB);
        var small = "small".getBytes(UTF_8);
        platform.site()
                .with("small.txt", "small")
                .with("big.bin", big, "application/octet-stream", List.of())
                .at(HOST);
        startUsual();
        settle();
        edge.close();
        Files.write(file(small), "smaXl".getBytes(UTF_8));
        var damaged = big.clone();
        damaged[MB / 2]++;
        Files.write(file(big), damaged);
        startUsual();
        assertThat(get(edge.port(), HOST, "/small.txt").text()).isEqualTo("small");
        assertThat(BlobKey.sha256(get(edge.port(), HOST, "/big.bin").body().getBytes(ISO_8859_1)))
                .isEqualTo(BlobKey.sha256(big));
        Await.until(() -> Files.exists(file(big)));
        assertThat(Files.readAllBytes(file(big))).isEqualTo(big);
        assertThat(Files.readAllBytes(file(small))).isEqualTo(small);
    }

    @Test
    void wrongBytesFromStorageAreNeverACompleteAnswer() throws IOException {
        var big = noise(MB);
        platform.site()
                .with("small.txt", "small")
                .with("big.bin", big, "application/octet-stream", List.of())
                .at(HOST, Site.Role.BRANCH, "deploy01", 1);
        platform.reading = bytes -> {
            var wrong = bytes.clone();
            if (bytes[0] != '{') {
                wrong[bytes.length - 1]++;
            }
            return new ByteArrayInputStream(wrong);
        };
        startUsual();
        assertThat(get(edge.port(), HOST, "/small.txt").status()).isEqualTo(503);
        for (var i = 0; i < 3; i++) {
            assertThatThrownBy(() -> get(edge.port(), HOST, "/big.bin")).isInstanceOf(EOFException.class);
        }
        assertThat(file(big)).doesNotExist();
        platform.reading = ByteArrayInputStream::new;
        assertThat(get(edge.port(), HOST, "/big.bin").body()).hasSize(MB);
    }

    @Test
    void aConnectionToStorageMayBreakInTheMiddle() throws IOException {
        var big = noise(MB);
        platform.site()
                .with("big.bin", big, "application/octet-stream", List.of())
                .at(HOST, Site.Role.BRANCH, "deploy01", 1);
        startUsual();
        assertThat(get(edge.port(), HOST, "/none").status()).isEqualTo(404);
        settle();
        Files.deleteIfExists(file(big));
        var attempts = new java.util.concurrent.atomic.AtomicInteger();
        platform.reading = bytes -> attempts.incrementAndGet() > 2
                ? new ByteArrayInputStream(bytes)
                : new Breaking(bytes, bytes.length / 3 * attempts.get());
        assertThat(BlobKey.sha256(get(edge.port(), HOST, "/big.bin").body().getBytes(ISO_8859_1)))
                .isEqualTo(BlobKey.sha256(big));
        assertThat(attempts).hasValue(3);
    }

    private static final class Breaking extends FilterInputStream {
        private int left;

        Breaking(byte[] bytes, int length) {
            super(new ByteArrayInputStream(bytes));
            left = length;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (left == 0) {
                throw new IOException("the connection broke");
            }
            var n = super.read(into, offset, Math.min(left, length));
            left -= n;
            return n;
        }
    }

    @Test
    void manyAskingForOneFileFetchItOnce() throws Exception {
        var gate = new CountDownLatch(1);
        platform.site()
                .with("a.txt", "a")
                .with("big.bin", noise(MB), "application/octet-stream", List.of())
                .at(HOST, Site.Role.BRANCH, "deploy01", 1);
        startUsual();
        assertThat(get(edge.port(), HOST, "/none").status()).isEqualTo(404);
        settle();
        edge.close();
        for (var bytes : List.of("a".getBytes(UTF_8), noise(MB))) {
            Files.delete(file(bytes));
        }
        platform.opens.set(0);
        platform.reading = bytes -> waiting(gate, bytes);
        startUsual();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var asked = new java.util.ArrayList<java.util.concurrent.Future<Integer>>();
            for (var i = 0; i < 40; i++) {
                var path = i % 2 == 0 ? "/a.txt" : "/big.bin";
                asked.add(
                        threads.submit(() -> get(edge.port(), HOST, path).body().length()));
            }
            Await.until(() -> edge.status().connections() == 40);
            gate.countDown();
            for (var i = 0; i < 40; i++) {
                assertThat(asked.get(i).get()).isEqualTo(i % 2 == 0 ? 1 : MB);
            }
        }
        assertThat(platform.opens.get()).as("one for each file").isEqualTo(2);
    }

    private static InputStream waiting(CountDownLatch gate, byte[] bytes) {
        return new FilterInputStream(new ByteArrayInputStream(bytes)) {
            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                try {
                    gate.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                return super.read(into, offset, length);
            }
        };
    }

    @Test
    void theDiskHoldsNoMoreThanItMay() throws IOException {
        var draft = platform.site().with("index.html", "home");
        for (var i = 0; i < 30; i++) {
            draft.with(i + ".bin", noise(100_000 + i), "application/octet-stream", List.of());
        }
        draft.with("huge.bin", noise(3 * MB), "application/octet-stream", List.of());
        draft.at(HOST);
        start(EdgeSettings.of("127.0.0.1", 0, data).withCaches(300_000, 2 * MB));
        Await.until(() -> edge.status().routes() > 0);
        for (var round = 0; round < 2; round++) {
            for (var i = 0; i < 30; i++) {
                assertThat(get(edge.port(), HOST, "/" + i + ".bin").body()).hasSize(100_000 + i);
                assertThat(get(edge.port(), HOST, "/").text()).isEqualTo("home");
            }
        }
        assertThat(get(edge.port(), HOST, "/huge.bin").body())
                .as("passes through")
                .hasSize(3 * MB);
        assertThat(get(edge.port(), HOST, "/huge.bin", "Range: bytes=0-1").status())
                .isEqualTo(200);
        assertThat(edge.status().diskBytes()).isLessThanOrEqualTo(2 * MB);
        assertThat(edge.status().memoryBytes()).isLessThanOrEqualTo(400_000);
        platform.away = true;
        assertThat(get(edge.port(), HOST, "/").text()).as("in use all the time").isEqualTo("home");
    }

    @Test
    void aDirectoryThatTakesNothingOnlyCostsTheCache() throws IOException {
        platform.site()
                .with("index.html", "home")
                .with("big.bin", noise(MB), "application/octet-stream", List.of())
                .at(HOST, Site.Role.BRANCH, "deploy01", 1);
        startUsual();
        for (var dir : List.of("blobs", "tmp")) {
            Files.deleteIfExists(data.resolve(dir));
            Files.writeString(data.resolve(dir), "in the way");
        }
        assertThat(get(edge.port(), HOST, "/").text()).isEqualTo("home");
        assertThat(get(edge.port(), HOST, "/big.bin").body()).hasSize(MB);
    }

    @Test
    void aHugeFileNeedsLittleMemoryAndSlowReadersAreLetGo() throws Exception {
        var size = 64L * MB;
        var sha = Endless.sha256(size);
        platform.site().with("index.html", "home").at(HOST, Site.Role.BRANCH, "deploy01", 1);
        platform.storage.put("blobs/" + sha, new byte[0]);
        platform.reading = bytes -> bytes.length == 0 ? new Endless(size) : new ByteArrayInputStream(bytes);
        platform.site()
                .file("huge.bin", new codehaven.model.Manifest.File(sha, size, "application/octet-stream", List.of()))
                .at("huge.sites.localhost", Site.Role.BRANCH, "deploy02", 1);
        var times = new EdgeSettings.Times(
                Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(1), Duration.ofSeconds(1));
        start(EdgeSettings.of("127.0.0.1", 0, data).withTimes(times));
        Await.until(() -> edge.status().routes() == 2);
        for (var from : List.of("storage", "disk")) {
            System.gc();
            var before = used();
            try (var client = new RawClient(edge.port())) {
                client.send(request("GET", "huge.sites.localhost", "/huge.bin"));
                assertThat(client.head().field("Content-Length")).isEqualTo(String.valueOf(size));
                var digest = BlobKey.newDigest();
                var buffer = new byte[64 * 1024];
                var most = 0L;
                for (var left = size; left > 0; ) {
                    var n = client.stream().read(buffer, 0, (int) Math.min(left, buffer.length));
                    assertThat(n).isPositive();
                    digest.update(buffer, 0, n);
                    left -= n;
                    if ((left & 0xfff) == 0) {
                        most = Math.max(most, used() - before);
                    }
                }
                assertThat(java.util.HexFormat.of().formatHex(digest.digest()))
                        .as(from)
                        .isEqualTo(sha);
            }
            System.gc();
            assertThat(used() - before).as(from).isLessThan(20L * MB);
        }
        try (var client = new RawClient(edge.port())) {
            client.send(request("GET", "huge.sites.localhost", "/huge.bin"));
            client.head();
            Await.until(() -> edge.status().connections() == 0);
        }
    }

    private static long used() {
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    /** So many bytes that look different everywhere. */
    private static final class Endless extends InputStream {
        private long position;
        private final long size;

        Endless(long size) {
            this.size = size;
        }

        static String sha256(long size) throws IOException {
            var digest = BlobKey.newDigest();
            var buffer = new byte[64 * 1024];
            try (var all = new Endless(size)) {
                for (int n; (n = all.read(buffer)) >= 0; ) {
                    digest.update(buffer, 0, n);
                }
            }
            return java.util.HexFormat.of().formatHex(digest.digest());
        }

        @Override
        public int read() {
            throw new UnsupportedOperationException();
        }

        @Override
        public int read(byte[] into, int offset, int length) {
            if (position == size) {
                return -1;
            }
            var n = (int) Math.min(length, size - position);
            for (var i = 0; i < n; i++, position++) {
                into[offset + i] = (byte) (position ^ (position >>> 13));
            }
            return n;
        }
    }

    @Test
    void closingLetsAnswersFinish() throws Exception {
        var gate = new CountDownLatch(1);
        platform.site().with("a.txt", "a").at(HOST, Site.Role.BRANCH, "deploy01", 1);
        startUsual();
        platform.reading = bytes -> waiting(gate, bytes);
        try (var client = new RawClient(edge.port());
                var idle = new RawClient(edge.port())) {
            client.send(request("GET", HOST, "/a.txt"));
            Await.until(() -> platform.opens.get() > 0);
            var closing = Thread.ofVirtual().start(() -> edge.close());
            assertThat(idle.isClosed()).isTrue();
            gate.countDown();
            var answer = client.answer(false);
            assertThat(answer.text()).isEqualTo("a");
            assertThat(answer.field("Connection")).isEqualTo("close");
            assertThat(client.isClosed()).isTrue();
            client.endSending();
            closing.join();
        }
    }

    @Test
    void aPortInUseIsSaidInOneSentence() {
        startUsualWithNothing();
        var other = EdgeSettings.of("127.0.0.1", edge.port(), data.resolve("other"));
        assertThatThrownBy(() -> EdgeServer.startFrom(other, platform::source))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("127.0.0.1:" + edge.port() + ": the port is in use. Stop what uses it");
    }

    private void startUsualWithNothing() {
        start(EdgeSettings.of("127.0.0.1", 0, data));
    }
}
