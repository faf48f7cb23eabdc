package codehaven.activities.running;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.activities.Stage;
import codehaven.dev.Ports;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A Docker engine beside the machine's own, which a test may stop and kill, or make the only host of a Swarm; it leaves
 * the firewall alone.
 */
final class OwnEngine implements AutoCloseable {

    private static final Path GATEWAY = Path.of("/sys/class/net/docker_gwbridge");

    private static final int PLACES = 4;

    private final Path directory = Files.createTempDirectory("engine-");
    private @Nullable Process process;
    private boolean inSwarm;

    /** Several may run, of several processes: each has its place, whose bridge and addresses are of no other. */
    private final int place;

    private final FileChannel placed;

    /** Swarms share a bridge to the machine, whose name is given: there is one at a time. */
    private @Nullable FileChannel alone;

    OwnEngine() throws IOException {
        assertThat(System.getProperty("user.name"))
                .as("this test starts a Docker engine of its own, which only root can")
                .isEqualTo("root");
        var free = 0;
        var lock = lock("engine-0");
        while (lock.tryLock() == null) {
            lock.close();
            free++;
            assertThat(free).as("engines of tests that run already").isLessThan(PLACES);
            lock = lock("engine-" + free);
        }
        place = free;
        placed = lock;
    }

    private static FileChannel lock(String what) throws IOException {
        return FileChannel.open(
                Path.of(System.getProperty("java.io.tmpdir"), "codehaven-own-" + what + ".lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
    }

    /** Without one of its own an engine takes the machine's {@code docker0} away. */
    private String bridge() {
        return "chtest" + place;
    }

    /** What apps' networks are taken from, in CIDR notation. */
    String addresses() {
        return "10." + (192 + 4 * place) + ".0.0/14";
    }

    URI address() {
        return URI.create("unix://" + directory.resolve("docker.sock"));
    }

    void start() throws Exception {
        if (!Files.exists(Path.of("/sys/class/net", bridge()))) {
            run("ip", "link", "add", "name", bridge(), "type", "bridge");
            run("ip", "address", "add", "10.191." + place + ".1/24", "dev", bridge());
            run("ip", "link", "set", bridge(), "up");
        }
        process = new ProcessBuilder(
                        "dockerd",
                        "--host=" + address(),
                        "--data-root=" + directory.resolve("data"),
                        "--exec-root=" + directory.resolve("run"),
                        "--pidfile=" + directory.resolve("pid"),
                        "--bridge=" + bridge(),
                        "--iptables=false",
                        "--ip6tables=false")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        directory.resolve("log").toFile()))
                .start();
        try {
            Stage.await("an engine of its own", Duration.ofSeconds(60), () -> good("version"));
        } catch (AssertionError e) {
            throw new AssertionError(Files.readString(directory.resolve("log")), e);
        }
    }

    /** Gives it an image that the machine's own engine has. */
    void give(String image) throws IOException, InterruptedException {
        var both = ProcessBuilder.startPipeline(List.of(new ProcessBuilder("docker", "save", image), docker("load")));
        assertThat(both.getLast().waitFor(3, TimeUnit.MINUTES)).isTrue();
        assertThat(both.getLast().exitValue()).isZero();
    }

    /** Makes it a manager. Swarm adds a bridge to the machine, which goes with the engine. */
    void manage() throws Exception {
        if (alone == null) {
            alone = lock("swarm");
            alone.lock();
        }
        if (Files.exists(GATEWAY)) {
            assertThat(new ProcessBuilder("docker", "network", "inspect", "docker_gwbridge")
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor())
                    .as("the machine's own engine must be in no Swarm: docker swarm leave")
                    .isNotZero();
            // Of a test that was killed.
            run("ip", "link", "delete", GATEWAY.getFileName().toString());
        }
        inSwarm = true;
        var listen = "127.0.0.1:" + Ports.free();
        assertThat(good("swarm", "init", "--advertise-addr", listen, "--listen-addr", listen))
                .as("docker swarm init")
                .isTrue();
    }

    /** What the engine says to a command. */
    String ask(String... arguments) throws IOException, InterruptedException {
        var process = docker(arguments)
                .redirectErrorStream(false)
                .redirectOutput(ProcessBuilder.Redirect.PIPE)
                .start();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(String.join(" ", arguments)).isZero();
        return said.strip();
    }

    /** As {@code systemctl stop docker}, and as a reboot. */
    void stop() throws InterruptedException {
        if (process != null) {
            process.destroy();
            assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
            process = null;
        }
    }

    /**
     * {@code kill -9}, of which its containerd dies too; what it ran goes on. Where nobody reaps the dead, their numbers
     * would keep it from starting again.
     */
    void kill() throws IOException, InterruptedException {
        if (process != null) {
            process.destroyForcibly().waitFor();
            process = null;
            Files.deleteIfExists(directory.resolve("pid"));
            Files.deleteIfExists(directory.resolve("run/containerd/containerd.pid"));
        }
    }

    private ProcessBuilder docker(String... arguments) {
        var command = new ArrayList<>(List.of("docker", "--host", address().toString()));
        command.addAll(Arrays.asList(arguments));
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    }

    private boolean good(String... arguments) {
        try {
            return docker(arguments).start().waitFor() == 0;
        } catch (IOException e) {
            throw new AssertionError("this test needs docker and dockerd (Debian: apt-get install docker.io)", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void close() throws IOException {
        try {
            if (process != null && !process.isAlive()) {
                var log = Files.readAllLines(directory.resolve("log"));
                System.out.println("The engine ended by itself:\n"
                        + String.join("\n", log.subList(Math.max(0, log.size() - 150), log.size())));
            } else if (process != null) {
                var all = ask("container", "ls", "--all", "--quiet");
                if (!all.isBlank()) {
                    good(Stream.concat(Stream.of("container", "rm", "--force"), all.lines())
                            .toArray(String[]::new));
                }
                good("network", "prune", "--force");
                if (inSwarm) {
                    good("swarm", "leave", "--force");
                }
            }
            stop();
            run("ip", "link", "delete", bridge());
            if (inSwarm) {
                run("ip", "link", "delete", GATEWAY.getFileName().toString());
            }
            for (var each : mounts()) {
                run("umount", "--lazy", each);
            }
            run("rm", "-rf", "--one-file-system", directory.toString());
            if (alone != null) {
                alone.close();
            }
            placed.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<String> mounts() throws IOException {
        try (var mounts = Files.lines(Path.of("/proc/self/mounts"))) {
            return mounts.map(line -> line.split(" ", -1)[1])
                    .filter(path -> path.startsWith(directory.toString()))
                    .sorted(Comparator.reverseOrder())
                    .toList();
        }
    }

    private static void run(String... command) throws IOException, InterruptedException {
        new ProcessBuilder(command).inheritIO().start().waitFor();
    }
}
