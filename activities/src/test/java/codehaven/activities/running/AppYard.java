package codehaven.activities.running;

import codehaven.activities.Settings;
import codehaven.activities.Stage;
import codehaven.activities.building.DockerEngine;
import codehaven.model.App;
import codehaven.model.App.Instance;
import codehaven.model.AppImage;
import codehaven.model.AppSettings;
import codehaven.model.BuildSettings;
import codehaven.model.Environment;
import codehaven.model.Project;
import codehaven.state.RuntimeLogs;
import com.github.dockerjava.api.command.BuildImageResultCallback;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.model.Container;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.eclipse.jgit.util.FileUtils;
import org.jspecify.annotations.Nullable;

/** A small server in an image of its own, a real engine, and keepers that come and go. */
public final class AppYard {

    public static final Duration SOON = Duration.ofSeconds(60);
    private static final String TAG = "codehaven-test/app:keeper";

    private static final String SERVER = """
            import http from 'node:http';
            import net from 'node:net';
            import fs from 'node:fs';
            const mode = process.env.MODE ?? '';
            const port = Number(process.env.PORT);
            console.log('mode ' + mode + ' as ' + process.getuid() + ' secret ' + process.env.SECRET);
            if (mode === 'crash') { console.error('no such table: users'); process.exit(1); }
            if (mode === 'erofs') fs.writeFileSync('/srv/cache', 'x');
            const open = (host, port) => new Promise((done) => {
              const socket = net.connect({ host, port, timeout: 2000 });
              socket.on('connect', () => { socket.destroy(); done('open'); });
              socket.on('error', (e) => done('closed'));
              socket.on('timeout', () => { socket.destroy(); done('closed'); });
            });
            let sick = mode === 'sick';
            const server = http.createServer(async (request, response) => {
              const url = new URL(request.url, 'http://x');
              if (url.pathname === '/health') { response.statusCode = sick ? 503 : 200; return response.end(); }
              if (url.pathname === '/sicken') sick = true;
              if (url.pathname === '/exit') { response.end(); return setTimeout(() => process.exit(3), 50); }
              if (url.pathname === '/eat') { const all = []; while (true) all.push(Buffer.alloc(8 << 20, 1)); }
              if (url.pathname === '/write') fs.writeFileSync('/data/note', url.searchParams.get('text'));
              if (url.pathname === '/read') return response.end(fs.existsSync('/data/note') ? fs.readFileSync('/data/note') : 'nothing');
              if (url.pathname === '/print') { for (let n = 0; n < Number(url.searchParams.get('lines')); n++) console.log('flood ' + n); }
              if (url.pathname === '/try') return response.end(await open(url.searchParams.get('host'), Number(url.searchParams.get('port'))));
              response.end('hello from ' + process.env.HOSTNAME + ' of ' + process.env.CODEHAVEN_ENV);
            });
            if (mode === 'elsewhere') server.listen(8088, '0.0.0.0');
            else if (mode === 'loopback') server.listen(port, '127.0.0.1');
            else setTimeout(() => server.listen(port, '0.0.0.0', () => console.log('listening')), mode === 'slow' ? 3000 : 0);
            if (mode === 'dies') setTimeout(() => process.exit(7), 4000);
            let n = 0;
            if (mode === 'counts') setInterval(() => console.log('line ' + ++n), 20);
            process.on('SIGTERM', () => { console.log('asked to end'); process.exit(0); });
            """;

    public final Stage stage;
    public final DockerEngine engine;
    public final Project project;
    private final Settings told;
    private final RunningSettings running;
    private final Set<String> deployments = new java.util.HashSet<>();
    private @Nullable AppKeeper keeper;
    private final String image;

    public AppYard(Stage stage, Path data) throws IOException, InterruptedException {
        this(stage, stage.settings(data), RunningSettings.DEFAULT);
    }

    /** One whose keepers reach the engine at an address of their own. */
    AppYard(Stage stage, Path data, URI dockerHost) throws IOException, InterruptedException {
        this(stage, settings(data, dockerHost), RunningSettings.DEFAULT);
    }

    private static Settings settings(Path data, URI dockerHost) {
        return new Settings(
                data,
                dockerHost,
                false,
                2,
                true,
                "sites.localhost",
                URI.create("http://sites.localhost:8081"),
                Stage.LIMITS);
    }

    /** One on an engine beside the machine's own, which knows nothing of the other's networks. */
    AppYard(Stage stage, Path data, OwnEngine own) throws IOException, InterruptedException {
        this(
                stage,
                settings(data, own.address()),
                new RunningSettings(
                        own.addresses(),
                        RunningSettings.DEFAULT.memoryMb(),
                        RunningSettings.DEFAULT.cpus(),
                        RunningSettings.DEFAULT.registry()));
    }

    private AppYard(Stage stage, Settings told, RunningSettings running) throws IOException, InterruptedException {
        this.stage = stage;
        this.told = told;
        this.running = running;
        engine = DockerEngine.open(told);
        project = stage.project();
        image = image();
    }

    private String image() throws IOException, InterruptedException {
        var directory = Files.createTempDirectory("codehaven-app-");
        Files.writeString(directory.resolve("server.mjs"), SERVER);
        Files.writeString(directory.resolve("Dockerfile"), """
                FROM node:22-bookworm-slim
                WORKDIR /srv
                COPY server.mjs .
                USER node
                CMD ["node", "server.mjs"]
                """);
        try (var building = new BuildImageResultCallback()) {
            var id = engine.client()
                    .buildImageCmd(directory.toFile())
                    .withTags(Set.of(TAG))
                    .withForcerm(true)
                    .exec(building)
                    .awaitImageId(2, TimeUnit.MINUTES);
            return engine.client().inspectImageCmd(id).exec().getId();
        } finally {
            FileUtils.delete(directory.toFile(), FileUtils.RECURSIVE);
        }
    }

    public AppImage appImage() {
        return new AppImage(image, TAG, null, 3000, 1);
    }

    public void open() {
        keeper = AppKeeper.start(stage.state, told, running);
    }

    /** As when its process ends: what runs goes on. */
    public void closeKeeper() {
        if (keeper != null) {
            keeper.close();
            keeper = null;
        }
    }

    public static BuildSettings settings(
            AppSettings app, @Nullable Integer memoryMb, @Nullable String health, @Nullable Integer startPeriod) {
        var none = BuildSettings.DETECTED;
        return new BuildSettings(
                none.rootDirectory(),
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                new BuildSettings.HealthCheck(health, startPeriod),
                new BuildSettings.Limits(null, null, memoryMb, null),
                app);
    }

    public static AppSettings app(int replicas, @Nullable Integer sleepAfter, List<AppSettings.Volume> volumes) {
        return new AppSettings(null, replicas, sleepAfter, null, 3, null, volumes, null);
    }

    /** Somebody else makes an app of that deployment, which is taken away in the end. */
    public void mine(String deployment) {
        deployments.add(deployment);
    }

    /** An app that is wanted to run from now on. */
    public String put(BuildSettings settings, Environment environment, Map<String, String> variables) {
        var id = UUID.randomUUID().toString().replace("-", "").substring(0, 8);
        put(id, settings, environment, variables);
        return id;
    }

    public void put(String id, BuildSettings settings, Environment environment, Map<String, String> variables) {
        deployments.add(id);
        var replicas = settings.app().replicas();
        var all = new HashMap<>(variables);
        all.put("CODEHAVEN_ENV", environment.text());
        stage.state
                .apps()
                .put(
                        new App(
                                id,
                                project.slug(),
                                environment,
                                appImage(),
                                settings,
                                App.Wanted.RUNNING,
                                replicas == null ? 1 : replicas,
                                0,
                                Stage.now(),
                                Stage.now(),
                                Map.of()),
                        all);
        stage.state.bus().nudgeApps();
    }

    public String put(String mode) {
        return put(settings(app(1, null, List.of()), null, null, 5), Environment.PRODUCTION, Map.of("MODE", mode));
    }

    public App app(String id) {
        return stage.state.apps().find(id).orElseThrow();
    }

    public Instance await(String id, int n, Predicate<Instance> condition) throws Exception {
        try {
            Stage.await("instance " + n, SOON, () -> {
                var each = app(id).instances().get(Integer.toString(n));
                return each != null && condition.test(each);
            });
        } catch (AssertionError e) {
            throw new AssertionError(e.getMessage() + ": " + app(id) + "\n" + log(id), e);
        }
        return instance(id, n);
    }

    public Instance instance(String id, int n) {
        return Objects.requireNonNull(app(id).instances().get(Integer.toString(n)));
    }

    public Instance healthy(String id) throws Exception {
        return await(id, 1, each -> each.state() == App.State.HEALTHY);
    }

    public List<String> log(String id) {
        return stage.state.runtimeLogs().tail(id, 20_000).stream()
                .map(RuntimeLogs.Line::text)
                .toList();
    }

    public static String get(String address, String path) throws IOException, InterruptedException {
        try (var client = HttpClient.newHttpClient()) {
            return client.send(
                            HttpRequest.newBuilder(URI.create("http://" + address + path))
                                    .timeout(Duration.ofSeconds(10))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    /** Whether an app answers there, as it should. */
    static boolean greets(String address) {
        try {
            return get(address, "/").startsWith("hello");
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    public List<Container> containers(String id) {
        return engine.client()
                .listContainersCmd()
                .withShowAll(true)
                .withFilter("label", List.of(AppContainers.DEPLOYMENT + "=" + id))
                .exec();
    }

    /** Takes every app away and waits until its containers are gone. */
    public void clear() throws Exception {
        deployments.forEach(stage.state.apps()::delete);
        if (keeper == null) {
            open();
        }
        stage.state.bus().nudgeApps();
        Stage.await(
                "no container is left",
                SOON,
                () -> deployments.stream().allMatch(each -> containers(each).isEmpty()));
        closeKeeper();
        removeNetwork();
        engine.client().listVolumesCmd().exec().getVolumes().stream()
                .filter(each -> String.valueOf(each.getName()).startsWith("codehaven-" + project.slug() + "-"))
                .forEach(each -> engine.client()
                        .removeVolumeCmd(String.valueOf(each.getName()))
                        .exec());
        engine.close();
    }

    /** A Swarm's hosts let go of it a moment after its last container. */
    private void removeNetwork() throws Exception {
        Stage.await("its network is gone", SOON, () -> {
            try {
                engine.client()
                        .removeNetworkCmd(AppNetworks.PREFIX + project.slug())
                        .exec();
                return false;
            } catch (DockerException e) {
                return e.getHttpStatus() == 404;
            }
        });
    }
}
