package codehaven.activities.running;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.activities.Stage;
import codehaven.model.App;
import codehaven.model.Host;
import codehaven.model.Site;
import codehaven.model.Target;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An engine with apps becomes a Swarm's manager, and goes away and comes back as one. */
@Tag("engine")
class SwarmRestartTest {

    private static final Duration HEALED = Duration.ofSeconds(60);

    @Test
    void containersBecomeServicesWithoutAGapAndComeBackWithTheEngine(@TempDir Path data) throws Exception {
        var stage = Stage.open();
        try (var own = new OwnEngine()) {
            own.start();
            own.give("node:22-bookworm-slim");
            var yard = new AppYard(stage, data, own);
            yard.open();
            try {
                var id = yard.put("");
                var site = new Site(
                        Host.ofProduction(yard.project.slug(), "sites.localhost"),
                        yard.project.slug(),
                        id,
                        new Target.Container("ab".repeat(32), List.of()),
                        1,
                        Site.Role.PRODUCTION,
                        Stage.now());
                stage.state.sites().point(site);
                var container = yard.healthy(id);
                Stage.await("the host knows", HEALED, () -> answers(stage, site));
                own.manage();
                var until = System.nanoTime() + HEALED.toNanos();
                while (!isService(yard.instance(id, 1))
                        || !own.ask(
                                        "container",
                                        "ls",
                                        "--all",
                                        "--quiet",
                                        "--filter",
                                        "name=^" + container.container() + "$")
                                .isEmpty()) {
                    assertThat(System.nanoTime())
                            .as("it moved in time: " + yard.app(id))
                            .isLessThan(until);
                    assertThat(answers(stage, site)).as("while it moves").isTrue();
                    Thread.sleep(100);
                }
                own.stop();
                own.start();
                comesBack(stage, yard, id, site);
                own.kill();
                own.start();
                comesBack(stage, yard, id, site);
                assertThat(own.ask("service", "ls", "--quiet")).hasLineCount(1);
            } finally {
                yard.clear();
            }
        }
    }

    private static boolean isService(App.Instance instance) {
        return instance.engine().startsWith("swarm-") && instance.state() == App.State.HEALTHY;
    }

    private static void comesBack(Stage stage, AppYard yard, String id, Site site) throws Exception {
        var began = System.nanoTime();
        Stage.await(
                "it answers, and is said to be healthy",
                HEALED,
                () -> isService(yard.instance(id, 1)) && answers(stage, site));
        System.out.printf("back with the Swarm after %d ms%n", (System.nanoTime() - began) / 1_000_000);
    }

    private static boolean answers(Stage stage, Site site) {
        var target = (Target.Container)
                stage.state.sites().find(site.host()).orElseThrow().target();
        return !target.addresses().isEmpty() && target.addresses().stream().allMatch(AppYard::greets);
    }
}
