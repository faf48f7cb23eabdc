package codehaven.activities.publishing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ContentTypesTest {

    @Test
    void browsersGetTheTypesThatTheyInsistOn() {
        assertThat(ContentTypes.of("index.html")).isEqualTo("text/html; charset=utf-8");
        assertThat(ContentTypes.of("assets/x.4f2a91c0.JS")).isEqualTo("text/javascript; charset=utf-8");
        assertThat(ContentTypes.of("a.mjs")).isEqualTo("text/javascript; charset=utf-8");
        assertThat(ContentTypes.of("a.css")).isEqualTo("text/css; charset=utf-8");
        assertThat(ContentTypes.of("a.svg")).isEqualTo("image/svg+xml; charset=utf-8");
        assertThat(ContentTypes.of("a.wasm")).isEqualTo("application/wasm");
        assertThat(ContentTypes.of("site.webmanifest")).isEqualTo("application/manifest+json; charset=utf-8");
        assertThat(ContentTypes.of("a.woff2")).isEqualTo("font/woff2");
        assertThat(ContentTypes.of("a.avif")).isEqualTo("image/avif");
        assertThat(ContentTypes.of("a.mp4")).isEqualTo("video/mp4");
        assertThat(ContentTypes.of("a.exe")).isEqualTo("application/vnd.microsoft.portable-executable");
        assertThat(ContentTypes.of("b/.well-known/apple-app-site-association"))
                .isEqualTo("application/json; charset=utf-8");
        assertThat(ContentTypes.of("no.such.thing")).isEqualTo("application/octet-stream");
        assertThat(ContentTypes.of("v1.2/nothing")).isEqualTo("application/octet-stream");
    }

    @Test
    void whatIsCompressedAlreadyIsLeftAlone() {
        assertThat(ContentTypes.isCompressible(ContentTypes.of("a.html"))).isTrue();
        assertThat(ContentTypes.isCompressible(ContentTypes.of("a.wasm"))).isTrue();
        assertThat(ContentTypes.isCompressible(ContentTypes.of("a.png"))).isFalse();
        assertThat(ContentTypes.isCompressible(ContentTypes.of("a.woff2"))).isFalse();
    }
}
