package codehaven.edge;

import static codehaven.edge.RawClient.get;
import static org.assertj.core.api.Assertions.assertThat;

import codehaven.dev.DevMongo;
import codehaven.dev.DevRedis;
import codehaven.dev.DevS3;
import codehaven.model.Host;
import codehaven.model.Manifest;
import codehaven.model.Site;
import codehaven.model.Slug;
import codehaven.model.Target;
import codehaven.state.Blobs;
import codehaven.state.State;
import codehaven.state.StateSettings;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a real MongoDB protocol, Redis and S3 beside it, and then without. */
class AllElseGoneTest {

    @TempDir
    Path dir;

    private static void publish(State state, String host, Site.Role role, long generation, String... files)
            throws Exception {
        var paths = new TreeMap<String, Manifest.File>();
        for (var i = 0; i < files.length; i += 2) {
            var bytes = files[i + 1].getBytes(StandardCharsets.UTF_8);
            var sha = BlobKey.sha256(bytes);
            state.blobs().put(Blobs.blob(sha), bytes);
            paths.put(files[i], new Manifest.File(sha, bytes.length, "text/plain", List.of()));
        }
        var manifest = JsonMapper.builder()
                .build()
                .writeValueAsBytes(new Manifest("deploy0" + generation, paths, false, true));
        var sha = BlobKey.sha256(manifest);
        state.blobs().put(Blobs.blob(sha), manifest);
        assertThat(state.sites()
                        .point(new Site(
                                new Host(host),
                                new Slug("shop"),
                                "deploy0" + generation,
                                new Target.Files(sha),
                                generation,
                                role,
                                Instant.now())))
                .isTrue();
        state.bus().nudgeRoutes();
    }

    @Test
    void sitesServedOnceStayAndNewOnesComeWhenTheOthersAreBack() throws Exception {
        try (var mongo = DevMongo.start(dir.resolve("mongo"));
                var redis = DevRedis.start(dir.resolve("redis"));
                var s3 = DevS3.start(dir.resolve("s3"), "key", "secret-key")) {
            var settings = new StateSettings(
                    mongo.uri("codehaven"),
                    redis.uri(),
                    s3.endpoint(),
                    "us-east-1",
                    "codehaven",
                    "key",
                    "secret-key",
                    Base64.getEncoder().encodeToString(new byte[32]));
            var edgeSettings = EdgeSettings.of("127.0.0.1", 0, dir.resolve("edge"));
            var big = "0123456789".repeat(100_000);
            try (var state = State.open(settings)) {
                publish(
                        state,
                        "shop.sites.localhost",
                        Site.Role.PRODUCTION,
                        1,
                        "index.html",
                        "one",
                        "a/b.html",
                        "deep",
                        "big.txt",
                        big);
                publish(state, "preview.sites.localhost", Site.Role.DEPLOYMENT, 1, "index.html", "unseen");
                try (var edge = EdgeServer.start(edgeSettings, () -> State.open(settings))) {
                    Await.until(() -> edge.status().routes() == 2);
                    assertThat(get(edge.port(), "shop.sites.localhost", "/").text())
                            .isEqualTo("one");

                    publish(state, "fresh.sites.localhost", Site.Role.PRODUCTION, 2, "index.html", "fresh");
                    assertThat(get(edge.port(), "fresh.sites.localhost", "/").text())
                            .as("at once")
                            .isEqualTo("fresh");
                    publish(
                            state,
                            "shop.sites.localhost",
                            Site.Role.PRODUCTION,
                            3,
                            "index.html",
                            "two",
                            "a/b.html",
                            "deeper",
                            "big.txt",
                            big);
                    Await.until(
                            Duration.ofSeconds(3),
                            () -> get(edge.port(), "shop.sites.localhost", "/")
                                    .text()
                                    .equals("two"));
                    Await.until(() -> edge.status().sitesToFetch() == 0);

                    mongo.stop();
                    redis.stop();
                    s3.stop();
                    served(edge, big);
                    Await.until(() -> !edge.status().stateReachable());
                    served(edge, big);
                }
                try (var edge = EdgeServer.start(edgeSettings, () -> State.open(settings))) {
                    served(edge, big);
                    mongo.start();
                    redis.start();
                    s3.start();
                    Await.until(Duration.ofSeconds(40), () -> edge.status().stateReachable());
                    // This client's connections are those of before, too: the first question finds it out.
                    Await.until(
                            Duration.ofSeconds(40),
                            () -> state.health().stream().allMatch(State.Health::up));
                    publish(state, "late.sites.localhost", Site.Role.PRODUCTION, 4, "index.html", "late");
                    Await.until(() ->
                            get(edge.port(), "late.sites.localhost", "/").text().equals("late"));
                }
            }
        }
    }

    private static void served(EdgeServer edge, String big) throws Exception {
        assertThat(get(edge.port(), "shop.sites.localhost", "/").text()).isEqualTo("two");
        assertThat(get(edge.port(), "shop.sites.localhost", "/a/b").text()).isEqualTo("deeper");
        assertThat(get(edge.port(), "shop.sites.localhost", "/big.txt").text()).isEqualTo(big);
        assertThat(get(edge.port(), "fresh.sites.localhost", "/").text()).isEqualTo("fresh");
        var unseen = get(edge.port(), "preview.sites.localhost", "/");
        assertThat(unseen.status()).isEqualTo(503);
        assertThat(unseen.field("Retry-After")).isEqualTo("5");
        // Whether there is such a site, nobody can say.
        assertThat(get(edge.port(), "nobody.sites.localhost", "/").status()).isEqualTo(503);
    }
}
