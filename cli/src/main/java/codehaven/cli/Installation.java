package codehaven.cli;

import codehaven.activities.SearchAttributeRegistration;
import codehaven.activities.Settings.Limits;
import codehaven.activities.StepRunner;
import codehaven.activities.building.DockerBuilding;
import codehaven.activities.cloning.JGitCloning;
import codehaven.activities.inspecting.JGitInspecting;
import codehaven.activities.publishing.EdgePublishing;
import codehaven.activities.recording.StateRecording;
import codehaven.activities.running.AppKeeper;
import codehaven.activities.running.RunningSettings;
import codehaven.activities.uploading.S3Uploading;
import codehaven.api.ApiServer;
import codehaven.api.ApiSettings;
import codehaven.api.SystemInfo;
import codehaven.dev.DevStack.Part;
import codehaven.edge.EdgeServer;
import codehaven.edge.EdgeSettings;
import codehaven.state.State;
import codehaven.state.StateSettings;
import io.temporal.client.WorkflowClient;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a command has started, put together here and closed in reverse. */
final class Installation implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(Installation.class);
    private static final String LOOPBACK = "127.0.0.1";

    private final Settings settings;
    private final Path data;
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final Map<String, String> addresses = new LinkedHashMap<>();
    private final Instant startedAt = Instant.now();
    private @Nullable URI apiUrl;
    private boolean closed;

    private Installation(Settings settings, Path data) {
        this.settings = settings;
        this.data = data;
    }

    /** Where data is kept unless a setting says otherwise: beside the launcher. */
    static Path home() {
        var home = System.getenv(Setting.PREFIX + "HOME");
        return (home == null || home.isBlank() ? Path.of("") : Path.of(home))
                .toAbsolutePath()
                .resolve(".codehaven");
    }

    /** All roles, and the backends that no setting names. */
    static Installation up(Settings settings, Consumer<String> say) throws Exception {
        var installation = new Installation(settings, dataOf(settings, "data"));
        return installation.starting(() -> {
            installation.checkPorts(Setting.PORT, Setting.EDGE_PORT, Setting.METRICS_PORT);
            var limits = installation.limits();
            var log = Logs.toFile(installation.data.resolve("logs"));
            var embedded = installation.own(Embedded.start(installation.data, settings, say));
            var state = Backends.state(settings, "up");
            var edge = installation.edge(state);
            var open = installation.open(state);
            var stubs = installation.own(Backends.temporal(settings, "up"), WorkflowServiceStubs::shutdownNow);
            var client = installation.client(stubs);
            var building = installation.worker(open, client, limits, edge, true);
            installation.api(open, client, edge, embedded, building);
            embedded.temporalUi().ifPresent(ui -> installation.addresses.put("console", ui + "  (Temporal)"));
            installation.addresses.put("data", installation.data + "  (log: " + log + ")");
        });
    }

    static Installation server(Settings settings, Consumer<String> say) throws Exception {
        var installation = new Installation(settings, dataOf(settings, "server"));
        return installation.starting(() -> {
            Logs.toStandardError();
            var state = Backends.state(settings, "server");
            installation.checkPorts(Setting.PORT, Setting.METRICS_PORT);
            var stubs = installation.own(Backends.temporal(settings, "server"), WorkflowServiceStubs::shutdownNow);
            var open = installation.open(state);
            var sites = installation.sitesUrl(settings.port(Setting.EDGE_PORT));
            installation.api(open, installation.client(stubs), sites, null, null);
        });
    }

    static Installation worker(Settings settings, Consumer<String> say) throws Exception {
        var installation = new Installation(settings, dataOf(settings, "worker"));
        return installation.starting(() -> {
            Logs.toStandardError();
            var limits = installation.limits();
            var state = Backends.state(settings, "worker");
            var stubs = installation.own(Backends.temporal(settings, "worker"), WorkflowServiceStubs::shutdownNow);
            installation.own(Embedded.none(installation.data, settings));
            var open = installation.open(state);
            var sites = installation.sitesUrl(settings.port(Setting.EDGE_PORT));
            installation.worker(open, installation.client(stubs), limits, sites, false);
            installation.addresses.put("data", installation.data.toString());
        });
    }

    static Installation edge(Settings settings, Consumer<String> say) throws Exception {
        var installation = new Installation(settings, dataOf(settings, "edge"));
        return installation.starting(() -> {
            Logs.toStandardError();
            var state = Backends.edgeState(settings);
            installation.checkPorts(Setting.EDGE_PORT);
            installation.own(Embedded.none(installation.data, settings));
            installation.edge(state);
            installation.addresses.put("data", installation.data.toString());
        });
    }

    /** One aligned line for each address. */
    void describe(Consumer<String> say) {
        addresses.forEach((name, address) -> say.accept("  %-10s %s".formatted(name, address)));
    }

    Path data() {
        return data;
    }

    /** Where REST is; only of installations that have it. */
    URI apiUrl() {
        if (apiUrl == null) {
            throw new IllegalStateException("this role has no REST server");
        }
        return apiUrl;
    }

    // --- parts ---

    private State open(StateSettings state) {
        return own(State.open(state));
    }

    private WorkflowClient client(WorkflowServiceStubs stubs) {
        var client = Backends.client(stubs, settings);
        SearchAttributeRegistration.ensure(client);
        return client;
    }

    private codehaven.activities.Settings.@Nullable Registry registry() {
        try {
            return codehaven.activities.Settings.Registry.of(
                            settings.text(Setting.REGISTRY).orElse(null),
                            settings.text(Setting.REGISTRY_USER).orElse(null),
                            settings.text(Setting.REGISTRY_PASSWORD).orElse(null))
                    .orElse(null);
        } catch (IllegalArgumentException e) {
            throw new WrongSetting("CODEHAVEN_REGISTRY cannot be used: " + e.getMessage() + ".");
        }
    }

    private Supplier<SystemInfo.Builds> worker(
            State state, WorkflowClient client, Limits limits, URI sites, boolean singleUser) {
        var told = new codehaven.activities.Settings(
                data,
                settings.uri(Setting.DOCKER_HOST, "unix", "tcp", "http", "https", "npipe")
                        .orElse(null),
                singleUser,
                settings.number(Setting.BUILDS, 1, 256),
                settings.flag(Setting.GIT_ALLOW_LOCAL),
                settings.domain(Setting.SITES_DOMAIN),
                sites,
                limits,
                registry());
        var runner = new StepRunner(state, client, told, Clock.systemUTC());
        var building = own(new DockerBuilding(runner, told, state));
        own(AppKeeper.start(state, told, running()));
        own(codehaven.activities.Worker.start(
                client,
                state,
                told,
                runner,
                new JGitCloning(runner, told),
                new S3Uploading(runner, told, state.blobs(), state.leases()),
                building,
                new EdgePublishing(runner, told, state),
                new StateRecording(state, client),
                new JGitInspecting(told)));
        var how = building.describe();
        addresses.put("builds", how.sentence());
        return () -> {
            var now = building.describe();
            return new SystemInfo.Builds(now.mode(), now.address(), now.up(), now.sentence(), told.builds());
        };
    }

    private void api(
            State state,
            WorkflowClient client,
            URI sites,
            @Nullable Embedded embedded,
            @Nullable Supplier<SystemInfo.Builds> builds) {
        var registry = registry();
        var ui = embedded != null && embedded.has(Part.TEMPORAL)
                ? embedded.temporalUi()
                : settings.uri(Setting.TEMPORAL_UI, "http", "https");
        var server = own(ApiServer.start(
                new ApiSettings(
                        LOOPBACK,
                        settings.port(Setting.PORT),
                        settings.port(Setting.METRICS_PORT),
                        settings.uri(Setting.PUBLIC_URL, "http", "https").orElse(null),
                        settings.domain(Setting.SITES_DOMAIN),
                        sites,
                        settings.flag(Setting.GIT_ALLOW_LOCAL)),
                state,
                client,
                new SystemInfo(
                        Version.text(),
                        backend(Setting.TEMPORAL, Part.TEMPORAL, embedded),
                        ui.orElse(null),
                        backend(Setting.MONGODB, Part.MONGODB, embedded),
                        backend(Setting.REDIS, Part.REDIS, embedded),
                        backend(Setting.S3_ENDPOINT, Part.S3, embedded),
                        builds,
                        embedded == null ? null : data,
                        startedAt,
                        registry == null ? null : new SystemInfo.Registry(registry.host(), registry.user()))));
        apiUrl = URI.create("http://localhost:" + server.port() + "/");
        addresses.put("dashboard", apiUrl.toString());
        addresses.put("metrics", "http://localhost:" + server.metricsPort() + "/metrics");
    }

    private SystemInfo.Backend backend(Setting setting, Part part, @Nullable Embedded embedded) {
        return new SystemInfo.Backend(
                Backends.shown(settings.text(setting).orElse("AWS")), embedded != null && embedded.has(part));
    }

    /** Starts the edge, which serves what it knows at once and finds the backends when they are there. */
    private URI edge(StateSettings state) throws Exception {
        var edge = own(EdgeServer.start(
                EdgeSettings.of(LOOPBACK, settings.port(Setting.EDGE_PORT), data.resolve("edge"))
                        .withCaches(
                                (long) settings.number(Setting.EDGE_MEMORY_MB, 1, 1 << 20) << 20,
                                (long) settings.number(Setting.EDGE_DISK_MB, 1, 1 << 24) << 20),
                () -> State.open(state)));
        var sites = sitesUrl(edge.port());
        addresses.put("sites", sites + "  (each site: http://<name>." + sites.getAuthority() + "/)");
        return sites;
    }

    private URI sitesUrl(int edgePort) {
        return settings.uri(Setting.SITES_URL, "http", "https")
                .orElseGet(() -> URI.create("http://" + settings.domain(Setting.SITES_DOMAIN) + ":" + edgePort));
    }

    private RunningSettings running() {
        var networks = settings.text(Setting.APP_NETWORKS).orElseThrow();
        try {
            return new RunningSettings(
                    networks,
                    settings.number(Setting.APP_MEMORY_MB, 64, 1 << 20),
                    settings.decimal(Setting.APP_CPUS, 0.1, 1024),
                    registry());
        } catch (IllegalArgumentException e) {
            throw settings.wrong(
                    Setting.APP_NETWORKS, "is " + String.valueOf(e.getMessage()).replaceAll(", not .*", ""));
        }
    }

    private Limits limits() {
        return new Limits(
                settings.number(Setting.REPOSITORY_FILES, 1, 10_000_000),
                (long) settings.number(Setting.REPOSITORY_MB, 1, 1 << 20) << 20,
                (long) settings.number(Setting.CLONE_MB, 1, 1 << 20) << 20,
                settings.number(Setting.BUILD_MEMORY_MB, 128, 1 << 20),
                settings.decimal(Setting.BUILD_CPUS, 0.1, 1024),
                settings.number(Setting.BUILD_PIDS, 32, 1 << 20),
                settings.number(Setting.BUILD_DISK_MB, 64, 1 << 24),
                Duration.ofSeconds(settings.number(Setting.BUILD_SECONDS, 10, 14_400)),
                (long) settings.number(Setting.LOG_MB, 1, 1024) << 20,
                settings.number(Setting.OUTPUT_FILES, 1, 10_000_000),
                (long) settings.number(Setting.OUTPUT_MB, 1, 1 << 20) << 20);
    }

    // --- starting and stopping ---

    private static Path dataOf(Settings settings, String fallback) {
        return settings.text(Setting.DATA)
                .map(text -> Path.of(text).toAbsolutePath().normalize())
                .orElseGet(() -> home().resolve(fallback));
    }

    private void checkAddresses() {
        settings.domain(Setting.SITES_DOMAIN);
        for (var each : List.of(Setting.SITES_URL, Setting.PUBLIC_URL, Setting.TEMPORAL_UI)) {
            settings.uri(each, "http", "https");
        }
    }

    /** Before anything else is started: whoever has to choose another port learns it at once. */
    private void checkPorts(Setting... ports) {
        var taken = new ArrayDeque<ServerSocket>();
        try {
            for (var each : ports) {
                // Held until the last one is: two settings may name the same port.
                taken.push(taken(each, settings.port(each)));
            }
        } finally {
            for (var socket : taken) {
                free(socket);
            }
        }
    }

    private static ServerSocket taken(Setting setting, int port) {
        ServerSocket socket = null;
        try {
            socket = new ServerSocket();
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.ofLiteral(LOOPBACK), port));
            return socket;
        } catch (IOException e) {
            if (socket != null) {
                free(socket);
            }
            var reason = String.valueOf(e.getMessage());
            throw new WrongSetting("Port " + port
                    + (reason.contains("in use") ? " is in use" : " cannot be taken (" + reason + ")")
                    + "; choose another one with " + setting.flag() + " PORT, or let the system pick with "
                    + setting.flag() + " 0.");
        }
    }

    private static void free(ServerSocket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOGGER.warn("a port that was tried is not free again", e);
        }
    }

    private interface Starting {
        void run() throws Exception;
    }

    private Installation starting(Starting start) throws Exception {
        // Ctrl-C while starting must not leave children behind.
        var hook = Thread.ofPlatform().name("stopping").unstarted(this::close);
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            checkAddresses();
            start.run();
            return this;
        } catch (Exception e) {
            close();
            throw e;
        } finally {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                LOGGER.debug("stopping already", e);
            }
        }
    }

    private <T extends AutoCloseable> T own(T part) {
        return own(part, part);
    }

    private <T> T own(T part, Consumer<T> close) {
        return own(part, (AutoCloseable) () -> close.accept(part));
    }

    private synchronized <T> T own(T part, AutoCloseable closing) {
        parts.push(closing);
        return part;
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception e) {
                LOGGER.warn("a part did not close", e);
            }
        }
    }
}
