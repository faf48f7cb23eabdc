package codehaven.cli;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.dev.DevGit;
import codehaven.dev.DevStack;
import codehaven.dev.Ports;
import codehaven.workflows.SearchAttributes;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code kill -9} of the worker at each write of an app's deployment to something outside: the image, the registry, the
 * network, the container, the start, the pointer. Each time another worker goes on; whoever visits notices nothing.
 */
final class AppCrashTest {

    /** What is sent to the engine; the worker dies as soon as the engine has it. */
    private static final Map<String, String> WRITES = new LinkedHashMap<>(Map.of(
            "an image is built", "/build\\?.*",
            "an image is pushed", ".*/images/.*/push.*",
            "a container is made", ".*/containers/create\\?name=codehaven-app-.*",
            "a container is started", ".*/containers/[0-9a-f]{64}/start"));

    private final LinkedBlockingQueue<String> deaths = new LinkedBlockingQueue<>();
    private final Map<String, String> due = new HashMap<>();
    private @Nullable Haven worker;

    private synchronized void sent(String path) {
        var victim = worker;
        for (var each : List.copyOf(due.entrySet())) {
            if (victim != null && path.replaceFirst("^/v[0-9.]+", "").matches(each.getValue())) {
                due.remove(each.getKey());
                worker = null;
                victim.kill();
                deaths.add(each.getKey());
            }
        }
    }

    private synchronized void arm(Map<String, String> writes) {
        due.putAll(writes);
    }

    private void await(String death, Path directory, Map<String, String> settings) throws Exception {
        var died = deaths.poll(3, TimeUnit.MINUTES);
        assertThat(died).as("the death in which %s", death).isEqualTo(death);
        begin(directory, settings);
    }

    private void begin(Path directory, Map<String, String> settings) throws Exception {
        var begun = RolesTest.role(directory, settings, "worker", "worker");
        synchronized (this) {
            worker = begun;
        }
    }

    @Test
    void aWorkerKilledAtEachWriteLosesNothing(@TempDir Path directory) throws Exception {
        var names = SearchAttributes.ALL.stream().map(key -> key.getName()).toList();
        try (var git = DevGit.start(directory.resolve("git"));
                var stack = DevStack.start(DevStack.Plan.everything(directory.resolve("stack"), names));
                var registry = Registry.start(directory.resolve("registry"));
                var line = EngineLine.open(directory.resolve("docker.sock"), this::sent)) {
            var settings = new HashMap<>(registry.settings());
            settings.put("CODEHAVEN_DOCKER_HOST", line.address());
            settings.put("CODEHAVEN_TEMPORAL", stack.temporal().address());
            settings.put("CODEHAVEN_MONGODB", stack.mongo().uri("codehaven"));
            settings.put("CODEHAVEN_REDIS", stack.redis().uri());
            settings.put("CODEHAVEN_S3_ENDPOINT", stack.s3().endpoint().toString());
            settings.put("CODEHAVEN_S3_BUCKET", "codehaven");
            settings.put("CODEHAVEN_S3_REGION", "us-east-1");
            settings.put("CODEHAVEN_S3_ACCESS_KEY", stack.s3().accessKey());
            settings.put("CODEHAVEN_S3_SECRET_KEY", stack.s3().secretKey());
            settings.put("CODEHAVEN_SECRET_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
            settings.put("CODEHAVEN_EDGE_PORT", String.valueOf(Ports.free()));
            settings.put("CODEHAVEN_GIT_ALLOW_LOCAL", "true");
            try (var server = RolesTest.role(directory, settings, "server", "server", "--port", "0");
                    var _ = RolesTest.role(directory, settings, "edge", "edge")) {
                begin(directory, settings);
                survive(git, server, registry, directory, settings);
            } finally {
                if (worker != null) {
                    worker.close();
                }
            }
        }
    }

    private void survive(DevGit git, Haven server, Registry registry, Path directory, Map<String, String> settings)
            throws Exception {
        var repository = git.create("unkillable", AppsTest.withDockerfile("one"));
        arm(Map.of("the network is made", "/networks/create"));
        var first = server.deploy(Map.of("repository", repository.url(), "name", "unkillable"));
        await("the network is made", directory, settings);
        var ready = server.awaitStatus(first, "READY", Duration.ofMinutes(3));
        var url = URI.create(ready.at("/urls/production").asText());
        assertThat(server.visit(url.toString()).body()).isEqualTo("one");

        repository.commit("two", AppsTest.withDockerfile("two"));
        try (var load = Load.on(url, 40)) {
            arm(WRITES);
            var second = server.deploy(Map.of("project", "unkillable"));
            var died = new ArrayList<String>();
            for (var n = 0; n < WRITES.size(); n++) {
                var death = deaths.poll(3, TimeUnit.MINUTES);
                assertThat(death).as("after %s\n%s", died, server.log(second)).isNotNull();
                died.add(death);
                assertThat(server.visit(url.toString()).body()).isEqualTo("one");
                begin(directory, settings);
            }
            Haven.await(
                    "the second one is live",
                    Duration.ofMinutes(3),
                    () -> server.visit(url.toString()).body().equals("two"));
            synchronized (this) {
                if (worker != null) {
                    worker.kill();
                }
            }
            begin(directory, settings);
            var app = server.awaitStatus(second, "READY", Duration.ofMinutes(3)).path("app");
            load.stop();
            assertThat(load.failures()).isEmpty();
            assertThat(load.seen()).contains("one", "two");
            assertThat(app.at("/image/digest").asText()).matches("sha256:[0-9a-f]{64}");
            assertThat(app.at("/image/tag").asText()).isEqualTo(registry.name() + "/unkillable:" + second);
            for (var each : List.of(first, second)) {
                assertThat(Haven.containers(each))
                        .as("the containers of %s", each)
                        .hasSize(1);
            }
        }
        server.delete("unkillable");
    }
}
