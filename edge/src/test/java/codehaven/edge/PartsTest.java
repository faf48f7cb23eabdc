package codehaven.edge;

import static codehaven.edge.RawClient.get;
import static codehaven.edge.RawClient.head;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Ranges and conditions. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PartsTest {

    private static final String HOST = "shop.sites.localhost";
    private static final String POINTED = "Wed, 04 Mar 2026 05:06:07 GMT";
    private static final String BEFORE = "Wed, 04 Mar 2026 05:06:06 GMT";

    private EdgeServer edge;
    private String etag;

    @BeforeAll
    void start(@TempDir Path data) throws IOException {
        var platform = new Platform();
        platform.site()
                .with("a.txt", "0123456789")
                .with("empty.txt", "")
                .compressed("c.js", "uncompressed", Map.of("br", 3))
                .at(HOST);
        edge = EdgeServer.startFrom(EdgeSettings.of("127.0.0.1", 0, data), platform::source);
        Await.until(() -> edge.status().routes() == 1);
        etag = String.valueOf(get(edge.port(), HOST, "/a.txt").field("ETag"));
    }

    @AfterAll
    void stop() {
        edge.close();
    }

    private RawClient.Answer ask(String... fields) throws IOException {
        return get(edge.port(), HOST, "/a.txt", fields);
    }

    @Test
    void onePartIsSentAlone() throws IOException {
        for (var each : new String[][] {
            {"0-3", "0123", "0-3"}, {"4-", "456789", "4-9"}, {"-3", "789", "7-9"}, {"0-99", "0123456789", "0-9"},
            {"-99", "0123456789", "0-9"}, {"9-9", "9", "9-9"}, {"0-0,", "0", "0-0"}, {"20-30,2-3", "23", "2-3"},
            {"0-4,3-5", "012345", "0-5"}
        }) {
            var part = ask("Range: bytes=" + each[0]);
            assertThat(part.status()).as(each[0]).isEqualTo(206);
            assertThat(part.text()).isEqualTo(each[1]);
            assertThat(part.field("Content-Range")).isEqualTo("bytes " + each[2] + "/10");
            assertThat(part.field("ETag")).isEqualTo(etag);
        }
    }

    @Test
    void severalPartsAreSentTogether() throws IOException {
        var parts = ask("Range: bytes=0-1, 4-5,-1");
        assertThat(parts.status()).isEqualTo(206);
        var type = String.valueOf(parts.field("Content-Type"));
        assertThat(type).startsWith("multipart/byteranges; boundary=");
        var boundary = type.substring(type.indexOf('=') + 1);
        assertThat(parts.text()).isEqualTo("""

                        --B
                        Content-Type: application/octet-stream
                        Content-Range: bytes 0-1/10

                        01
                        --B
                        Content-Type: application/octet-stream
                        Content-Range: bytes 4-5/10

                        45
                        --B
                        Content-Type: application/octet-stream
                        Content-Range: bytes 9-9/10

                        9
                        --B--
                        """.replace("\n", "\r\n").replace("--B", "--" + boundary));
    }

    @Test
    void partsOutsideOfTheFileAreRefused() throws IOException {
        for (var range : new String[] {"10-", "10-20", "-0", "99-100,50-"}) {
            var answer = ask("Range: bytes=" + range);
            assertThat(answer.status()).as(range).isEqualTo(416);
            assertThat(answer.field("Content-Range")).isEqualTo("bytes */10");
        }
        assertThat(get(edge.port(), HOST, "/empty.txt", "Range: bytes=0-").status())
                .isEqualTo(416);
    }

    @Test
    void whatIsNoRangeIsIgnored() throws IOException {
        for (var range : new String[] {
            "bytes=",
            "bytes=x",
            "bytes=3-1",
            "bytes=1",
            "bytes=--1",
            "bytes=1-2x",
            "lines=1-2",
            "bytes=a-b,1-2",
            "bytes=" + "0-0,".repeat(17),
            "bytes=-",
            "bytes=9999999999999999999-",
            "bytes 0-1"
        }) {
            var answer = ask("Range: " + range);
            assertThat(answer.status()).as(range).isEqualTo(200);
            assertThat(answer.text()).isEqualTo("0123456789");
        }
        assertThat(head(edge.port(), HOST, "/a.txt", "Range: bytes=0-1").status())
                .isEqualTo(200);
    }

    @Test
    void partsAreOfTheFileAsItIs() throws IOException {
        var part = get(edge.port(), HOST, "/c.js", "Range: bytes=0-3", "Accept-Encoding: br");
        assertThat(part.status()).isEqualTo(206);
        assertThat(part.text()).isEqualTo("unco");
        assertThat(part.field("Content-Encoding")).isNull();
        assertThat(part.field("Vary")).isEqualTo("Accept-Encoding");
    }

    @Test
    void whoHasPartsOfSomethingElseGetsTheWhole() throws IOException {
        assertThat(ask("Range: bytes=0-1", "If-Range: " + etag).status()).isEqualTo(206);
        assertThat(ask("Range: bytes=0-1", "If-Range: W/" + etag).status()).isEqualTo(200);
        assertThat(ask("Range: bytes=0-1", "If-Range: \"other\"").status()).isEqualTo(200);
        assertThat(ask("Range: bytes=0-1", "If-Range: " + POINTED).status()).isEqualTo(206);
        assertThat(ask("Range: bytes=0-1", "If-Range: " + BEFORE).status()).isEqualTo(200);
        assertThat(ask("Range: bytes=0-1", "If-Range: nonsense").status()).isEqualTo(200);
    }

    @Test
    void whatTheVisitorHasIsNotSentAgain() throws IOException {
        for (var condition : new String[] {
            "If-None-Match: " + etag,
            "If-None-Match: W/" + etag,
            "If-None-Match: \"a,b\", " + etag,
            "If-None-Match: *",
            "If-Modified-Since: " + POINTED,
            "If-Modified-Since: Wednesday, 04-Mar-26 05:06:07 GMT",
            "If-None-Match: " + etag + "\r\nIf-Modified-Since: " + BEFORE
        }) {
            var answer = ask(condition);
            assertThat(answer.status()).as(condition).isEqualTo(304);
            assertThat(answer.field("ETag")).isEqualTo(etag);
            assertThat(answer.field("Cache-Control")).isEqualTo(Freshness.ASK_FIRST);
            assertThat(answer.field("X-CodeHaven-Deployment")).isEqualTo("deploy01");
            assertThat(answer.field("Content-Type")).isNull();
            assertThat(answer.field("Content-Length")).isNull();
        }
        for (var condition : new String[] {
            "If-None-Match: \"other\"",
            "If-None-Match: " + etag.substring(0, 20),
            "If-Modified-Since: " + BEFORE,
            "If-Modified-Since: never",
            "If-None-Match: \"other\"\r\nIf-Modified-Since: " + POINTED
        }) {
            assertThat(ask(condition).status()).as(condition).isEqualTo(200);
        }
        assertThat(ask("If-None-Match: " + etag, "Range: bytes=0-1").status()).isEqualTo(304);
    }

    @Test
    void conditionsThatFailAreSaidTo() throws IOException {
        assertThat(ask("If-Match: " + etag).status()).isEqualTo(200);
        assertThat(ask("If-Match: *").status()).isEqualTo(200);
        assertThat(ask("If-Match: W/" + etag).status()).isEqualTo(412);
        assertThat(ask("If-Match: \"other\"").status()).isEqualTo(412);
        assertThat(ask("If-Unmodified-Since: " + BEFORE).status()).isEqualTo(412);
        assertThat(ask("If-Unmodified-Since: " + POINTED).status()).isEqualTo(200);
    }
}
