package codehaven.activities.building;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import codehaven.activities.Settings;
import codehaven.dev.Ports;
import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images in a real registry that wants a password: Debian's docker-registry. */
@Tag("engine")
final class ImageRegistryTest {

    private static final String DRAWING = """
            --- Dockerfile
            FROM debian:bookworm-slim
            RUN echo "only here: NUMBER" > /only-here
            CMD ["true"]
            """;

    @TempDir
    static Path directory;

    private static Workshop workshop;
    private static @Nullable Process registry;
    private static int port;
    private static final List<String> NAMES = new ArrayList<>();

    @BeforeAll
    static void open() throws Exception {
        workshop = Workshop.withDocker(directory);
        port = Ports.free();
        assertThat(HostProcess.find("docker-registry"))
                .as("apt-get install docker-registry apache2-utils")
                .isPresent();
        var password =
                HostProcess.ask(Duration.ofSeconds(10), null, List.of("htpasswd", "-Bbn", "builder", "right-password"));
        assertThat(password.good()).isTrue();
        Files.writeString(directory.resolve("htpasswd"), password.output());
        Files.writeString(directory.resolve("registry.yml"), """
                version: 0.1
                log: { level: error }
                storage: { filesystem: { rootdirectory: %1$s/registry } }
                http: { addr: "127.0.0.1:%2$d" }
                auth: { htpasswd: { realm: tests, path: %1$s/htpasswd } }
                """.formatted(directory, port));
        registry = serve(directory.resolve("registry.yml"), port);
    }

    private static Process serve(Path config, int at) throws Exception {
        var process = new ProcessBuilder("docker-registry", "serve", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("registry-" + at + ".log").toFile())
                .start();
        Workshop.await("the registry", Duration.ofSeconds(20), () -> {
            try (var socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), at), 500);
                return true;
            } catch (IOException e) {
                return false;
            }
        });
        return process;
    }

    @AfterAll
    static void close() throws Exception {
        Objects.requireNonNull(registry).destroyForcibly().waitFor();
        for (var each : NAMES) {
            HostProcess.ask(Duration.ofMinutes(1), null, List.of("docker", "rmi", "-f", each));
        }
        workshop.close();
    }

    private static Workshop.Job job(String password) throws IOException {
        return job(password, DRAWING);
    }

    private static Workshop.Job job(String password, String drawing) throws IOException {
        var random = Long.toString(ThreadLocalRandom.current().nextLong(1L << 40), 36);
        var job = workshop.detected(drawing.replace("NUMBER", random));
        job.project = "r" + random;
        job.registry = new Settings.Registry("127.0.0.1:" + port, "builder", password);
        NAMES.add("codehaven/" + job.project + ":" + job.deployment);
        NAMES.add("127.0.0.1:" + port + "/" + job.project + ":" + job.deployment);
        return job;
    }

    @Test
    void imageIsPushedAndRememberedByItsDigest() throws Exception {
        var job = job("right-password");
        var scope = new BuildScope(job.deployment);
        var image = Objects.requireNonNull(workshop.build(job, scope).app());
        var name = "127.0.0.1:" + port + "/" + job.project;
        assertThat(image.tag()).isEqualTo(name + ":" + job.deployment);
        assertThat(image.digest()).matches("sha256:[0-9a-f]{64}");
        assertThat(image.reference()).isEqualTo(name + "@" + image.digest());
        var there = HostProcess.ask(
                Duration.ofSeconds(20),
                null,
                List.of(
                        "curl",
                        "-sI",
                        "-u",
                        "builder:right-password",
                        "-H",
                        "Accept: application/vnd.docker.distribution.manifest.v2+json",
                        "http://127.0.0.1:" + port + "/v2/" + job.project + "/manifests/" + job.deployment));
        assertThat(there.output()).containsIgnoringCase("Docker-Content-Digest: " + image.digest());
    }

    @Test
    void refusedPasswordIsNamedAndARetryOnlyPushes() throws Exception {
        var job = job("wrong-password");
        var scope = new BuildScope(job.deployment);
        var failure = catchThrowableOfType(StepFailure.class, () -> workshop.build(job, scope));
        assertThat(failure.kind()).as(failure.getMessage()).isEqualTo(FailureKind.REGISTRY_REFUSED);
        assertThat(failure.hint()).contains("CODEHAVEN_REGISTRY_USER");
        assertThat(scope.text()).doesNotContain("wrong-password");

        job.registry = new Settings.Registry("127.0.0.1:" + port, "builder", "right-password");
        job.attempt = 2;
        var second = new BuildScope(job.deployment);
        assertThat(Objects.requireNonNull(workshop.build(job, second).app()).digest())
                .isNotNull();
        assertThat(second.text()).contains("built already").doesNotContain("Step 1/");
    }

    @Test
    void registryThatIsAwayMayBeTriedAgain() throws Exception {
        var job = job("right-password");
        job.registry = new Settings.Registry("127.0.0.1:1", "builder", "right-password");
        NAMES.add("127.0.0.1:1/" + job.project + ":" + job.deployment);
        var scope = new BuildScope(job.deployment);
        var failure = catchThrowableOfType(StepFailure.class, () -> workshop.build(job, scope));
        assertThat(failure.kind()).as(failure.getMessage()).isEqualTo(FailureKind.REGISTRY_UNAVAILABLE);
        assertThat(failure.kind().retryable()).isTrue();
        assertThat(scope.text()).contains("The push broke");
    }

    @Test
    void namesAreWhatPeopleExpect() {
        assertThat(Settings.Registry.of(null, null, null)).isEmpty();
        var hub = Settings.Registry.of(null, "ada", "x").orElseThrow();
        assertThat(hub.repository("shop")).isEqualTo("ada/shop");
        var own = Settings.Registry.of("https://registry.example.com:5000/apps/", null, null)
                .orElseThrow();
        assertThat(own.repository("shop")).isEqualTo("registry.example.com:5000/apps/shop");
        assertThat(own.auth().getRegistryAddress()).isEqualTo("registry.example.com:5000");
        assertThat(new Settings.Registry("r.example", "a", "secret-word"))
                .asString()
                .doesNotContain("secret-word");
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> Settings.Registry.of("not a host", null, null));
    }

    @Test
    void baseImageComesWholeFromARegistryHoweverLongThatTakes() throws Exception {
        var job = job("right-password", DRAWING.replace("echo", "head -c 80000000 /dev/urandom > /large && echo"));
        var pushed = Objects.requireNonNull(
                workshop.build(job, new BuildScope(job.deployment)).app());
        for (var each : List.of(pushed.tag(), "codehaven/" + job.project + ":" + job.deployment)) {
            HostProcess.ask(Duration.ofMinutes(1), null, List.of("docker", "rmi", each));
        }
        var images = new BuildImages(workshop.engine);
        assertThat(catchThrowableOfType(
                        StepFailure.class,
                        () -> images.provide(pushed.tag(), List.of(), new BuildScope(job.deployment))))
                .as("nothing comes without a password")
                .hasMessageContaining(pushed.tag());

        // The same store, for everybody.
        var open = Ports.free();
        var config = Files.readString(directory.resolve("registry.yml"))
                .replace(":" + port, ":" + open)
                .replaceFirst("(?m)^auth:.*$", "");
        var name = "127.0.0.1:" + open + "/" + job.project + ":" + job.deployment;
        NAMES.add(name);
        var second = serve(Files.writeString(directory.resolve("open.yml"), config), open);
        try {
            images.provide(name, List.of(), new BuildScope(job.deployment));
            assertThat(new AppImages(workshop.engine).find(name)).isPresent();
        } finally {
            second.destroyForcibly().waitFor();
        }
    }
}
