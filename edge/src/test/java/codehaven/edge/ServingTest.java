package codehaven.edge;

import static codehaven.edge.RawClient.get;
import static codehaven.edge.RawClient.head;
import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.Site;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a visitor gets for a path. */
class ServingTest {

    @TempDir
    Path data;

    private final Platform platform = new Platform();
    private EdgeServer edge;

    @BeforeEach
    void start() {
        platform.site()
                .with("index.html", "home")
                .with("about.html", "about")
                .with("docs/index.html", "docs")
                .with("docs/404.html", "no such doc")
                .with("404.html", "nothing here")
                .with("assets/app-4f2a91c0.js", "app")
                .with("über uns.html", "we")
                .with(".env", "secret")
                .with(".well-known/security.txt", "contact")
                .with("docs/.well-known/page.txt", "known")
                .with("docs/.hidden/page.txt", "secret")
                .at("shop.sites.localhost");
        platform.site()
                .with("index.html", "app")
                .with("docs/404.html", "no such doc")
                .spa()
                .at("spa.sites.localhost", Site.Role.BRANCH, "deploy02", 1);
        platform.site()
                .with("index.html", "home")
                .with("about.html", "about")
                .withoutCleanUrls()
                .at("plain.sites.localhost");
        platform.site()
                .compressed("index.html", "uncompressed", Map.of("br", 5, "gzip", 7, "zstd", 6))
                .with("data.bin", "0123456789")
                .at("big.sites.localhost");
        edge = EdgeServer.startFrom(EdgeSettings.of("127.0.0.1", 0, data), platform::source);
        Await.until(() -> edge.status().routes() == 4);
    }

    @AfterEach
    void stop() {
        edge.close();
    }

    private RawClient.Answer shop(String path) throws IOException {
        return get(edge.port(), "shop.sites.localhost", path);
    }

    @Test
    void pathsLeadToFiles() throws IOException {
        assertThat(shop("/").text()).isEqualTo("home");
        assertThat(shop("/about").text()).isEqualTo("about");
        assertThat(shop("/docs/").text()).isEqualTo("docs");
        assertThat(shop("/%C3%BCber%20uns").text()).isEqualTo("we");
        assertThat(shop("/u%CC%88ber%20uns").text()).as("decomposed").isEqualTo("we");
        assertThat(shop("/.well-known/security.txt").text()).isEqualTo("contact");
        assertThat(shop("/docs/.well-known/page.txt").text()).isEqualTo("known");
        assertThat(shop("/about?a=1").field("Content-Type")).isEqualTo("text/html; charset=utf-8");
    }

    @Test
    void otherSpellingsAreSentToTheOneUrl() throws IOException {
        for (var each : Map.of(
                        "/about.html", "/about",
                        "/index.html", "/",
                        "/docs", "/docs/",
                        "/docs/index.html?q=1&r", "/docs/?q=1&r",
                        "/about/", "/about",
                        "//docs", "/docs/",
                        "/%2fdocs", "/docs/",
                        "/./docs", "/docs/",
                        "/%C3%BCber%20uns.html", "/%C3%BCber%20uns")
                .entrySet()) {
            var answer = shop(each.getKey());
            assertThat(answer.status()).as(each.getKey()).isEqualTo(308);
            assertThat(answer.field("Location")).as(each.getKey()).isEqualTo(each.getValue());
        }
    }

    @Test
    void withoutCleanUrlsFilesKeepTheirNames() throws IOException {
        assertThat(get(edge.port(), "plain.sites.localhost", "/about.html").text())
                .isEqualTo("about");
        assertThat(get(edge.port(), "plain.sites.localhost", "/about").status()).isEqualTo(404);
    }

    @Test
    void whatIsNotThereShowsTheNearestPageForThat() throws IOException {
        assertThat(shop("/docs/a/b").text()).isEqualTo("no such doc");
        assertThat(shop("/docs/a/b").status()).isEqualTo(404);
        assertThat(get(edge.port(), "spa.sites.localhost", "/docs/a/b").text()).isEqualTo("no such doc");
        assertThat(get(edge.port(), "spa.sites.localhost", "/docs/a/b").status())
                .isEqualTo(404);
        assertThat(shop("/nothing").text()).isEqualTo("nothing here");
        assertThat(shop("/nothing").field("ETag")).isNull();
    }

    @Test
    void hiddenFilesAreNeverServed() throws IOException {
        for (var path :
                new String[] {"/.env", "/%2eenv", "/docs/.git/config", "/.git/HEAD", "/docs/.hidden/page.txt"}) {
            assertThat(shop(path).status()).as(path).isEqualTo(404);
        }
        assertThat(get(edge.port(), "spa.sites.localhost", "/.env").status()).isEqualTo(404);
    }

    @Test
    void pathsThatAreNoneAreRefused() throws IOException {
        for (var path : new String[] {
            "/%",
            "/%zz",
            "/%1",
            "/%00",
            "/a%5Cb",
            "/a\\b",
            "/..",
            "/../etc/passwd",
            "/%2e%2e/etc/passwd",
            "/a/../..",
            "/%2e%2e%2fetc%2fpasswd",
            "/%ff",
            "/%C3",
            "/%0d%0aX:1",
            "/a#b",
            "a",
            ""
        }) {
            assertThat(shop(path).status()).as(path).isEqualTo(400);
        }
    }

    @Test
    void singlePageAppsAnswerNavigationsButNotMissingFiles() throws IOException {
        var port = edge.port();
        assertThat(get(port, "spa.sites.localhost", "/users/42").text()).isEqualTo("app");
        assertThat(get(port, "spa.sites.localhost", "/users/jane.doe").text()).isEqualTo("app");
        assertThat(get(port, "spa.sites.localhost", "/users/42").field("Cache-Control"))
                .isEqualTo(Freshness.ASK_FIRST);
        assertThat(get(port, "spa.sites.localhost", "/assets/gone-4f2a91c0.js").status())
                .isEqualTo(404);
    }

    @Test
    void fieldsSayWhereItComesFromAndHowLongItHolds() throws IOException {
        var page = shop("/");
        assertThat(page.field("X-CodeHaven-Deployment")).isEqualTo("deploy01");
        assertThat(page.field("Cache-Control")).isEqualTo("public, max-age=0, must-revalidate");
        assertThat(page.field("X-Content-Type-Options")).isEqualTo("nosniff");
        assertThat(page.field("X-Robots-Tag")).isNull();
        assertThat(page.field("Last-Modified")).isEqualTo("Wed, 04 Mar 2026 05:06:07 GMT");
        assertThat(page.field("Date")).isNotNull();
        assertThat(page.field("Server-Timing")).startsWith("edge;dur=");
        assertThat(page.field("Vary")).isNull();
        assertThat(shop("/assets/app-4f2a91c0.js").field("Cache-Control"))
                .isEqualTo("public, max-age=31536000, immutable");
        assertThat(get(edge.port(), "spa.sites.localhost", "/").field("X-Robots-Tag"))
                .isEqualTo("noindex");
    }

    @Test
    void headIsGetWithoutTheBody() throws IOException {
        for (var path : new String[] {"/", "/about.html", "/nothing", "/assets/app-4f2a91c0.js", "/%"}) {
            for (var host : new String[] {"shop.sites.localhost", "unknown.sites.localhost", "not_a_host"}) {
                var get = get(edge.port(), host, path);
                var head = head(edge.port(), host, path);
                assertThat(head.status()).isEqualTo(get.status());
                assertThat(lasting(head)).isEqualTo(lasting(get));
            }
        }
    }

    private static java.util.List<String> lasting(RawClient.Answer answer) {
        return answer.fields().stream()
                .filter(it -> !it.matches("(?i)(date|server-timing|x-request-id):.*"))
                .toList();
    }

    @Test
    void encodingsAreChosenByWeightThenSize() throws IOException {
        var cases = new String[][] {
            {"gzip, deflate, br, zstd", "br"},
            {"gzip", "gzip"},
            {"x-gzip", "gzip"},
            {"GZIP;q=1, br;q=0.5", "gzip"},
            {"br;q=0, *", "zstd"},
            {"*", "br"},
            {"identity, br;q=0.5", null},
            {"deflate", null},
            {"", null},
            {"br;q=0", null},
            {"zstd;q=0.8, gzip;q=0.8", "zstd"},
            {"identity;q=0, gzip;q=0.1", "gzip"},
        };
        for (var each : cases) {
            var answer = get(edge.port(), "big.sites.localhost", "/", "Accept-Encoding: " + each[0]);
            assertThat(answer.status()).as(each[0]).isEqualTo(200);
            assertThat(answer.field("Content-Encoding")).as(each[0]).isEqualTo(each[1]);
            assertThat(answer.field("Vary")).isEqualTo("Accept-Encoding");
            assertThat(answer.text())
                    .hasSize(
                            switch (String.valueOf(each[1])) {
                                case "br" -> 5;
                                case "zstd" -> 6;
                                case "gzip" -> 7;
                                default -> 12;
                            });
        }
        var none = get(edge.port(), "big.sites.localhost", "/data.bin", "Accept-Encoding: identity;q=0");
        assertThat(none.status()).isEqualTo(406);
        assertThat(get(edge.port(), "big.sites.localhost", "/").field("Content-Encoding"))
                .isNull();
    }

    @Test
    void eachEncodingHasItsOwnTag() throws IOException {
        var plain = get(edge.port(), "big.sites.localhost", "/").field("ETag");
        var brotli = get(edge.port(), "big.sites.localhost", "/", "Accept-Encoding: br")
                .field("ETag");
        assertThat(plain).matches("\"[0-9a-f]{32}\"");
        assertThat(brotli).matches("\"[0-9a-f]{32}-br\"");
        assertThat(get(edge.port(), "big.sites.localhost", "/", "Accept-Encoding: br", "If-None-Match: " + brotli)
                        .status())
                .isEqualTo(304);
        assertThat(get(edge.port(), "big.sites.localhost", "/", "Accept-Encoding: br", "If-None-Match: " + plain)
                        .status())
                .isEqualTo(200);
    }

    @Test
    void unknownHostsGetAPageThatNamesNobody() throws IOException {
        var answer = get(edge.port(), "shop2.sites.localhost", "/<script>");
        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.text()).doesNotContain("shop", "script", "CodeHaven").contains("404");
        assertThat(answer.field("X-CodeHaven-Deployment")).isNull();
        assertThat(answer.field("X-Request-Id")).isNotNull();
        assertThat(answer.field("Cache-Control")).isEqualTo("no-store");
    }

    @Test
    void onlyReadingIsAllowed() throws IOException {
        for (var method : new String[] {"POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"}) {
            var answer = RawClient.ask(edge.port(), RawClient.request(method, "shop.sites.localhost", "/"));
            assertThat(answer.status()).as(method).isEqualTo(405);
            assertThat(answer.field("Allow")).isEqualTo("GET, HEAD, OPTIONS");
        }
        var options = RawClient.ask(edge.port(), RawClient.request("OPTIONS", "shop.sites.localhost", "*"));
        assertThat(options.status()).isEqualTo(204);
        assertThat(options.field("Allow")).isEqualTo("GET, HEAD, OPTIONS");
    }

    @Test
    void healthIsToldToThisMachineAlone() throws IOException {
        assertThat(get(edge.port(), "localhost:1234", "/-/health").text()).isEqualTo("ok\n");
        assertThat(get(edge.port(), "127.0.0.1", "/-/health").status()).isEqualTo(200);
        assertThat(shop("/-/health").status()).isEqualTo(404);
    }
}
