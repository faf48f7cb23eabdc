package codehaven.activities.building;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import codehaven.activities.Settings;
import codehaven.activities.Settings.Limits;
import codehaven.dev.Ports;
import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Base images on a real engine, from registries that lack them or are not there. */
@Tag("engine")
final class BuildImagesTest {

    @TempDir
    static Path directory;

    private final BuildScope scope = new BuildScope("d1");

    private static DockerEngine engine(@Nullable URI host) {
        return DockerEngine.open(new Settings(
                directory,
                host,
                false,
                1,
                false,
                "sites.localhost",
                URI.create("http://sites.localhost:8081"),
                Limits.DEFAULT));
    }

    private StepFailure failure(DockerEngine engine, String image) {
        return catchThrowableOfType(StepFailure.class, () -> new BuildImages(engine).provide(image, List.of(), scope));
    }

    /** Nobody listens there. */
    private static String nowhere() throws Exception {
        return "localhost:" + Ports.free();
    }

    @Test
    void anotherVersionThatIsHereStandsInAndTheLogSaysSo() throws Exception {
        var program =
                nowhere() + "/x" + Long.toString(ThreadLocalRandom.current().nextLong(1L << 40), 36);
        try (var engine = engine(null)) {
            var images = new AppImages(engine);
            images.name("node:22-bookworm-slim", program + ":1.1");
            try {
                var found = new BuildImages(engine)
                        .provide(
                                program + ":1.2",
                                List.of("node:22-bookworm-slim", program + ":1.3", program + ":1.1"),
                                scope);
                assertThat(found).isEqualTo(program + ":1.1");
                assertThat(scope.text())
                        .contains(program + ":1.2 could not be pulled")
                        .contains("using the local image " + program + ":1.1 in its place")
                        .doesNotContain("trying again");
            } finally {
                images.remove(program + ":1.1");
            }
        }
    }

    @Test
    void registryThatDoesNotAnswerEndsTheBuildAfterAFewAttempts() throws Exception {
        var image = nowhere() + "/shop/base:1";
        try (var engine = engine(null)) {
            var failure = failure(engine, image);
            assertThat(failure.kind()).isEqualTo(FailureKind.BUILD_FAILED);
            assertThat(failure.kind().retryable()).isFalse();
            assertThat(failure).hasMessageContaining(image).hasMessageContaining("connection refused");
            assertThat(failure.hint()).contains("reach the image's registry", "load or tag");
            assertThat(scope.of("system").stream().filter(each -> each.contains("trying again")))
                    .hasSize(2);
        }
    }

    @Test
    void imageThatItsRegistryDoesNotHaveEndsTheBuildAtOnce() throws Exception {
        var registry = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        registry.createContext("/v2/", exchange -> {
            var body = exchange.getRequestURI().getPath().equals("/v2/")
                    ? "{}"
                    : "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest unknown\"}]}";
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(body.length() > 2 ? 404 : 200, body.length());
            exchange.getResponseBody().write(body.getBytes(StandardCharsets.UTF_8));
            exchange.close();
        });
        registry.start();
        try (var engine = engine(null)) {
            var failure = failure(engine, "localhost:" + registry.getAddress().getPort() + "/shop/base:9");
            assertThat(failure.kind()).isEqualTo(FailureKind.BUILD_FAILED);
            assertThat(failure).hasMessageContaining("shop/base:9");
            assertThat(failure.hint()).startsWith("Correct the image's name");
            assertThat(scope.text()).doesNotContain("trying again");
        } finally {
            registry.stop(0);
        }
    }

    @Test
    void engineThatIsAwayIsWaitedFor() {
        try (var engine = engine(URI.create("unix://" + directory.resolve("nobody.sock")))) {
            assertThat(failure(engine, "node:22-bookworm-slim").kind()).isEqualTo(FailureKind.DOCKER_UNAVAILABLE);
        }
    }
}
