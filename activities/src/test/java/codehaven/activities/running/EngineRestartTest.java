package codehaven.activities.running;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.activities.Stage;
import codehaven.model.App;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The engine itself goes away: what should run comes back with it, and what should not is taken away. */
@Tag("engine")
class EngineRestartTest {

    private static final Duration HEALED = Duration.ofSeconds(30);

    @Test
    void appsComeBackWithTheEngine(@TempDir Path data) throws Exception {
        var stage = Stage.open();
        try (var own = new OwnEngine()) {
            own.start();
            own.give("node:22-bookworm-slim");
            var yard = new AppYard(stage, data, own);
            yard.open();
            try {
                var kept = yard.put("");
                var address = Objects.requireNonNull(yard.healthy(kept).address());
                own.stop();
                own.start();
                comesBack(yard, kept, address);
                own.kill();
                var deleted = yard.put("");
                own.start();
                comesBack(yard, kept, address);
                yard.healthy(deleted);
                own.kill();
                stage.state.apps().delete(deleted);
                own.start();
                comesBack(yard, kept, address);
                Stage.await(
                        "what was deleted is gone",
                        HEALED,
                        () -> yard.containers(deleted).isEmpty());
                yard.clear();
            } finally {
                yard.closeKeeper();
            }
        }
    }

    private static void comesBack(AppYard yard, String id, String address) throws Exception {
        Stage.await("it answers, and is said to be healthy", HEALED, () -> {
            var instance = yard.instance(id, 1);
            return instance.state() == App.State.HEALTHY
                    && address.equals(instance.address())
                    && AppYard.greets(address);
        });
        assertThat(yard.containers(id)).hasSize(1);
    }
}
