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
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("engine")
class AppKeeperTest {

    private static Stage stage;

    @TempDir
    private Path data;

    private AppYard yard;

    @BeforeAll
    static void stage() throws Exception {
        stage = Stage.open();
    }

    @BeforeEach
    void open() throws Exception {
        yard = new AppYard(stage, data);
        yard.open();
    }

    @AfterEach
    void close() throws Exception {
        yard.clear();
    }

    private Site pointed(String id) {
        var site = new Site(
                Host.ofProduction(yard.project.slug(), "sites.localhost"),
                yard.project.slug(),
                id,
                new Target.Container("ab".repeat(32), List.of()),
                1,
                Site.Role.PRODUCTION,
                Stage.now());
        stage.state.sites().point(site);
        return site;
    }

    private static String address(App.Instance instance) {
        return Objects.requireNonNull(instance.address());
    }

    @Test
    void startsAnAppAndTellsHostsWhereItAnswers() throws Exception {
        var id = yard.put(
                AppYard.settings(AppYard.app(1, null, List.of()), null, "/health", 20),
                Environment.PRODUCTION,
                Map.of("SECRET", "tomato-tomato-tomato"));
        var site = pointed(id);
        var instance = yard.healthy(id);
        assertThat(instance.container()).isEqualTo("codehaven-app-" + id + "-1");
        assertThat(AppYard.get(address(instance), "/")).isEqualTo("hello from 0.0.0.0 of production");
        Stage.await(
                "the host knows",
                AppYard.SOON,
                () -> stage.state
                        .sites()
                        .find(site.host())
                        .orElseThrow()
                        .target()
                        .equals(new Target.Container("ab".repeat(32), List.of(address(instance)))));
        Stage.await("the log", AppYard.SOON, () -> yard.log(id).contains("listening"));
        assertThat(yard.log(id)).contains("Started.", "mode undefined as 1000 secret ••••••".replace("undefined", ""));
        var made =
                yard.engine.client().inspectContainerCmd(instance.container()).exec();
        var host = made.getHostConfig();
        assertThat(host.getMemory()).isEqualTo(512L << 20).isEqualTo(host.getMemorySwap());
        assertThat(host.getPidsLimit()).isEqualTo(512);
        assertThat(host.getReadonlyRootfs()).isTrue();
        assertThat(host.getCapAdd()).isNullOrEmpty();
        assertThat(host.getSecurityOpts()).contains("no-new-privileges");
        assertThat(host.getRestartPolicy().getName()).isEqualTo("unless-stopped");
        Stage.await(
                "figures",
                AppYard.SOON,
                () -> !stage.state.appFigures().of(id, 1).isEmpty());
        assertThat(stage.state.appFigures().of(id, 1).getLast().memory()).isGreaterThan(1 << 20);
    }

    @Test
    void tellsHowAnAppEndsAndHasItBack() throws Exception {
        var id = yard.put("");
        var before = yard.healthy(id);
        AppYard.get(address(before), "/exit");
        yard.await(id, 1, each -> each.restarts() == 1);
        assertThat(yard.healthy(id).address()).isEqualTo(before.address());
        Stage.await(
                "the log",
                AppYard.SOON,
                () -> yard.log(id).contains("It ended with exit code 3. It is started again."));

        var crashing = yard.put("crash");
        var crashed = yard.await(crashing, 1, each -> each.restarts() >= 2 && each.state() == App.State.CRASHED);
        assertThat(crashed.reason()).isEqualTo("It ended with exit code 1.");
        assertThat(yard.log(crashing)).contains("no such table: users");
    }

    @Test
    void tellsThatMemoryWasTheReason() throws Exception {
        var id = yard.put(
                AppYard.settings(AppYard.app(1, null, List.of()), 96, null, 20), Environment.PREVIEW, Map.of());
        var address = address(yard.healthy(id));
        Thread.ofVirtual().start(() -> {
            try {
                AppYard.get(address, "/eat");
            } catch (Exception e) {
                // It is killed while it answers.
                return;
            }
        });
        yard.await(id, 1, each -> each.restarts() >= 1);
        Stage.await(
                "the reason",
                AppYard.SOON,
                () -> yard.log(id).stream()
                        .anyMatch(each -> each.startsWith("It was killed at its memory limit of 96 MiB.")));
    }

    @Test
    void seesThePortThatAnAppListensOnInstead() throws Exception {
        var other = yard.put("elsewhere");
        var loopback = yard.put("loopback");
        assertThat(yard.await(other, 1, each -> each.state() == App.State.UNHEALTHY)
                        .reason())
                .isEqualTo("It was not healthy within 5 s: nothing accepts connections on port 3000."
                        + " It listens on port 8088, not on 3000 that PORT tells it.");
        assertThat(yard.await(loopback, 1, each -> each.state() == App.State.UNHEALTHY)
                        .reason())
                .contains("It listens on port 3000 of 127.0.0.1 only");
    }

    @Test
    void anotherKeeperGoesOnWithoutLosingOrRepeatingALine() throws Exception {
        var id = yard.put("counts");
        var before = yard.healthy(id);
        var container = yard.containers(id).getFirst().getId();
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
        assertThat(yard.containers(id))
                .singleElement()
                .satisfies(each -> assertThat(each.getId()).isEqualTo(container));
        assertThat(yard.instance(id, 1).since()).isEqualTo(before.since());
    }

    @Test
    void sleepsWakesAndStops() throws Exception {
        var id = yard.put(
                AppYard.settings(AppYard.app(1, 10, List.of()), null, null, 20), Environment.PREVIEW, Map.of());
        var site = new Site(
                Host.ofDeployment(yard.project.slug(), id, "sites.localhost"),
                yard.project.slug(),
                id,
                new Target.Container("ab".repeat(32), List.of()),
                1,
                Site.Role.DEPLOYMENT,
                Stage.now());
        stage.state.sites().point(site);
        var first = yard.healthy(id);
        var container = yard.containers(id).getFirst().getId();
        yard.await(id, 1, each -> each.state() == App.State.STOPPED);
        assertThat(yard.app(id).wanted()).isEqualTo(App.Wanted.ASLEEP);
        assertThat(stage.state.sites().find(site.host()).orElseThrow().target())
                .isEqualTo(new Target.Container("ab".repeat(32), List.of()));
        Stage.await(
                "the container has ended",
                AppYard.SOON,
                () -> yard.containers(id).getFirst().getState().equals("exited"));
        Stage.await("the log", AppYard.SOON, () -> yard.log(id).contains("It sleeps now."));
        assertThat(yard.log(id)).contains("asked to end");

        var asked = System.nanoTime();
        assertThat(stage.state.apps().wake(id, Stage.now())).isTrue();
        stage.state.bus().nudgeApps();
        assertThat(yard.healthy(id).address()).isEqualTo(first.address());
        System.out.printf("awake after %d ms%n", (System.nanoTime() - asked) / 1_000_000);
        assertThat(yard.containers(id).getFirst().getId()).isEqualTo(container);

        stage.state.apps().want(id, App.Wanted.STOPPED, Stage.now());
        stage.state.bus().nudgeApps();
        Stage.await(
                "the container is gone", AppYard.SOON, () -> yard.containers(id).isEmpty());
        assertThat(yard.instance(id, 1).state()).isEqualTo(App.State.STOPPED);
        stage.state.apps().want(id, App.Wanted.RUNNING, Stage.now());
        stage.state.bus().nudgeApps();
        yard.healthy(id);
    }

    @Test
    void replicasComeGoAndAreReplacedOneAfterTheOther() throws Exception {
        var id = yard.put(
                AppYard.settings(AppYard.app(3, null, List.of()), null, "/health", 20),
                Environment.PRODUCTION,
                Map.of("MODE", "slow"));
        var site = pointed(id);
        for (var n : List.of(1, 2, 3)) {
            yard.await(id, n, each -> each.state() == App.State.HEALTHY);
        }
        assertThat(new TreeSet<>(yard.app(id).addresses())).hasSize(3);
        stage.state.apps().replicas(id, 2);
        stage.state.bus().nudgeApps();
        Stage.await(
                "two are left",
                AppYard.SOON,
                () -> yard.containers(id).size() == 2
                        && yard.app(id).instances().size() == 2);

        stage.state.apps().restart(id);
        stage.state.bus().nudgeApps();
        var fewest = 2;
        var until = System.nanoTime() + AppYard.SOON.toNanos();
        while (!(yard.containers(id).size() == 2
                && yard.containers(id).stream().allMatch(each -> each.getNames()[0].endsWith("-e1"))
                && yard.app(id).addresses().size() == 2)) {
            assertThat(System.nanoTime())
                    .as("replaced in time: " + yard.app(id))
                    .isLessThan(until);
            var target = (Target.Container)
                    stage.state.sites().find(site.host()).orElseThrow().target();
            fewest = Math.min(fewest, target.addresses().size());
            for (var address : target.addresses()) {
                assertThat(AppYard.get(address, "/health"))
                        .as("asked while it is replaced")
                        .isEmpty();
            }
            Thread.sleep(50);
        }
        assertThat(fewest).as("never fewer answered").isEqualTo(2);
    }

    @Test
    void aSickReplicaIsNotAskedAndIsStartedAnew() throws Exception {
        var id = yard.put(
                AppYard.settings(AppYard.app(2, null, List.of()), null, "/health", 20),
                Environment.PRODUCTION,
                Map.of());
        var site = pointed(id);
        var sick = yard.healthy(id);
        var well = yard.await(id, 2, each -> each.state() == App.State.HEALTHY);
        AppYard.get(address(sick), "/sicken");
        assertThat(yard.await(id, 1, each -> each.state() == App.State.UNHEALTHY)
                        .reason())
                .isEqualTo("Its health check failed 3 times: GET /health was answered with 503.");
        Stage.await(
                "one address",
                AppYard.SOON,
                () -> stage.state
                        .sites()
                        .find(site.host())
                        .orElseThrow()
                        .target()
                        .equals(new Target.Container("ab".repeat(32), List.of(address(well)))));
        yard.await(id, 1, each -> each.restarts() == 1 && each.state() == App.State.HEALTHY);
    }

    @Test
    void volumesOutliveContainersAndAreTheAppsOwn() throws Exception {
        var volumes = List.of(new AppSettings.Volume("notes", "/data"));
        var settings = AppYard.settings(AppYard.app(1, null, volumes), null, null, 20);
        var one = yard.put(settings, Environment.PRODUCTION, Map.of());
        AppYard.get(address(yard.healthy(one)), "/write?text=kept");
        stage.state.apps().delete(one);
        stage.state.bus().nudgeApps();
        Stage.await("it is gone", AppYard.SOON, () -> yard.containers(one).isEmpty());
        var other = yard.put(settings, Environment.PRODUCTION, Map.of());
        assertThat(AppYard.get(address(yard.healthy(other)), "/read")).isEqualTo("kept");
        var preview = yard.put(settings, Environment.PREVIEW, Map.of());
        assertThat(AppYard.get(address(yard.healthy(preview)), "/read"))
                .as("production's data is its own")
                .isEqualTo("nothing");
    }

    @Test
    void neitherThisMachineNorOtherProjectsCanBeReachedFromInside() throws Exception {
        var other = new AppYard(stage, data.resolve("other"));
        try (var service = new ServerSocket()) {
            service.bind(new InetSocketAddress("0.0.0.0", 0));
            var neighbour = other.put("");
            var neighbours = address(other.healthy(neighbour)).split(":", 2);
            var address = address(yard.healthy(yard.put("")));
            var same = address(yard.healthy(yard.put(""))).split(":", 2);
            assertThat(open(address, "127.0.0.1", 3000)).as("the probe works").isEqualTo("open");
            var own = NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(each -> each instanceof java.net.Inet4Address && !each.isLoopbackAddress())
                    .map(InetAddress::getHostAddress)
                    .toList();
            assertThat(own).contains(address.replaceFirst("\\.\\d+:\\d+$", ".1"));
            for (var each : own) {
                assertThat(open(address, each, service.getLocalPort())).as(each).isEqualTo("closed");
            }
            var gateway = address.replaceFirst("\\.\\d+:\\d+$", ".1");
            for (var backend : stage.ports) {
                for (var each : List.of(gateway, "127.0.0.1", "host.docker.internal")) {
                    assertThat(open(address, each, backend))
                            .as(each + ":" + backend)
                            .isEqualTo("closed");
                }
            }
            assertThat(open(address, "169.254.169.254", 80)).isEqualTo("closed");
            assertThat(open(address, neighbours[0], 3000)).as("another project").isEqualTo("closed");
            assertThat(open(address, same[0], 3000)).as("another deployment").isEqualTo("closed");
        } finally {
            other.clear();
        }
    }

    private static String open(String address, String host, int port) throws Exception {
        return AppYard.get(address, "/try?host=" + host + "&port=" + port);
    }

    @Test
    void aFloodOfOutputIsCutAndSaysSo() throws Exception {
        var id = yard.put("");
        var address = address(yard.healthy(id));
        for (var round : IntStream.range(0, 4).toArray()) {
            assertThat(AppYard.get(address, "/print?lines=" + 25_000 + "&round=" + round))
                    .isNotEmpty();
        }
        Stage.await(
                "the note",
                AppYard.SOON,
                () -> yard.log(id).stream().anyMatch(each -> each.matches("[\\d,]+ lines were left out here.*")));
        assertThat(yard.log(id).stream()
                        .filter(each -> each.startsWith("flood "))
                        .count())
                .isLessThan(20_000);
    }

    @Test
    void aKeeperBesideAnotherDoesNothingTwice() throws Exception {
        try (var _ = AppKeeper.start(stage.state, stage.settings(data.resolve("beside")), RunningSettings.DEFAULT)) {
            var id = yard.put("counts");
            yard.healthy(id);
            Stage.await("lines", AppYard.SOON, () -> yard.log(id).contains("line 50"));
            assertThat(yard.log(id).stream().filter(each -> each.equals("line 30")))
                    .hasSize(1);
            assertThat(yard.log(id).stream().filter(each -> each.equals("Started.")))
                    .hasSize(1);
            yard.closeKeeper();
            Stage.await(
                    "the other one goes on", AppYard.SOON, () -> yard.log(id).contains("line 400"));
            assertThat(yard.containers(id)).hasSize(1);
        }
    }
}
