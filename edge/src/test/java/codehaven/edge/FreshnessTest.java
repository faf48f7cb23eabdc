package codehaven.edge;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class FreshnessTest {

    @Test
    void namesMadeFromContentAreKeptForEver() {
        for (var key : List.of(
                "assets/index-BxK3_9aZ.js",
                "assets/index-Dq-4_x9K.css",
                "assets/index-DiWRgTda.js",
                "assets/logo.4f2a91c0.svg",
                "static/js/main.073c9b0a.js",
                "static/js/787.28cb0dcd.chunk.js",
                "static/js/main.073c9b0a.js.map",
                "main-7QTZ4XLA.js",
                "chunk-ABCD2345.js",
                "index.1a2b3c4d.css",
                "_next/static/chunks/pages/_app.js",
                "_next/static/media/inter.woff2",
                "_astro/hoisted.BxK3_9aZ.js",
                "_app/immutable/entry/start.js",
                "_nuxt/BxK39aZq.js",
                "assets/chunks/theme.Cz9-4ka2.js",
                "docs/assets/app.BxK3_9aZ.js",
                "img/photo-9f86d081884c7d65.png")) {
            assertThat(Freshness.isNamedByContent(key)).as(key).isTrue();
        }
    }

    @Test
    void otherNamesAreAskedForAgain() {
        for (var key : List.of(
                "index.html",
                "assets/page-4f2a91c0.html",
                "images/3f2504e0-4f89-11d3-9a0c-0305e82c3301.png",
                "report-2024001a.pdf",
                "assets/logo.svg",
                "assets/my-important.css",
                "assets/logo-JavaScript.svg",
                "assets/photo-20240101.png",
                "assets/chapter-chapter10.pdf",
                "assets/jquery-3.7.1.min.js",
                "js/bootstrap.bundle.min.js",
                "sw.js",
                "workbox-config.js",
                "report-20240101.js",
                "photos/Holiday-SummerDays2024.jpg",
                "image-550e8400-e29b-41d4-a716-446655440000.png",
                "robots.txt",
                ".well-known/security.txt",
                "_nuxt/builds/latest.json",
                "service-worker.js")) {
            assertThat(Freshness.isNamedByContent(key)).as(key).isFalse();
        }
    }
}
