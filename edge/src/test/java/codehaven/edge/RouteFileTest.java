package codehaven.edge;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.Site;
import codehaven.model.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RouteFileTest {

    @TempDir
    Path dir;

    private static RouteTable table(int size) {
        var routes = new HashMap<String, Route>();
        for (var i = 0; i < size; i++) {
            Target target = i % 2 == 0
                    ? new Target.Files("a".repeat(64))
                    : new Target.Container("b".repeat(64), java.util.List.of("127.0.0.1:1234"));
            routes.put(
                    "s" + i + ".sites.localhost",
                    new Route("deploy01", target, Site.Role.PRODUCTION, i, Platform.POINTED));
        }
        return RouteTable.of(routes);
    }

    @Test
    void whatWasWrittenIsRead() throws IOException {
        var file = dir.resolve("routes.json");
        assertThat(new RouteFile(file).read()).isEmpty();
        new RouteFile(file).write(table(3));
        assertThat(new RouteFile(file).read().orElseThrow().routes()).isEqualTo(table(3).routes());
    }

    @Test
    void aDamagedFileIsRefusedAndTheOneBeforeItUsed() throws IOException {
        var file = dir.resolve("routes.json");
        var writer = new RouteFile(file);
        writer.write(table(2));
        writer.write(table(3));
        var whole = Files.readAllBytes(file);
        var flipped = whole.clone();
        flipped[whole.length - 10] ^= 1;
        for (var damaged : new byte[][] {
            {},
            Arrays.copyOf(whole, whole.length - 1),
            Arrays.copyOf(whole, 20),
            flipped,
            new byte[whole.length],
            "{\"format\":2}\n[]".getBytes(UTF_8)
        }) {
            Files.write(file, damaged);
            assertThat(new RouteFile(file).read().orElseThrow().size()).isEqualTo(2);
        }
        var reader = new RouteFile(file);
        assertThat(reader.read().orElseThrow().size()).isEqualTo(2);
        reader.write(table(5));
        assertThat(new RouteFile(file).read().orElseThrow().size()).isEqualTo(5);
        Files.delete(file);
        assertThat(new RouteFile(file).read().orElseThrow().size())
                .as("the damaged one did not become the one before")
                .isEqualTo(2);
    }

    @Test
    void tenThousandRoutesAreReadInNoTime() throws IOException {
        var file = dir.resolve("routes.json");
        new RouteFile(file).write(table(10_000));
        var begun = System.nanoTime();
        assertThat(new RouteFile(file).read().orElseThrow().size()).isEqualTo(10_000);
        assertThat((System.nanoTime() - begun) / 1_000_000).isLessThan(3_000);
    }
}
