package codehaven.activities.building;

import codehaven.activities.StepScope;
import codehaven.activities.WorkFiles;
import codehaven.activities.building.BuildOrder.Phase;
import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A build as processes of this machine, for a single user's own code where there is no Docker engine: behind bubblewrap
 * where that works (the system read-only, homes and temporary files hidden, the network shared), else with nothing but
 * an environment of its own.
 */
final class ProcessSandbox implements Sandbox {

    static final String LABEL = "Single-user mode: no Docker engine answers, so builds run as processes of this machine"
            + " without its isolation.";

    private static final int OLDEST_NODE = 18;
    private static final Duration LOOK = Duration.ofMillis(300);

    /** How builds find this machine's way out, where it has a particular one. */
    private static final List<String> PASSED_ON = List.of(
            "NODE_EXTRA_CA_CERTS",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "HTTPS_PROXY",
            "HTTP_PROXY",
            "NO_PROXY",
            "https_proxy",
            "http_proxy",
            "no_proxy",
            "npm_config_registry",
            "npm_config_cafile",
            "npm_config_nodedir");

    private static final long PAGES_PER_MIB = (1 << 20) / 4096;

    /** Where bubblewrap shows the sandbox's directory. */
    private static final String SHOWN = "/tmp/build";

    private final BuildOrder order;
    private final StepScope scope;
    private final Path root;
    private final Optional<Path> bubblewrap;
    private final Instant deadline;
    private OutputFeed feed;

    private ProcessSandbox(BuildOrder order, StepScope scope, Path root, Optional<Path> bubblewrap) {
        this.order = order;
        this.scope = scope;
        this.root = root;
        this.bubblewrap = bubblewrap;
        deadline = Instant.now().plus(order.walls().time());
        feed = newFeed();
    }

    /**
     * Begins anew: what an earlier attempt started died with its worker.
     *
     * @throws StepFailure of kind {@code DOCKER_UNAVAILABLE} when this machine has no Node.js to build with
     */
    static ProcessSandbox open(BuildOrder order, StepScope scope) throws IOException {
        var node = HostProcess.find("node");
        var version = node.isEmpty()
                ? ""
                : HostProcess.ask(
                                Duration.ofSeconds(10), null, List.of(node.get().toString(), "--version"))
                        .output()
                        .strip();
        var major = version.matches("v\\d+\\..*") ? Integer.parseInt(version.substring(1, version.indexOf('.'))) : 0;
        if (major < OLDEST_NODE) {
            throw new StepFailure(
                    FailureKind.DOCKER_UNAVAILABLE,
                    "No Docker engine answers, and this machine has "
                            + (major == 0 ? "no Node.js" : "only Node.js " + version) + " on its PATH to build with.",
                    "Start the Docker engine, or install Node.js " + OLDEST_NODE
                            + " or newer; the build goes on by itself" + " then.",
                    null,
                    null,
                    null);
        }
        var root = order.work().resolve("sandbox").toAbsolutePath();
        WorkFiles.delete(root);
        Files.createDirectories(root);
        return new ProcessSandbox(order, scope, root, workingBubblewrap(root));
    }

    private OutputFeed newFeed() {
        return new OutputFeed(scope.log(), 0);
    }

    @Override
    public String top() {
        return shownRoot() + "/src";
    }

    private String shownRoot() {
        return bubblewrap.isPresent() ? SHOWN : root.toString();
    }

    @Override
    public Optional<Phase.Name> found() {
        return Optional.empty();
    }

    @Override
    public OutputFeed feed() {
        return feed;
    }

    @Override
    public void fill(RunFiles files, @Nullable InputStream cache) throws IOException {
        try (var tar = FillingTar.start(files, order.source(), cache, 0);
                var in = tar.stream()) {
            DirectoryTree.unpack(in, root);
            tar.throwFailure();
        }
        Files.setPosixFilePermissions(
                root.resolve("run"), java.nio.file.attribute.PosixFilePermissions.fromString("rwx------"));
    }

    @Override
    public Exit run(Phase phase) throws IOException {
        feed = newFeed();
        var started = new CompletableFuture<Process>();
        // Its own thread, which lives as long as the process: a death signal follows the thread that started it.
        var starter = Thread.ofPlatform()
                .daemon()
                .name("build " + order.deployment())
                .start(() -> {
                    try {
                        var process = HostProcess.start(command(phase), root, environment(), false);
                        started.complete(process);
                        process.waitFor();
                    } catch (IOException | InterruptedException | RuntimeException e) {
                        started.completeExceptionally(e);
                    }
                });
        Process process;
        try {
            process = started.get();
        } catch (InterruptedException e) {
            starter.interrupt();
            throw new StepScope.Stopped();
        } catch (ExecutionException e) {
            throw new IOException("the build's shell did not start", e.getCause());
        }
        try (var _ = scope.onStop(() -> kill(process))) {
            return watch(phase, process);
        } finally {
            kill(process);
        }
    }

    private Exit watch(Phase phase, Process process) throws IOException {
        var over = new Object() {
            volatile @Nullable Ended reason;
        };
        process.getOutputStream().close();
        var out = reader(process.getInputStream(), false);
        var err = reader(process.getErrorStream(), true);
        var tooMuchMemory = false;
        try (var _ = DiskWatch.start(root, order.walls(), exceeded -> {
            over.reason = exceeded;
            kill(process);
        })) {
            while (!process.waitFor(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
                scope.check();
                if (over.reason == null && Instant.now().isAfter(deadline)) {
                    over.reason = Ended.TIME;
                    kill(process);
                }
                if (residentMb(process) > order.walls().memoryMb()) {
                    tooMuchMemory = true;
                    kill(process);
                }
            }
            // What it left running would keep the streams open.
            kill(process);
            out.join(Duration.ofSeconds(5));
            err.join(Duration.ofSeconds(5));
        } catch (InterruptedException e) {
            // The sign to stop; tidying up must not hear it again.
            throw new StepScope.Stopped();
        }
        scope.check();
        feed.end();
        var reason = over.reason;
        if (reason != null) {
            return new Exit(reason, process.exitValue(), tooMuchMemory);
        }
        var code = note(phase.name().text() + ".exit");
        if (code.isPresent()) {
            return new Exit(Ended.BY_ITSELF, Integer.parseInt(code.get().strip()), tooMuchMemory);
        }
        return new Exit(
                tooMuchMemory ? Ended.BY_ITSELF : Ended.FROM_OUTSIDE, Math.max(1, process.exitValue()), tooMuchMemory);
    }

    private Thread reader(InputStream in, boolean stderr) {
        var to = feed;
        return Thread.ofPlatform()
                .daemon()
                .name("output of build " + order.deployment())
                .start(() -> {
                    var buffer = new byte[16 * 1024];
                    try {
                        for (int read; (read = in.read(buffer)) >= 0; ) {
                            to.take(stderr, buffer, 0, read);
                        }
                    } catch (IOException e) {
                        // The stream of a killed process: it has no more to say.
                        return;
                    }
                });
    }

    private static void kill(Process process) {
        try {
            HostProcess.kill(process);
            HostProcess.killGroup(process.pid());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static long residentMb(Process process) {
        var all = new ArrayList<ProcessHandle>();
        all.add(process.toHandle());
        process.descendants().forEach(all::add);
        return all.stream().mapToLong(ProcessSandbox::residentPages).sum() / PAGES_PER_MIB;
    }

    private static long residentPages(ProcessHandle process) {
        try {
            var statm = Files.readString(Path.of("/proc", Long.toString(process.pid()), "statm"));
            return Long.parseLong(statm.split(" ", -1)[1]);
        } catch (IOException e) {
            // It has ended meanwhile.
            return 0;
        }
    }

    private List<String> command(Phase phase) {
        var command = new ArrayList<String>();
        HostProcess.find("setsid").ifPresent(each -> command.add(each.toString()));
        HostProcess.find("prlimit")
                .ifPresent(each -> command.addAll(List.of(
                        each.toString(),
                        "--core=0",
                        "--fsize=" + ((long) order.walls().diskMb() << 20))));
        if (bubblewrap.isPresent()) {
            command.addAll(wrapped(bubblewrap.get(), root));
        } else {
            HostProcess.find("setpriv")
                    .ifPresent(each -> command.addAll(List.of(each.toString(), "--pdeathsig", "KILL")));
        }
        command.addAll(List.of(
                "/bin/sh",
                shownRoot() + "/run/" + RunFiles.SCRIPT,
                shownRoot(),
                phase.name().text()));
        return command;
    }

    private static List<String> wrapped(Path bubblewrap, Path root) {
        var command = new ArrayList<>(List.of(bubblewrap.toString(), "--ro-bind", "/", "/"));
        for (var hidden : List.of("/home", "/root", "/run", "/var/tmp", "/mnt", "/media")) {
            if (Files.isDirectory(Path.of(hidden), java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
                command.addAll(List.of("--tmpfs", hidden));
            }
        }
        command.addAll(List.of("--tmpfs", "/tmp", "--dev", "/dev", "--proc", "/proc"));
        if (!root.startsWith("/tmp")) {
            // The installation's own data, keys among them.
            command.addAll(
                    List.of("--tmpfs", root.resolve("../../..").normalize().toString()));
        }
        // What was hidden but is needed: the resolver's file, and a Node.js in somebody's home.
        showAgain(Path.of("/etc/resolv.conf"), 0, command);
        HostProcess.find("node").ifPresent(node -> showAgain(node, 2, command));
        command.addAll(List.of(
                "--bind",
                root.toString(),
                SHOWN,
                "--unshare-pid",
                "--unshare-ipc",
                "--unshare-uts",
                "--cap-drop",
                "ALL",
                "--die-with-parent",
                "--new-session",
                "--chdir",
                "/",
                "--"));
        return command;
    }

    /** @param up how many directories above the file are shown with all that is in them */
    private static void showAgain(Path file, int up, List<String> command) {
        try {
            var real = file.toRealPath();
            var shown = up == 0 ? real : real.resolve("../".repeat(up)).normalize();
            if (List.of("home", "root", "run", "tmp").contains(real.getName(0).toString())) {
                command.addAll(List.of("--ro-bind", shown.toString(), shown.toString()));
            }
        } catch (IOException e) {
            // A link to nothing hides nothing.
            return;
        }
    }

    private static Optional<Path> workingBubblewrap(Path root) throws IOException {
        var found = HostProcess.find("bwrap");
        if (found.isEmpty()) {
            return found;
        }
        var command = new ArrayList<>(wrapped(found.get(), root));
        command.addAll(List.of("/bin/sh", "-c", "cd " + SHOWN + " && node --version"));
        return HostProcess.ask(Duration.ofSeconds(20), null, command).good() ? found : Optional.empty();
    }

    private static Map<String, String> environment() {
        var all = new LinkedHashMap<String, String>();
        all.put("PATH", System.getenv().getOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin"));
        all.put("LANG", "C.UTF-8");
        for (var each : PASSED_ON) {
            var value = System.getenv(each);
            if (value != null) {
                all.put(each, value);
            }
        }
        return all;
    }

    @Override
    public Optional<String> note(String name) throws IOException {
        var file = root.resolve("run").resolve(name);
        if (!Files.isRegularFile(file, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        try (var in = Files.newInputStream(file)) {
            return Optional.of(new String(in.readNBytes(64 * 1024), StandardCharsets.UTF_8));
        }
    }

    @Override
    public boolean walk(String path, TreeVisitor visitor) throws IOException {
        var at = root.resolve(path).normalize();
        return at.startsWith(root)
                && Files.isDirectory(at)
                && at.toRealPath().startsWith(root.toRealPath())
                && DirectoryTree.walk(at, visitor);
    }

    @Override
    public void close() {
        try {
            WorkFiles.delete(root);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
