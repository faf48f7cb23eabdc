package codehaven.activities.running;

import codehaven.activities.building.DockerEngine;
import codehaven.model.App;
import codehaven.model.AppSettings;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.command.InspectImageResponse;
import com.github.dockerjava.api.command.PullImageResultCallback;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.exception.NotModifiedException;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import com.github.dockerjava.api.model.RestartPolicy;
import com.github.dockerjava.api.model.Statistics;
import com.github.dockerjava.api.model.Ulimit;
import com.github.dockerjava.api.model.Volume;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The containers of apps on one engine, and how one is made. */
final class AppContainers implements AppEngine {

    static final String DEPLOYMENT = "codehaven.deployment";
    static final String PROJECT = "codehaven.project";
    static final String ROLE = "codehaven.role";
    static final String APP = "app";
    static final String INSTALLATION = "codehaven.installation";
    static final String INSTANCE = "codehaven.instance";
    static final String EPOCH = "codehaven.epoch";
    static final String IMAGE = "codehaven.image";
    private static final String ADDRESS = "codehaven.address";
    private static final String ENVIRONMENT = "codehaven.environment";

    /** Swarm's own, on the containers of its services. */
    static final String SERVICE = "com.docker.swarm.service.id";

    /** How long a container may take to end when its project does not say: what Docker itself gives. */
    static final int STOP_SECONDS = 10;

    static final long MIB = 1 << 20;
    static final long PIDS = 512;
    static final long OPEN_FILES = 65_536;

    /** Of /tmp, taken from the container's memory while it is in use. */
    private static final long TMP_BYTES = 64 * MIB;

    private static final Duration PULL = Duration.ofMinutes(15);
    private static final Duration FIGURES = Duration.ofSeconds(10);

    /**
     * What an image that begins as root needs to hand its work to another user, as nginx's, postgres' and many
     * entrypoints do: own files, change user, signal its workers, listen on port 80. Nothing of it reaches beyond the
     * container's own files, and no program in it can gain more.
     */
    static final Capability[] OF_ROOT = {
        Capability.CHOWN,
        Capability.DAC_OVERRIDE,
        Capability.FOWNER,
        Capability.KILL,
        Capability.NET_BIND_SERVICE,
        Capability.SETGID,
        Capability.SETUID
    };

    private final DockerEngine engine;
    private final AppNetworks networks;
    private final RunningSettings settings;
    private final String installation;

    /** Whether the engine can give as many open files as are asked for. */
    private volatile boolean ownOpenFiles = true;

    AppContainers(DockerEngine engine, AppNetworks networks, RunningSettings settings, String installation) {
        this.engine = engine;
        this.networks = networks;
        this.settings = settings;
        this.installation = installation;
    }

    @Override
    public List<Seen> all() {
        return engine
                .client()
                .listContainersCmd()
                .withShowAll(true)
                .withFilter("label", List.of(ROLE + "=" + APP, INSTALLATION + "=" + installation))
                .exec()
                .stream()
                // A Swarm's own are not to be touched.
                .filter(each -> !each.getLabels().containsKey(SERVICE))
                .flatMap(each -> seen(each).stream())
                .toList();
    }

    private static Optional<Seen> seen(Container container) {
        var labels = container.getLabels();
        try {
            return Optional.of(new Seen(
                    container.getId(),
                    container.getNames()[0].substring(1),
                    labels.getOrDefault(DEPLOYMENT, ""),
                    labels.getOrDefault(PROJECT, ""),
                    Integer.parseInt(labels.getOrDefault(INSTANCE, "")),
                    Integer.parseInt(labels.getOrDefault(EPOCH, "")),
                    labels.getOrDefault(IMAGE, ""),
                    labels.get(ADDRESS),
                    String.valueOf(container.getState()),
                    container.getCreated() == null ? Instant.now() : Instant.ofEpochSecond(container.getCreated())));
        } catch (NumberFormatException e) {
            // Somebody else's idea of such a label.
            return Optional.empty();
        }
    }

    /** The same for every attempt. Another epoch has another name, so that the new one may start before the old one ends. */
    static String name(String deployment, int n, int epoch) {
        return AppNetworks.PREFIX + deployment + "-" + n + (epoch == 0 ? "" : "-e" + epoch);
    }

    @Override
    public boolean canRun(App app) {
        return app.image().reference().contains("@") || image(app.image().reference()) != null;
    }

    private @Nullable InspectImageResponse image(String reference) {
        try {
            return engine.client().inspectImageCmd(reference).exec();
        } catch (NotFoundException e) {
            return null;
        }
    }

    @Override
    public void create(App app, Map<String, String> variables, int n) throws NotStarted {
        var image = provideImage(app.image().reference());
        networks.wallOff();
        var home = networks.of(app.project().text());
        for (var each : app.settings().app().volumes()) {
            provideVolume(app, each);
        }
        synchronized (networks) {
            var taken = all().stream()
                    .filter(each -> each.project().equals(app.project().text()))
                    .flatMap(each -> Optional.ofNullable(each.ip()).stream())
                    .collect(Collectors.toSet());
            var ip = engine.onThisMachine() ? address(home, taken) : null;
            create(app, variables, n, image, home, ip, isRoot(user(image)));
        }
    }

    private static String address(AppNetworks.Home home, Set<String> taken) throws NotStarted {
        var free = AddressPool.host(home.range(), taken);
        if (free.isEmpty()) {
            throw new NotStarted(
                    "The project's network " + home.name() + " has no address left: "
                            + "delete deployments that are no longer needed.",
                    null);
        }
        return free.get();
    }

    private void create(
            App app,
            Map<String, String> variables,
            int n,
            InspectImageResponse image,
            AppNetworks.Home home,
            @Nullable String ip,
            boolean root) {
        var own = app.settings().app();
        var memory = memoryMb(app) * MIB;
        var host = HostConfig.newHostConfig()
                .withInit(true)
                .withMemory(memory)
                .withMemorySwap(memory)
                .withNanoCPUs(nanoCpus(app))
                .withPidsLimit(PIDS)
                .withUlimits(
                        ownOpenFiles
                                ? List.of(new Ulimit("core", 0L, 0L), new Ulimit("nofile", OPEN_FILES, OPEN_FILES))
                                : List.of(new Ulimit("core", 0L, 0L)))
                .withCapDrop(Capability.ALL)
                .withSecurityOpts(List.of("no-new-privileges"))
                .withReadonlyRootfs(!Boolean.TRUE.equals(own.writable()))
                .withTmpFs(Map.of("/tmp", "rw,exec,nosuid,nodev,mode=1777,size=" + tmpBytes(app)))
                .withBinds(binds(app))
                .withNetworkMode(home.name())
                .withRestartPolicy(RestartPolicy.unlessStoppedRestart())
                .withLogConfig(
                        new LogConfig(LogConfig.LoggingType.JSON_FILE, Map.of("max-size", "10m", "max-file", "3")));
        if (root) {
            host.withCapAdd(OF_ROOT);
        }
        var port = ExposedPort.tcp(app.image().port());
        if (ip == null) {
            host.withPortBindings(new PortBinding(Ports.Binding.empty(), port));
        }
        var labels = labels(app, n);
        if (ip != null) {
            labels.put(ADDRESS, ip);
        }
        var command = engine.client()
                .createContainerCmd(app.image().reference())
                .withName(name(app.deployment(), n, app.epoch()))
                .withHostName("app-" + n)
                .withEnv(environment(app, variables, image))
                .withExposedPorts(port)
                .withLabels(labels)
                .withHostConfig(host)
                .withStopSignal(stopSignal(app, image))
                .withStopTimeout(stopSeconds(app));
        if (ip != null) {
            command.withIpv4Address(ip);
        }
        try {
            command.exec();
        } catch (ConflictException e) {
            // It is there already.
            return;
        }
    }

    @Override
    public int memoryMb(App app) {
        var told = app.settings().limits().memoryMb();
        return told == null ? settings.memoryMb() : told;
    }

    /** Of /tmp. */
    long tmpBytes(App app) {
        return Math.min(TMP_BYTES, memoryMb(app) * MIB / 4);
    }

    /** What its container may use of the engine's processors, which may have fewer than are asked for. */
    long nanoCpus(App app) {
        var told = app.settings().limits().cpus();
        var version = engine.version();
        var cpus = Math.min(
                told == null ? settings.cpus() : told, version == null ? Double.MAX_VALUE : version.processors());
        return (long) (cpus * 1e9);
    }

    /** What tells whose the app's container with this number is, of which epoch and which image. */
    Map<String, String> labels(App app, int n) {
        var labels = new HashMap<String, String>();
        labels.put(DEPLOYMENT, app.deployment());
        labels.put(PROJECT, app.project().text());
        labels.put(ROLE, APP);
        labels.put(INSTALLATION, installation);
        labels.put(INSTANCE, Integer.toString(n));
        labels.put(EPOCH, Integer.toString(app.epoch()));
        labels.put(IMAGE, app.image().reference());
        return labels;
    }

    static int stopSeconds(App app) {
        var told = app.settings().app().stopSeconds();
        return told == null ? STOP_SECONDS : told;
    }

    static String stopSignal(App app, InspectImageResponse image) {
        var told = app.settings().app().stopSignal();
        return told == null ? stopSignal(image) : told;
    }

    private static String stopSignal(InspectImageResponse image) {
        var values = image.getConfig() == null ? null : image.getConfig().getRawValues();
        return values != null && values.get("StopSignal") instanceof String told && !told.isEmpty() ? told : "SIGTERM";
    }

    static String user(InspectImageResponse image) {
        return image.getConfig() == null || image.getConfig().getUser() == null
                ? ""
                : image.getConfig().getUser();
    }

    static boolean isRoot(String user) {
        var name = user.replaceFirst(":.*", "");
        return name.isEmpty() || name.equals("root") || name.equals("0");
    }

    /** What the app's own variables say wins, but for what it could not listen without. */
    static List<String> environment(App app, Map<String, String> variables, InspectImageResponse image) {
        var all = new TreeMap<String, String>();
        var inImage = image.getConfig() == null || image.getConfig().getEnv() == null
                ? List.<String>of()
                : Arrays.asList(image.getConfig().getEnv());
        if (inImage.stream().noneMatch(each -> each.startsWith("NODE_ENV="))) {
            all.put("NODE_ENV", "production");
        }
        // Frameworks take one or the other of these for where to listen.
        all.put("HOST", "0.0.0.0");
        all.put("HOSTNAME", "0.0.0.0");
        all.putAll(variables);
        all.put("CODEHAVEN", "1");
        all.put("PORT", Integer.toString(app.image().port()));
        return all.entrySet().stream()
                .map(each -> each.getKey() + "=" + each.getValue())
                .toList();
    }

    /** The image, pulled where the engine lacks it. */
    InspectImageResponse provideImage(String reference) throws NotStarted {
        var here = image(reference);
        if (here == null && reference.contains("@")) {
            pull(reference);
            here = image(reference);
        }
        if (here == null) {
            throw new NotStarted("The image " + reference + " is not on this Docker engine any more.", null);
        }
        return here;
    }

    private void pull(String reference) throws NotStarted {
        var command = engine.streaming().pullImageCmd(reference);
        var registry = settings.registry();
        if (registry != null && reference.startsWith(registry.repository(""))) {
            command.withAuthConfig(registry.auth());
        }
        try (var pulling = new PullImageResultCallback()) {
            command.exec(pulling);
            if (!pulling.awaitCompletion(PULL.toSeconds(), TimeUnit.SECONDS)) {
                throw new NotStarted(
                        "The image " + reference + " could not be pulled within " + PULL.toMinutes() + " minutes.",
                        null);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NotStarted("Interrupted while the image was pulled.", e);
        } catch (IOException | RuntimeException e) {
            throw new NotStarted(
                    "The image " + reference + " could not be pulled: " + DockerEngine.reasonOf(e) + ".", e);
        }
    }

    // --- volumes ---

    static String volume(App app, AppSettings.Volume volume) {
        return "codehaven-" + app.project() + "-" + app.environment().text() + "-" + volume.name();
    }

    private static List<Bind> binds(App app) {
        return app.settings().app().volumes().stream()
                .map(each -> new Bind(volume(app, each), new Volume(each.path())))
                .toList();
    }

    private void provideVolume(App app, AppSettings.Volume volume) {
        engine.client()
                .createVolumeCmd()
                .withName(volume(app, volume))
                .withLabels(Map.of(
                        PROJECT,
                        app.project().text(),
                        ENVIRONMENT,
                        app.environment().text(),
                        ROLE,
                        APP,
                        INSTALLATION,
                        installation))
                .exec();
    }

    @Override
    public void removeVolumesBut(Collection<String> projects) {
        var volumes = engine.client()
                .listVolumesCmd()
                .withFilter("label", List.of(ROLE + "=" + APP, INSTALLATION + "=" + installation))
                .exec()
                .getVolumes();
        for (var each : volumes) {
            var project = each.getLabels() == null ? null : each.getLabels().get(PROJECT);
            if (project != null && each.getName() != null && !projects.contains(project)) {
                removeVolume(each.getName());
            }
        }
    }

    private void removeVolume(String name) {
        try {
            engine.client().removeVolumeCmd(name).exec();
        } catch (NotFoundException | ConflictException e) {
            // Gone, or its container is about to go.
            return;
        }
    }

    @Override
    public Set<String> projectsWithVolumes() {
        return engine
                .client()
                .listVolumesCmd()
                .withFilter("label", List.of(ROLE + "=" + APP, INSTALLATION + "=" + installation))
                .exec()
                .getVolumes()
                .stream()
                .flatMap(each -> Optional.ofNullable(each.getLabels()).map(labels -> labels.get(PROJECT)).stream())
                .collect(Collectors.toSet());
    }

    // --- starting and stopping ---

    @Override
    public boolean start(App app, Seen container) throws NotStarted {
        networks.wallOff();
        try {
            if (container.state().equals("created")) {
                giveVolumes(app, container);
            }
            engine.client().startContainerCmd(container.id()).exec();
            return true;
        } catch (NotModifiedException e) {
            // It runs.
            return true;
        } catch (RuntimeException e) {
            if (DockerEngine.isAway(e)) {
                throw e;
            }
            if (ownOpenFiles && DockerEngine.reasonOf(e).contains("rlimit")) {
                ownOpenFiles = false;
                remove(container.id());
                return false;
            }
            throw new NotStarted("It could not be started: " + DockerEngine.reasonOf(e) + ".", e);
        }
    }

    private void giveVolumes(App app, Seen container) {
        if (app.settings().app().volumes().isEmpty()) {
            return;
        }
        var config = engine.client().inspectContainerCmd(container.id()).exec().getConfig();
        giveVolumes(app, container.id(), config.getUser() == null ? "" : config.getUser());
    }

    private void giveVolumes(App app, String container, String user) {
        if (!isRoot(user)) {
            var owner = new VolumeOwner(engine, container, app.image().reference());
            app.settings().app().volumes().forEach(each -> owner.give(volume(app, each), each.path(), user));
        }
    }

    /** Makes the app's volumes on this engine and gives them to the image's user, for a container that Swarm makes. */
    void readyVolumes(App app, InspectImageResponse image) {
        if (app.settings().app().volumes().isEmpty()) {
            return;
        }
        app.settings().app().volumes().forEach(each -> provideVolume(app, each));
        var probe = "codehaven-volumes-of-" + app.deployment();
        // Of an earlier attempt.
        remove(probe);
        engine.client()
                .createContainerCmd(app.image().reference())
                .withName(probe)
                .withEntrypoint("never")
                .withHostConfig(
                        HostConfig.newHostConfig().withNetworkMode("none").withBinds(binds(app)))
                .exec();
        try {
            giveVolumes(app, probe, user(image));
        } finally {
            remove(probe);
        }
    }

    @Override
    public void stop(String id, int seconds) {
        try {
            engine.streaming().stopContainerCmd(id).withTimeout(seconds).exec();
        } catch (NotFoundException | NotModifiedException e) {
            // It is gone, or has ended.
            return;
        }
    }

    @Override
    public void restart(String id, int seconds) {
        try {
            engine.streaming().restartContainerCmd(id).withTimeout(seconds).exec();
        } catch (NotFoundException e) {
            // It is made anew.
            return;
        }
    }

    @Override
    public void remove(String id) {
        try {
            engine.client()
                    .removeContainerCmd(id)
                    .withForce(true)
                    .withRemoveVolumes(true)
                    .exec();
        } catch (NotFoundException | ConflictException e) {
            // Somebody else removes it.
            return;
        }
    }

    @Override
    public Optional<Condition> look(Seen container, int port) {
        InspectContainerResponse found;
        try {
            found = engine.client().inspectContainerCmd(container.id()).exec();
        } catch (NotFoundException e) {
            return Optional.empty();
        }
        var state = found.getState();
        var running = Boolean.TRUE.equals(state.getRunning()) && !Boolean.TRUE.equals(state.getRestarting());
        var published = published(found, port);
        return Optional.of(new Condition(
                running,
                Boolean.TRUE.equals(state.getRestarting()),
                false,
                String.valueOf(state.getStartedAt()),
                instant(state.getStartedAt()),
                running ? null : state.getExitCodeLong(),
                Boolean.TRUE.equals(state.getOOMKilled()),
                found.getRestartCount() == null ? 0 : found.getRestartCount(),
                null,
                container.ip() != null
                        ? new InetSocketAddress(container.ip(), port)
                        : new InetSocketAddress(engine.machine(), published == null ? 1 : published)));
    }

    /** Whether that was why it ended; unknown is no. */
    boolean endedForMemory(String id) {
        try {
            return Boolean.TRUE.equals(
                    engine.client().inspectContainerCmd(id).exec().getState().getOOMKilled());
        } catch (NotFoundException e) {
            return false;
        }
    }

    private static @Nullable Integer published(InspectContainerResponse found, int port) {
        if (found.getNetworkSettings() == null || found.getNetworkSettings().getPorts() == null) {
            return null;
        }
        var bindings = found.getNetworkSettings().getPorts().getBindings().get(ExposedPort.tcp(port));
        return bindings == null || bindings.length == 0 ? null : Integer.valueOf(bindings[0].getHostPortSpec());
    }

    static Instant instant(@Nullable String text) {
        try {
            return text == null ? Instant.EPOCH : Instant.parse(text);
        } catch (DateTimeParseException e) {
            return Instant.EPOCH;
        }
    }

    @Override
    public List<Long> processes(String id) {
        var all = new ArrayList<Long>();
        try {
            var top = engine.client().topContainerCmd(id).exec();
            var titles = Arrays.asList(top.getTitles());
            var column = titles.indexOf("PID");
            for (var each : top.getProcesses()) {
                if (column >= 0 && column < each.length) {
                    all.add(Long.parseLong(each[column]));
                }
            }
        } catch (NotFoundException | ConflictException | NumberFormatException e) {
            return List.of();
        }
        return all;
    }

    /** By one sample of the engine's two. */
    @Override
    public Optional<Statistics> figures(String id) {
        var taken = new ResultCallback.Adapter<Statistics>() {
            volatile @Nullable Statistics statistics;

            @Override
            public void onNext(Statistics each) {
                statistics = each;
            }
        };
        try (taken) {
            engine.streaming().statsCmd(id).withNoStream(true).exec(taken);
            taken.awaitCompletion(FIGURES.toSeconds(), TimeUnit.SECONDS);
            return Optional.ofNullable(taken.statistics);
        } catch (NotFoundException | ConflictException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Override
    public void output(String id, Instant since, boolean follow, ResultCallback<Frame> to) {
        engine.streaming()
                .logContainerCmd(id)
                .withStdOut(true)
                .withStdErr(true)
                .withTimestamps(true)
                .withSince((int) since.getEpochSecond())
                .withFollowStream(follow)
                .exec(to);
    }
}
