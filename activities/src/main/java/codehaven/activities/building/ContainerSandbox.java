package codehaven.activities.building;

import codehaven.activities.StepScope;
import codehaven.activities.building.BuildOrder.Phase;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.exception.NotModifiedException;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import com.github.dockerjava.api.model.StreamType;
import com.github.dockerjava.api.model.Ulimit;
import com.github.dockerjava.api.model.Volume;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The containers of one build: one for each phase, one after the other, on a volume that they share. Named after the
 * deployment, the workflow run and the attempt; an attempt that takes a container over renames it, so that whoever
 * still knows it by its old name can no longer kill it.
 */
final class ContainerSandbox implements Sandbox {

    static final String DEPLOYMENT = "codehaven.deployment";
    static final String PROJECT = "codehaven.project";
    static final String ROLE = "codehaven.role";
    static final String BUILD = "build";
    static final String RUN = "codehaven.run";
    private static final String PHASE = "codehaven.phase";
    private static final String VOLUME = "codehaven.volume";
    /** The number of the log's last line before the phase began. */
    private static final String LINE = "codehaven.line";
    /** When the build's time is over, in milliseconds since 1970. */
    private static final String DEADLINE = "codehaven.deadline";

    private static final int USER = 1000;
    private static final long MIB = 1 << 20;

    /** More than bundlers need, and not more than engines may give. */
    private static final long OPEN_FILES = 16_384;

    private static final Duration LOOK = Duration.ofMillis(500);
    private static final Duration INSPECT = Duration.ofSeconds(2);

    /** An engine that restarts is back within this time. */
    private static final Duration ENGINE_AWAY = Duration.ofSeconds(40);

    private final DockerEngine engine;
    private final BuildOrder order;
    private final StepScope scope;
    private final String volume;
    private final Phase.@Nullable Name found;

    private boolean ownOpenFiles = true;
    private String image;

    /** Of the phase that runs or ran last. */
    private @Nullable String container;

    private Phase.@Nullable Name current;
    private OutputFeed feed;
    /** By this machine's running time: a clock that is set while the build runs does not end it. */
    private final long deadline;

    private ContainerSandbox(
            DockerEngine engine,
            BuildOrder order,
            StepScope scope,
            String volume,
            @Nullable Container adopted,
            LongUnaryOperator logged) {
        this.engine = engine;
        this.order = order;
        this.scope = scope;
        this.volume = volume;
        image = adopted == null ? order.image() : adopted.getImage();
        feed = new OutputFeed(scope.log(), 0);
        if (adopted == null) {
            found = null;
            deadline = System.nanoTime() + order.walls().time().toNanos();
        } else {
            found = phaseOf(adopted);
            current = found;
            container = adopted.getId();
            var labels = adopted.getLabels();
            deadline = System.nanoTime() + leftOf(labels).toNanos();
            var before = Long.parseLong(labels.getOrDefault(LINE, "0"));
            feed = new OutputFeed(scope.log(), logged.applyAsLong(before));
        }
    }

    private Duration leftOf(Map<String, String> labels) {
        var until = Instant.ofEpochMilli(Long.parseLong(labels.getOrDefault(DEADLINE, "0")));
        var left = Duration.between(Instant.now(), until);
        var most = order.walls().time();
        return left.isNegative() ? Duration.ZERO : left.compareTo(most) > 0 ? most : left;
    }

    private Duration left() {
        return Duration.ofNanos(deadline - System.nanoTime());
    }

    /**
     * Takes over what an earlier attempt of the same run left, or begins anew; removes everything else of the deployment.
     *
     * @param logged how many lines of output the deployment's log has after the line with the given number
     */
    static ContainerSandbox open(DockerEngine engine, BuildOrder order, StepScope scope, LongUnaryOperator logged) {
        Container adopted = null;
        var left = engine.ask("list its containers", () -> containersOf(engine, order.deployment()));
        for (var each : left.stream()
                .sorted(Comparator.comparing(ContainerSandbox::phaseOf).reversed())
                .toList()) {
            if (adopted == null && canGoOn(engine, order, each) && rename(engine, order, each)) {
                adopted = each;
            } else if (adopted == null
                    || !volumeOf(each).equals(volumeOf(adopted))
                    || !each.getId().equals(adopted.getId())) {
                remove(engine, each.getId());
            }
        }
        var kept = adopted == null ? "" : volumeOf(adopted);
        for (var each : volumesOf(engine, order.deployment())) {
            if (!each.equals(kept)) {
                removeVolume(engine, each);
            }
        }
        return new ContainerSandbox(engine, order, scope, adopted == null ? base(order) : kept, adopted, logged);
    }

    private static boolean canGoOn(DockerEngine engine, BuildOrder order, Container left) {
        var labels = left.getLabels();
        if (!order.run().equals(labels.get(RUN))
                || volumeOf(left).isEmpty()
                || !order.has(phaseOf(left))
                || "created".equals(left.getState())) {
            return false;
        }
        if ("running".equals(left.getState())) {
            return true;
        }
        var state = engine.ask(
                        "inspect the container",
                        () -> engine.client().inspectContainerCmd(left.getId()).exec())
                .getState();
        // Ended by its own script, or by its memory limit; anything else was cut short and is done again.
        return Boolean.TRUE.equals(state.getOOMKilled())
                || readNote(engine, left.getId(), phaseOf(left).text() + ".exit")
                        .isPresent();
    }

    private static boolean rename(DockerEngine engine, BuildOrder order, Container left) {
        var name = name(order, phaseOf(left));
        if (Arrays.asList(left.getNames()).contains("/" + name)) {
            return true;
        }
        return engine.ask("rename the container", () -> {
            try {
                engine.client().renameContainerCmd(left.getId()).withName(name).exec();
                return true;
            } catch (NotFoundException | ConflictException e) {
                return false;
            }
        });
    }

    private static String base(BuildOrder order) {
        return "codehaven-build-" + order.deployment() + "-"
                + order.run()
                        .replaceAll("[^A-Za-z0-9]", "")
                        .transform(run -> run.substring(0, Math.min(8, run.length())))
                + "-" + order.attempt();
    }

    private static String name(BuildOrder order, Phase.Name phase) {
        return base(order) + "-" + phase.text();
    }

    private static Phase.Name phaseOf(Container container) {
        for (var each : Phase.Name.values()) {
            if (each.text().equals(container.getLabels().get(PHASE))) {
                return each;
            }
        }
        return Phase.Name.INSTALL;
    }

    private static String volumeOf(Container container) {
        return container.getLabels().getOrDefault(VOLUME, "");
    }

    /** What its containers are made of. */
    String image() {
        return image;
    }

    /** Makes its containers of another image than the one ordered. */
    void use(String other) {
        image = other;
    }

    @Override
    public String top() {
        return BuildOrder.ROOT + "/src";
    }

    @Override
    public Optional<Phase.Name> found() {
        return Optional.ofNullable(found);
    }

    @Override
    public OutputFeed feed() {
        return feed;
    }

    @Override
    public void fill(RunFiles files, @Nullable InputStream cache) throws IOException {
        engine.ask(
                "make the volume " + volume,
                () -> engine.client()
                        .createVolumeCmd()
                        .withName(volume)
                        .withLabels(Map.of(
                                DEPLOYMENT,
                                order.deployment(),
                                PROJECT,
                                order.project(),
                                ROLE,
                                BUILD,
                                RUN,
                                order.run()))
                        .exec());
        create(order.phases().getFirst());
        try (var tar = FillingTar.start(files, order.source(), cache, USER)) {
            var id = id();
            try (var _ = scope.onStop(tar::abort)) {
                engine.streaming()
                        .copyArchiveToContainerCmd(id)
                        .withRemotePath(BuildOrder.ROOT)
                        .withTarInputStream(tar.stream())
                        .exec();
            } catch (RuntimeException e) {
                scope.check();
                tar.throwFailure();
                throw new StepFailure(
                        FailureKind.DOCKER_UNAVAILABLE,
                        "The Docker engine did not take the source: " + DockerEngine.reasonOf(e) + ".",
                        e);
            }
            tar.throwFailure();
        }
        scope.check();
    }

    private void create(Phase phase) {
        scope.log().flush();
        var before = scope.log().lastLine();
        feed = new OutputFeed(scope.log(), 0);
        var walls = order.walls();
        var memory = walls.memoryMb() * MIB;
        var version = engine.version();
        var cpus = Math.min(walls.cpus(), version == null ? walls.cpus() : version.processors());
        var seconds = Math.max(1, left().toSeconds()) + 60;
        var limits = new ArrayList<>(
                List.of(new Ulimit("core", 0L, 0L), new Ulimit("fsize", walls.diskMb() * MIB, walls.diskMb() * MIB)));
        if (ownOpenFiles) {
            limits.add(new Ulimit("nofile", OPEN_FILES, OPEN_FILES));
        }
        var host = HostConfig.newHostConfig()
                .withInit(true)
                .withMemory(memory)
                .withMemorySwap(memory)
                .withNanoCPUs((long) (cpus * 1e9))
                .withPidsLimit((long) walls.pids())
                .withUlimits(limits)
                .withCapDrop(Capability.ALL)
                .withSecurityOpts(List.of("no-new-privileges"))
                .withReadonlyRootfs(true)
                .withTmpFs(Map.of("/tmp", "rw,exec,nosuid,nodev,mode=1777,size=" + Math.min(256 * MIB, memory / 4)))
                .withBinds(new Bind(volume, new Volume(BuildOrder.ROOT)))
                .withNetworkMode(BuildNetwork.NAME)
                .withLogConfig(
                        new LogConfig(LogConfig.LoggingType.JSON_FILE, Map.of("max-size", "200m", "max-file", "2")));
        var labels = new HashMap<String, String>();
        labels.put(DEPLOYMENT, order.deployment());
        labels.put(PROJECT, order.project());
        labels.put(ROLE, BUILD);
        labels.put(RUN, order.run());
        labels.put(PHASE, phase.name().text());
        labels.put(VOLUME, volume);
        labels.put(LINE, Long.toString(before));
        labels.put(DEADLINE, Long.toString(Instant.now().plus(left()).toEpochMilli()));
        var name = name(order, phase.name());
        var older = container;
        if (older != null && current == phase.name()) {
            remove(engine, older);
            older = null;
        }
        container = engine.ask(
                        "create the container " + name,
                        () -> engine.client()
                                .createContainerCmd(image)
                                .withName(name)
                                .withHostName("build")
                                .withUser(USER + ":" + USER)
                                .withWorkingDir("/")
                                // Ends by itself when no worker is left to end it.
                                .withEntrypoint("timeout", "-s", "KILL", Long.toString(seconds))
                                .withCmd(
                                        "sh",
                                        BuildOrder.ROOT + "/run/" + RunFiles.SCRIPT,
                                        BuildOrder.ROOT,
                                        phase.name().text())
                                .withLabels(labels)
                                .withHostConfig(host)
                                .exec())
                .getId();
        current = phase.name();
        if (older != null) {
            remove(engine, older);
        }
    }

    @Override
    public Exit run(Phase phase) throws IOException {
        if (current != phase.name()) {
            create(phase);
        }
        if (!start(id())) {
            create(phase);
            start(id());
        }
        var id = id();
        var name = name(order, phase.name());
        var over = new Object() {
            volatile @Nullable Ended reason;
        };
        // By name: whoever took the container over has renamed it, and keeps it.
        try (var _ = scope.onStop(() -> {
                    if (!scope.handingOver()) {
                        kill(engine, name);
                    }
                });
                var _ = DiskWatch.start(engine, volume, id, order.walls(), exceeded -> {
                    over.reason = exceeded;
                    kill(engine, name);
                })) {
            var state = follow(id, name, () -> {
                if (over.reason == null) {
                    over.reason = Ended.TIME;
                    kill(engine, name);
                }
            });
            feed.end();
            var code = readNote(engine, id, phase.name().text() + ".exit");
            var outOfMemory = Boolean.TRUE.equals(state.getOOMKilled());
            var exit = state.getExitCodeLong() == null
                    ? 137
                    : state.getExitCodeLong().intValue();
            var reason = over.reason;
            if (reason != null) {
                return new Exit(reason, exit, outOfMemory);
            }
            if (code.isPresent()) {
                return new Exit(Ended.BY_ITSELF, Integer.parseInt(code.get().strip()), outOfMemory);
            }
            return new Exit(outOfMemory ? Ended.BY_ITSELF : Ended.FROM_OUTSIDE, exit == 0 ? 137 : exit, outOfMemory);
        }
    }

    /** Passes output on until the container has ended. */
    private InspectContainerResponse.ContainerState follow(String id, String name, Runnable timeOver)
            throws IOException {
        var follower = new Follower(feed);
        var timeIsOver = false;
        long awaySince = 0;
        try {
            follower.open(engine, id, true);
            var inspectAt = System.nanoTime();
            while (true) {
                var quiet = follower.await(LOOK);
                if (scope.stopping()) {
                    // A container that was killed is told apart from one that is left for the next attempt by close().
                    throw new StepScope.Stopped();
                }
                if (!timeIsOver && left().isNegative()) {
                    timeIsOver = true;
                    timeOver.run();
                }
                if (!quiet && System.nanoTime() - inspectAt < INSPECT.toNanos()) {
                    continue;
                }
                inspectAt = System.nanoTime();
                try {
                    var state = engine.client().inspectContainerCmd(id).exec().getState();
                    awaySince = 0;
                    if (!Boolean.TRUE.equals(state.getRunning())) {
                        follower.finish(engine, id);
                        return state;
                    }
                    if (quiet) {
                        follower.open(engine, id, true);
                    }
                } catch (NotFoundException e) {
                    scope.check();
                    throw new StepFailure(
                            FailureKind.DOCKER_UNAVAILABLE,
                            "The build's container " + name + " was removed while it ran.",
                            "The build begins again by itself.",
                            null,
                            null,
                            e);
                } catch (RuntimeException e) {
                    if (!DockerEngine.isAway(e)) {
                        throw e;
                    }
                    awaySince = awaySince == 0 ? System.nanoTime() : awaySince;
                    if (System.nanoTime() - awaySince > ENGINE_AWAY.toNanos()) {
                        throw new StepFailure(
                                FailureKind.DOCKER_UNAVAILABLE,
                                "The Docker engine went away while the build ran: " + DockerEngine.reasonOf(e) + ".",
                                e);
                    }
                }
            }
        } catch (InterruptedException e) {
            // The sign to stop; tidying up must not hear it again.
            throw new StepScope.Stopped();
        } finally {
            follower.close();
        }
    }

    /** @return whether it runs; false when the engine cannot give as many open files as were asked for */
    private boolean start(String id) {
        return engine.ask("start the build's container", () -> {
            try {
                var state = engine.client().inspectContainerCmd(id).exec().getState();
                if ("created".equals(state.getStatus())) {
                    engine.client().startContainerCmd(id).exec();
                }
                return true;
            } catch (NotModifiedException e) {
                // It runs.
                return true;
            } catch (DockerException e) {
                if (ownOpenFiles && DockerEngine.reasonOf(e).contains("rlimit")) {
                    ownOpenFiles = false;
                    return false;
                }
                throw e;
            }
        });
    }

    private String id() {
        if (container == null) {
            throw new IllegalStateException("there is no container yet");
        }
        return container;
    }

    @Override
    public Optional<String> note(String name) {
        return readNote(engine, id(), name);
    }

    private static Optional<String> readNote(DockerEngine engine, String id, String name) {
        return engine.ask("show the build's notes", () -> {
            var text = new ByteArrayOutputStream();
            try (var in = engine.client()
                    .copyArchiveFromContainerCmd(id, BuildOrder.ROOT + "/run/" + name)
                    .exec()) {
                TarTree.walk(in, "", (entry, content) -> {
                    if (entry.kind() == TreeVisitor.Kind.FILE) {
                        text.writeBytes(content.readNBytes(64 * 1024));
                    }
                });
                return Optional.of(text.toString(StandardCharsets.UTF_8));
            } catch (NotFoundException e) {
                return Optional.empty();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
    }

    @Override
    public boolean walk(String path, TreeVisitor visitor) throws IOException {
        try (var in = engine.streaming()
                        .copyArchiveFromContainerCmd(id(), BuildOrder.ROOT + "/" + path)
                        .exec();
                var _ = scope.onStop(() -> closeQuietly(in))) {
            return TarTree.walk(in, path.substring(path.lastIndexOf('/') + 1), visitor);
        } catch (NotFoundException e) {
            return false;
        } catch (IOException | RuntimeException e) {
            scope.check();
            if (e instanceof StepFailure || !(e instanceof RuntimeException || engineStream(e))) {
                throw e;
            }
            throw new StepFailure(
                    FailureKind.DOCKER_UNAVAILABLE,
                    "The Docker engine did not hand the build's files out: " + DockerEngine.reasonOf(e) + ".",
                    e);
        }
    }

    private boolean engineStream(Exception e) {
        return e instanceof IOException && !engine.answers();
    }

    static void closeQuietly(InputStream in) {
        try {
            in.close();
        } catch (IOException e) {
            // The reader hears of it too.
            return;
        }
    }

    @Override
    public void close() {
        if (scope.handingOver()) {
            return;
        }
        if (container == null) {
            return;
        }
        var id = container;
        undisturbed(() -> {
            try {
                removeIfOurs(id);
            } catch (StepFailure e) {
                // What was built is good all the same; the sweep removes it when the engine is back.
                scope.log().say(Level.warn, e.getMessage() + " It is removed later.");
            }
        });
    }

    /** On a thread of its own: a cancelled step's thread has been interrupted, and the engine's socket closes on that. */
    static void undisturbed(Runnable work) {
        var thread = Thread.ofPlatform().name("build-removal").start(work);
        var interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Leaves alone what a newer attempt has taken over meanwhile. */
    private void removeIfOurs(String id) {
        engine.ask("remove the build's container", () -> {
            try {
                var name = engine.client().inspectContainerCmd(id).exec().getName();
                if (!name.startsWith("/" + base(order) + "-")) {
                    return false;
                }
            } catch (NotFoundException e) {
                // A newer attempt began anew, and removes the volume too.
                return removeVolume(engine, volume);
            }
            remove(engine, id);
            return removeVolume(engine, volume);
        });
    }

    static List<Container> containersOf(DockerEngine engine, @Nullable String deployment) {
        var labels = new ArrayList<>(List.of(ROLE + "=" + BUILD));
        labels.add(deployment == null ? DEPLOYMENT : DEPLOYMENT + "=" + deployment);
        return engine.client()
                .listContainersCmd()
                .withShowAll(true)
                .withFilter("label", labels)
                .exec();
    }

    private static List<String> volumesOf(DockerEngine engine, String deployment) {
        return engine.ask(
                "list its volumes",
                () -> engine
                        .client()
                        .listVolumesCmd()
                        .withFilter("label", List.of(ROLE + "=" + BUILD, DEPLOYMENT + "=" + deployment))
                        .exec()
                        .getVolumes()
                        .stream()
                        .map(each -> String.valueOf(each.getName()))
                        .toList());
    }

    /** Kills at once; nothing happens when it is not there or has ended. */
    static void kill(DockerEngine engine, String idOrName) {
        engine.ask("kill the build's container", () -> {
            try {
                engine.client().killContainerCmd(idOrName).withSignal("KILL").exec();
                return true;
            } catch (NotFoundException | ConflictException e) {
                return false;
            }
        });
    }

    static void remove(DockerEngine engine, String id) {
        engine.ask("remove the build's container", () -> {
            try {
                engine.client()
                        .removeContainerCmd(id)
                        .withForce(true)
                        .withRemoveVolumes(true)
                        .exec();
                return true;
            } catch (NotFoundException | ConflictException e) {
                return false;
            }
        });
    }

    /** @return false when it is not there, or still in use */
    static boolean removeVolume(DockerEngine engine, String name) {
        return engine.ask("remove the build's volume", () -> {
            try {
                engine.client().removeVolumeCmd(name).exec();
                return true;
            } catch (NotFoundException | ConflictException e) {
                return false;
            }
        });
    }

    /** Reads a container's output from its beginning, across broken connections. */
    private static final class Follower {
        private final OutputFeed feed;
        private long stdout;
        private long stderr;
        private @Nullable Reading reading;

        Follower(OutputFeed feed) {
            this.feed = feed;
        }

        void open(DockerEngine engine, String id, boolean follow) throws InterruptedException {
            close();
            var next = new Reading(stdout, stderr);
            reading = next;
            try {
                engine.streaming()
                        .logContainerCmd(id)
                        .withStdOut(true)
                        .withStdErr(true)
                        .withTailAll()
                        .withFollowStream(follow)
                        .exec(next);
            } catch (RuntimeException e) {
                if (!DockerEngine.isAway(e)) {
                    throw e;
                }
                next.onError(e);
            }
        }

        /** Whether the reading is over, after waiting a moment for that. */
        boolean await(Duration atMost) throws InterruptedException {
            var now = reading;
            return now == null || now.await(atMost);
        }

        /** The container has ended: what it printed last is still to come. */
        void finish(DockerEngine engine, String id) throws InterruptedException {
            if (!await(Duration.ofSeconds(10)) || (reading != null && reading.broken)) {
                open(engine, id, false);
                await(Duration.ofMinutes(2));
            }
        }

        void close() {
            var now = reading;
            if (now != null) {
                now.end();
            }
        }

        private final class Reading extends EngineStream<Frame> {
            private long skipOut;
            private long skipErr;
            private volatile boolean broken;
            private boolean ended;

            Reading(long skipOut, long skipErr) {
                this.skipOut = skipOut;
                this.skipErr = skipErr;
            }

            @Override
            public void onNext(Frame frame) {
                var bytes = frame.getPayload();
                var err = frame.getStreamType() == StreamType.STDERR;
                synchronized (Follower.this) {
                    if (ended) {
                        return;
                    }
                    var skipped = (int) Math.min(bytes.length, err ? skipErr : skipOut);
                    if (err) {
                        skipErr -= skipped;
                        stderr += bytes.length - skipped;
                    } else {
                        skipOut -= skipped;
                        stdout += bytes.length - skipped;
                    }
                    if (skipped < bytes.length) {
                        feed.take(err, bytes, skipped, bytes.length - skipped);
                    }
                }
            }

            @Override
            public void onError(Throwable thrown) {
                broken = true;
                // Not the adapter's own: that one prints a stack trace, and the container is asked anyway.
                shut();
            }

            boolean await(Duration atMost) throws InterruptedException {
                var over = isOverWithin(atMost);
                if (over && broken) {
                    Thread.sleep(Math.min(200, atMost.toMillis()));
                }
                return over;
            }

            void end() {
                synchronized (Follower.this) {
                    ended = true;
                }
                shut();
            }

            private void shut() {
                try {
                    close();
                } catch (IOException e) {
                    broken = true;
                }
            }
        }
    }
}
