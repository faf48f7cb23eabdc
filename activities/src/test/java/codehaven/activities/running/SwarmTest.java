package codehaven.activities.running;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.activities.Stage;
import codehaven.model.App;
import codehaven.model.AppSettings;
import codehaven.model.Environment;
import codehaven.model.Host;
import codehaven.model.Site;
import codehaven.model.Target;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Apps as services of a Swarm of one host. */
@Tag("engine")
class SwarmTest {

    private static final String MANIFEST = "ab".repeat(32);

    private static Stage stage;
    private static @Nullable OwnEngine shared;

    @TempDir
    private Path data;

    private AppYard yard;

    @BeforeAll
    static void stage() throws Exception {
        stage = Stage.open();
        shared = new OwnEngine();
        shared.start();
        shared.give("node:22-bookworm-slim");
    }

    @AfterAll
    static void end() throws Exception {
        if (shared != null) {
            shared.close();
        }
    }

    @BeforeEach
    void open() throws Exception {
        yard = new AppYard(stage, data, engine());
    }

    @AfterEach
    void close() throws Exception {
        yard.clear();
    }

    private static OwnEngine engine() {
        return Objects.requireNonNull(shared);
    }

    private void openInSwarm() throws Exception {
        if (engine().ask("info", "--format", "{{.Swarm.LocalNodeState}}").equals("inactive")) {
            engine().manage();
        }
        yard.open();
    }

    private Site pointed(String id) {
        var site = new Site(
                Host.ofProduction(yard.project.slug(), "sites.localhost"),
                yard.project.slug(),
                id,
                new Target.Container(MANIFEST, List.of()),
                1,
                Site.Role.PRODUCTION,
                Stage.now());
        stage.state.sites().point(site);
        return site;
    }

    private static List<String> addresses(Site site) {
        return ((Target.Container)
                        stage.state.sites().find(site.host()).orElseThrow().target())
                .addresses();
    }

    private static String address(App.Instance instance) {
        return Objects.requireNonNull(instance.address());
    }

    private static List<String> services(String id) throws Exception {
        return engine().ask("service", "ls", "--filter", "label=codehaven.deployment=" + id, "--format", "{{.Name}}")
                .lines()
                .sorted()
                .toList();
    }

    @Test
    void anAppOfTwoReplicasAnswersAtTheirAddresses() throws Exception {
        openInSwarm();
        var id = yard.put(
                AppYard.settings(AppYard.app(2, null, List.of()), null, "/health", 30),
                Environment.PRODUCTION,
                Map.of("HOSTNAME", "{{.Node.ID}}"));
        var site = pointed(id);
        for (var n : List.of(1, 2)) {
            yard.await(id, n, each -> each.state() == App.State.HEALTHY);
        }
        assertThat(services(id)).containsExactly("codehaven-app-" + id + "-1", "codehaven-app-" + id + "-2");
        Stage.await("the host knows both", AppYard.SOON, () -> addresses(site).size() == 2);
        for (var each : addresses(site)) {
            assertThat(AppYard.get(each, "/"))
                    .as("a variable's braces are its own")
                    .isEqualTo("hello from {{.Node.ID}} of production");
        }
        var container = yard.engine
                .client()
                .inspectContainerCmd(yard.containers(id).getFirst().getId())
                .exec();
        var host = Objects.requireNonNull(container.getHostConfig());
        assertThat(host.getMemory()).isEqualTo(512L << 20);
        assertThat(host.getNanoCPUs()).isEqualTo(1_000_000_000L);
        assertThat(host.getPidsLimit()).isEqualTo(512);
        assertThat(host.getReadonlyRootfs()).isTrue();
        assertThat(host.getInit()).isTrue();
        assertThat(host.getCapDrop()).extracting(Object::toString).containsExactly("ALL");
        assertThat(host.getCapAdd()).isNullOrEmpty();
        Stage.await("the log", AppYard.SOON, () -> yard.log(id).contains("listening"));
        Stage.await(
                "figures",
                AppYard.SOON,
                () -> !stage.state.appFigures().of(id, 2).isEmpty());
    }

    @Test
    void whatEndsIsStartedBySwarmAndPeopleLearnWhy() throws Exception {
        openInSwarm();
        var id = yard.put("");
        AppYard.get(address(yard.healthy(id)), "/exit");
        yard.await(id, 1, each -> each.restarts() == 1);
        Stage.await(
                "the log",
                AppYard.SOON,
                () -> yard.log(id).contains("It ended with exit code 3. It is started again."));
        assertThat(AppYard.get(address(yard.healthy(id)), "/")).startsWith("hello");

        var crashing = yard.put("crash");
        var crashed = yard.await(crashing, 1, each -> each.restarts() >= 2 && each.state() == App.State.CRASHED);
        assertThat(crashed.reason()).isEqualTo("It ended with exit code 1.");
        Stage.await("what it said", AppYard.SOON, () -> yard.log(crashing).contains("no such table: users"));
    }

    @Test
    void sleepsWakesAndStops() throws Exception {
        openInSwarm();
        var id = yard.put("");
        yard.healthy(id);
        stage.state.apps().want(id, App.Wanted.ASLEEP, Stage.now());
        stage.state.bus().nudgeApps();
        yard.await(id, 1, each -> each.state() == App.State.STOPPED);
        Stage.await(
                "no container is left", AppYard.SOON, () -> yard.containers(id).isEmpty());
        Stage.await("the log", AppYard.SOON, () -> yard.log(id).contains("It sleeps now."));
        assertThat(yard.log(id)).as("its last words").contains("asked to end");
        assertThat(services(id)).hasSize(1);

        var asked = System.nanoTime();
        assertThat(stage.state.apps().wake(id, Stage.now())).isTrue();
        stage.state.bus().nudgeApps();
        assertThat(AppYard.get(address(yard.healthy(id)), "/")).startsWith("hello");
        System.out.printf("awake in a Swarm after %d ms%n", (System.nanoTime() - asked) / 1_000_000);
        assertThat(yard.instance(id, 1).restarts()).as("nobody crashed").isZero();

        stage.state.apps().want(id, App.Wanted.STOPPED, Stage.now());
        stage.state.bus().nudgeApps();
        Stage.await("the service is gone", AppYard.SOON, () -> services(id).isEmpty());
    }

    @Test
    void replicasAreReplacedOneAfterTheOther() throws Exception {
        openInSwarm();
        var id = yard.put(
                AppYard.settings(AppYard.app(2, null, List.of()), null, "/health", 30),
                Environment.PRODUCTION,
                Map.of("MODE", "slow"));
        var site = pointed(id);
        Stage.await("both are there", AppYard.SOON, () -> addresses(site).size() == 2);
        stage.state.apps().restart(id);
        stage.state.bus().nudgeApps();
        var fewest = 2;
        var until = System.nanoTime() + AppYard.SOON.toNanos();
        while (!(services(id).stream().allMatch(each -> each.endsWith("-e1"))
                && services(id).size() == 2
                && yard.app(id).addresses().size() == 2)) {
            assertThat(System.nanoTime())
                    .as("replaced in time: " + yard.app(id))
                    .isLessThan(until);
            var now = addresses(site);
            fewest = Math.min(fewest, now.size());
            for (var each : now) {
                assertThat(AppYard.get(each, "/health"))
                        .as("asked while it is replaced")
                        .isEmpty();
            }
            Thread.sleep(50);
        }
        assertThat(fewest).as("never fewer answered").isEqualTo(2);
        assertThat(new TreeSet<>(yard.app(id).addresses())).hasSize(2);
    }

    @Test
    void anotherKeeperGoesOnWithoutLosingOrRepeatingALine() throws Exception {
        openInSwarm();
        var id = yard.put("counts");
        yard.healthy(id);
        Stage.await("some lines", AppYard.SOON, () -> yard.log(id).contains("line 40"));
        yard.closeKeeper();
        Thread.sleep(1_500);
        yard.open();
        Stage.await("more lines", AppYard.SOON, () -> yard.log(id).contains("line 200"));
        var numbers = yard.log(id).stream()
                .filter(each -> each.startsWith("line "))
                .map(each -> Long.parseLong(each.substring(5)))
                .toList();
        assertThat(numbers)
                .isEqualTo(LongStream.rangeClosed(1, numbers.size()).boxed().toList());
    }

    @Test
    void volumesOutliveServicesAndAreTheAppsOwn() throws Exception {
        openInSwarm();
        var volumes = List.of(new AppSettings.Volume("notes", "/data"));
        var settings = AppYard.settings(AppYard.app(1, null, volumes), null, null, 30);
        var one = yard.put(settings, Environment.PRODUCTION, Map.of());
        AppYard.get(address(yard.healthy(one)), "/write?text=kept");
        stage.state.apps().delete(one);
        stage.state.bus().nudgeApps();
        Stage.await("it is gone", AppYard.SOON, () -> yard.containers(one).isEmpty());
        var other = yard.put(settings, Environment.PRODUCTION, Map.of());
        assertThat(AppYard.get(address(yard.healthy(other)), "/read")).isEqualTo("kept");
    }

    @Test
    void neitherThisMachineNorOtherProjectsCanBeReachedFromInside() throws Exception {
        openInSwarm();
        var other = new AppYard(stage, data.resolve("other"), engine());
        try (var service = new ServerSocket()) {
            service.bind(new InetSocketAddress("0.0.0.0", 0));
            var neighbour = other.put("");
            other.healthy(neighbour);
            var address = address(yard.healthy(yard.put("")));
            assertThat(tried(address, "127.0.0.1", 3000)).as("the probe works").isEqualTo("open");
            var own = NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(each -> each instanceof java.net.Inet4Address && !each.isLoopbackAddress())
                    .map(InetAddress::getHostAddress)
                    .toList();
            for (var each : own) {
                assertThat(tried(address, each, service.getLocalPort()))
                        .as(each)
                        .isEqualTo("closed");
            }
            var inside = other.containers(neighbour).getFirst().getNetworkSettings().getNetworks().values().stream()
                    .map(each -> String.valueOf(each.getIpAddress()))
                    .toList();
            assertThat(inside).hasSize(1);
            assertThat(tried(address, inside.getFirst(), 3000))
                    .as("another project")
                    .isEqualTo("closed");
            assertThat(tried(address, "169.254.169.254", 80)).isEqualTo("closed");
        } finally {
            other.clear();
        }
    }

    private static String tried(String address, String host, int port) throws Exception {
        return AppYard.get(address, "/try?host=" + host + "&port=" + port);
    }
}
