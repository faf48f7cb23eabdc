package codehaven.activities.building;

import codehaven.activities.Settings;
import codehaven.activities.StepScope;
import codehaven.activities.building.BuildOrder.Walls;
import codehaven.activities.building.Running.Asset;
import codehaven.activities.building.Running.Piece;
import codehaven.activities.building.SiteBuild.Task;
import codehaven.activities.building.TreeVisitor.Entry;
import codehaven.activities.building.TreeVisitor.Kind;
import codehaven.model.AppImage;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.FailureKind;
import codehaven.model.Framework;
import codehaven.workflows.StepFailure;
import com.github.dockerjava.api.command.InspectImageResponse;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.InternetProtocol;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The image of one deployment's app: made, or found as an earlier attempt of the same run made it; then stored where
 * engines find it. Nothing of the project's variables gets into it but those that a Dockerfile declares as {@code ARG}
 * and the project does not call sensitive.
 */
final class AppImageBuild {

    private static final String DOCKERFILE = ".codehaven.Dockerfile";
    private static final String DEPENDENCIES = "deps";
    private static final String APP = "app";
    private static final String ITS_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private final DockerEngine engine;
    private final AppImages images;
    private final Settings settings;
    private final Task task;
    private final StepScope scope;
    private final Path source;
    private final Walls walls;
    private final Map<String, String> variables;
    private final String tag;

    /** Shows a folder of the built tree, relative to its top; false where there is none. */
    @FunctionalInterface
    interface Walk {
        boolean walk(String path, TreeVisitor visitor) throws IOException;
    }

    /**
     * @param source the unpacked tree
     * @param variables of the build
     */
    AppImageBuild(
            DockerEngine engine,
            Settings settings,
            Task task,
            StepScope scope,
            Path source,
            Walls walls,
            Map<String, String> variables) {
        this.engine = engine;
        this.settings = settings;
        this.task = task;
        this.scope = scope;
        this.source = source;
        this.walls = walls;
        this.variables = variables;
        images = new AppImages(engine);
        tag = AppImages.nameOf(task.project(), task.deployment());
    }

    /** Whether an earlier attempt of this run got as far as the image. */
    boolean isBuilt() {
        return images.find(tag)
                .filter(each -> task.run().equals(AppImages.labelsOf(each).get(ContainerSandbox.RUN)))
                .isPresent();
    }

    private Map<String, String> labels() {
        return Map.of(
                ContainerSandbox.DEPLOYMENT,
                task.deployment(),
                ContainerSandbox.PROJECT,
                task.project(),
                ContainerSandbox.RUN,
                task.run());
    }

    // Of a built tree

    /**
     * Lays the tree on the order's image, which is there: dependencies as one layer, the app as another, so that each is
     * stored once.
     */
    void assemble(BuildOrder order, Recipe recipe, Running.Tree tree, Walk walk) throws IOException {
        scope.log().say("Putting the image together.");
        var layers = new Layers(order.image(), recipe, tree);
        var ours = new BuildOrder(
                order.deployment(),
                order.project(),
                order.run(),
                order.attempt(),
                order.image(),
                order.phases(),
                order.outputs(),
                Map.of(),
                EngineBuild.ofOurs(walls),
                order.source(),
                order.work());
        try (var context = ContextTar.start(entries -> {
            entries.text(DOCKERFILE, layers.dockerfile());
            entries.directory(DEPENDENCIES);
            entries.directory(APP);
            layers.write(entries, walk);
        })) {
            new EngineBuild(engine, scope, ours, true)
                    .run(new EngineBuild.Wish(DOCKERFILE, tag, Map.of(), labels()), context);
        }
        layers.tell();
    }

    /** Sorts what was built into the two layers. */
    private final class Layers {
        private final String base;
        private final Recipe recipe;
        private final Running.Tree tree;
        private final List<String> left = new ArrayList<>();
        private boolean privateFiles;

        Layers(String base, Recipe recipe, Running.Tree tree) {
            this.base = base;
            this.recipe = recipe;
            this.tree = tree;
        }

        String dockerfile() {
            var directory = Running.HOME + (tree.directory().isEmpty() ? "" : "/" + tree.directory());
            var path = (directory.equals(Running.HOME) ? "" : escaped(directory) + "/node_modules/.bin:") + Running.HOME
                    + "/node_modules/.bin:" + ITS_PATH;
            return "FROM " + base + "\nCOPY --chown=1000:1000 " + DEPENDENCIES + "/ " + Running.HOME
                    + "/\nCOPY --chown=1000:1000 " + APP + "/ " + Running.HOME + "/\nWORKDIR " + escaped(directory)
                    + "\nENV NODE_ENV=production PORT=" + tree.port() + " HOST=0.0.0.0 HOSTNAME=0.0.0.0 PATH=\"" + path
                    + "\"\nEXPOSE " + tree.port() + "\nUSER 1000:1000\nCMD " + OtherServers.json(tree.start()) + "\n";
        }

        private static String escaped(String directory) {
            return directory.replace("\\", "\\\\").replace("$", "\\$").replace("\"", "\\\"");
        }

        void write(ContextTar.Entries entries, Walk walk) throws IOException {
            for (var piece : tree.pieces()) {
                walk.walk(piece.from(), (entry, content) -> {
                    scope.check();
                    take(piece, entry, content, entries);
                });
            }
            for (var file : tree.files()) {
                var at = source.resolve(file);
                if (Files.isRegularFile(at, LinkOption.NOFOLLOW_LINKS)) {
                    var name = tree.base().isEmpty()
                            ? file
                            : file.substring(tree.base().length() + 1);
                    try (var in = Files.newInputStream(at)) {
                        entries.file(APP + "/" + name, 0644, Files.size(at), in);
                    }
                }
            }
            if (recipe.framework() == Framework.NEXTJS && !tree.base().endsWith("standalone")) {
                // Where it may write in an image that cannot be written to.
                entries.link(APP + "/" + joined(tree.directory(), ".next/cache"), "/tmp", true);
            }
        }

        private void take(Piece piece, Entry entry, InputStream content, ContextTar.Entries entries)
                throws IOException {
            var path = joined(piece.to(), entry.path());
            if (isLeftOut(path) && !isCacheOfStandalone(path, entry)) {
                return;
            }
            switch (entry.kind()) {
                case FILE -> entries.file(placed(path), entry.mode(), entry.size(), content);
                case DIRECTORY -> entries.directory(placed(path));
                case SYMBOLIC_LINK -> {
                    var target = inApp(entry.target(), piece);
                    if (target.startsWith("/") || isInside(path, target)) {
                        entries.link(placed(path), target, true);
                    } else {
                        left.add(path);
                    }
                }
                case HARD_LINK -> {
                    var target = joined(piece.to(), entry.target());
                    if (!isLeftOut(target)) {
                        entries.link(placed(path), placed(target), false);
                    }
                }
                case OTHER -> left.add(path);
            }
        }

        /** A link that names its place in the build container. */
        private static String inApp(String target, Piece piece) {
            var base = BuildOrder.ROOT + "/src" + (piece.from().isEmpty() ? "" : "/" + piece.from());
            return target.equals(base) || target.startsWith(base + "/")
                    ? Running.HOME + (piece.to().isEmpty() ? "" : "/" + piece.to()) + target.substring(base.length())
                    : target;
        }

        private static boolean isInside(String path, String target) {
            return SourceTree.normalised(SourceTree.parent(path), target).isPresent();
        }

        private boolean isLeftOut(String path) {
            var wrapped = "/" + path + "/";
            if (wrapped.contains("/.git/")
                    || wrapped.contains("/node_modules/.cache/")
                    || wrapped.contains("/.next/cache/")) {
                return true;
            }
            var name = path.substring(path.lastIndexOf('/') + 1);
            if ((name.equals(".env") || name.startsWith(".env.")) && !wrapped.contains("/node_modules/")) {
                privateFiles = true;
                return true;
            }
            return false;
        }

        /** The link that the recipe puts there, as the cache may be below the top; an app cannot write beside it. */
        private boolean isCacheOfStandalone(String path, Entry entry) {
            return tree.base().endsWith("standalone")
                    && entry.kind() == Kind.SYMBOLIC_LINK
                    && entry.target().equals("/tmp")
                    && ("/" + path).endsWith("/.next/cache");
        }

        private static String placed(String path) {
            return (("/" + path + "/").contains("/node_modules/") ? DEPENDENCIES : APP) + "/" + path;
        }

        private static String joined(String directory, String path) {
            return directory.isEmpty() ? path : directory + "/" + path;
        }

        void tell() {
            if (privateFiles) {
                scope.log()
                        .say(
                                Level.warn,
                                "Files such as .env are not put into the image: set what is in them as the project's variables.");
            }
            if (!left.isEmpty()) {
                scope.log()
                        .say(
                                Level.warn,
                                left.size() + " links out of the app are not put into the image, such as '"
                                        + left.getFirst().replaceAll("\\p{Cntrl}", "?") + "'.");
            }
        }
    }

    // Of a Dockerfile

    /**
     * Builds it.
     *
     * @return whether anything was found done already: {@code hit} or {@code miss}
     */
    String build(BuildOrder order, Running.Dockerfile running) throws IOException {
        var own = running.generated() == null;
        var text = own ? Files.readString(file(running.file())) : running.generated();
        var given = new LinkedHashMap<String, String>(DockerfileText.platform(architecture()));
        variables.forEach((name, value) -> {
            if (own && !task.sensitive().contains(name)) {
                given.put(name, value);
            }
        });
        var read = DockerfileText.of(running.file(), String.valueOf(text), given);
        if (!read.rewritten().isEmpty()) {
            scope.log()
                    .say("Put in words of the engine's own builder, which keeps to this build's limits: "
                            + String.join(", ", read.rewritten()) + ".");
        }
        read.arguments().stream()
                .filter(task.sensitive()::contains)
                .forEach(each -> scope.log()
                        .say(
                                Level.warn,
                                "ARG " + each
                                        + " is not given: it is sensitive, and would be in the image for everybody to read."
                                        + " The running app gets it."));
        given.keySet().retainAll(read.arguments());
        if (engine.network().warning() != null) {
            scope.log().say(Level.warn, engine.network().warning());
        }
        var built = read.text();
        for (var each : read.bases()) {
            built = built.replace(each, engine.images().provide(each, running.instead(), scope));
        }
        scope.check();
        var whole = built + (running.start() == null ? "" : "CMD " + OtherServers.json(running.start()) + "\n");
        scope.log().say(own ? "Building " + running.file() + "." : "Building the image.");
        var build = new EngineBuild(engine, scope, order, false);
        try (var context = ContextTar.start(entries -> context(entries, running, whole, read.files()))) {
            build.run(new EngineBuild.Wish(DOCKERFILE, tag, given, labels()), context);
        } catch (IOException | RuntimeException e) {
            if (build.last() != null && !(e instanceof StepScope.Stopped)) {
                images.keepPartial(task.project(), build.last());
            }
            throw e;
        }
        images.keepStages(task.project(), build.stages());
        return build.cached() ? "hit" : "miss";
    }

    private Path file(String path) {
        var at = source.resolve(path).normalize();
        if (!at.startsWith(source) || !Files.isRegularFile(at)) {
            throw new StepFailure(FailureKind.NO_PROJECT_FOUND, "There is no file '" + path + "' in the repository.");
        }
        return at;
    }

    private void context(ContextTar.Entries entries, Running.Dockerfile running, String text, Map<String, String> files)
            throws IOException {
        entries.text(DOCKERFILE, text);
        // The engine takes out of the context what the build needs no more of.
        entries.text(".dockerignore", DOCKERFILE + "\n.dockerignore\n");
        for (var each : files.entrySet()) {
            entries.text(each.getKey(), each.getValue());
        }
        var ignore = ignore(running);
        DirectoryTree.walk(source.resolve(running.context()), (entry, content) -> {
            scope.check();
            var path = entry.path();
            if (path.equals(".dockerignore") || ignore.leavesOut(path)) {
                return;
            }
            switch (entry.kind()) {
                case FILE -> entries.file(path, entry.mode(), entry.size(), content);
                case DIRECTORY -> entries.directory(path);
                case SYMBOLIC_LINK -> {
                    if (!entry.target().startsWith("/")
                            && SourceTree.normalised(SourceTree.parent(path), entry.target())
                                    .isPresent()) {
                        entries.link(path, entry.target(), true);
                    }
                }
                case HARD_LINK, OTHER -> {
                    // There are none in a source archive.
                }
            }
        });
    }

    private DockerIgnore ignore(Running.Dockerfile running) throws IOException {
        if (running.generated() != null) {
            return DockerIgnore.of(
                    "**/.git\n**/.env\n**/.env.*\n**/node_modules\n**/__pycache__\n**/.venv\n.venv\nvenv\ntarget\n.gradle\n");
        }
        var beside = source.resolve(running.file() + ".dockerignore");
        var file = Files.isRegularFile(beside, LinkOption.NOFOLLOW_LINKS)
                ? beside
                : source.resolve(running.context()).resolve(".dockerignore");
        return DockerIgnore.of(Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) ? Files.readString(file) : "");
    }

    private static String architecture() {
        return switch (System.getProperty("os.arch")) {
            case "amd64", "x86_64" -> "amd64";
            case "aarch64" -> "arm64";
            case String other -> other;
        };
    }

    // What comes of it

    private InspectImageResponse image() {
        return images.find(tag)
                .orElseThrow(() -> new StepFailure(
                        FailureKind.DOCKER_UNAVAILABLE,
                        "The image " + tag + " was removed while it was built.",
                        "The build begins again by itself.",
                        null,
                        null,
                        null));
    }

    /** Takes out of the image what the edge may answer by itself: pages stay with the app, which makes them. */
    void gather(List<Asset> assets, OutputBasket basket) throws IOException {
        if (assets.isEmpty()) {
            return;
        }
        var id = String.valueOf(image().getId());
        var container = engine.ask("look into the image", () -> {
                    var labels = new HashMap<>(labels());
                    labels.put(ContainerSandbox.ROLE, ContainerSandbox.BUILD);
                    return engine.client()
                            .createContainerCmd(id)
                            .withHostConfig(HostConfig.newHostConfig().withNetworkMode("none"))
                            .withLabels(labels)
                            .exec();
                })
                .getId();
        try {
            for (var each : assets) {
                gather(container, each, basket);
            }
        } finally {
            ContainerSandbox.undisturbed(() -> ContainerSandbox.remove(engine, container));
        }
    }

    private void gather(String container, Asset asset, OutputBasket basket) throws IOException {
        try (var in = engine.streaming()
                        .copyArchiveFromContainerCmd(container, asset.path())
                        .exec();
                var _ = scope.onStop(() -> ContainerSandbox.closeQuietly(in))) {
            TarTree.walk(in, asset.path().substring(asset.path().lastIndexOf('/') + 1), (entry, content) -> {
                scope.check();
                if (entry.kind() != Kind.OTHER && !isThePagesOwn(entry.path())) {
                    var path = asset.at().isEmpty() ? entry.path() : asset.at() + "/" + entry.path();
                    var target = entry.kind() == Kind.HARD_LINK && !asset.at().isEmpty()
                            ? asset.at() + "/" + entry.target()
                            : entry.target();
                    basket.visit(
                            new Entry(path, entry.kind(), entry.mode(), entry.size(), entry.modified(), target),
                            entry.kind() == Kind.FILE ? content : new ByteArrayInputStream(new byte[0]));
                }
            });
        } catch (NotFoundException e) {
            // The app has no such files.
            return;
        }
    }

    private static boolean isThePagesOwn(String path) {
        var name = path.toLowerCase(Locale.ROOT);
        return name.endsWith(".html") || name.endsWith(".htm") || name.endsWith(".br") || name.endsWith(".gz");
    }

    /**
     * Stores the image where the engines find it that are to run it.
     *
     * @param known the port, absent where the image says it
     */
    AppImage publish(@Nullable Integer known) {
        var image = image();
        var port = known == null ? portOf(image) : known;
        var bytes = image.getSize() == null ? 0 : image.getSize();
        var id = String.valueOf(image.getId());
        var size = String.format(Locale.ROOT, "%,.1f MB", bytes / 1e6);
        var registry = settings.registry();
        if (registry == null) {
            scope.log()
                    .say("The image has " + size + ". It stays on this Docker engine as " + tag
                            + ", as no registry is configured: with several hosts, only this one can run the app."
                            + " Set CODEHAVEN_REGISTRY for all of them to.");
            return new AppImage(id, tag, null, port, bytes);
        }
        var name = registry.repository(task.project());
        var remote = name + ":" + task.deployment();
        images.name(id, remote);
        scope.log().say("The image has " + size + ". Pushing " + remote + ".");
        var digest = new ImagePush(engine, registry, scope).push(name, task.deployment());
        scope.log().say("Pushed as " + name + "@" + digest + ".");
        return new AppImage(name + "@" + digest, remote, digest, port, bytes);
    }

    private int portOf(InspectImageResponse image) {
        var config = image.getConfig();
        if (config == null) {
            return Running.OTHER_PORT;
        }
        var command = Stream.of(config.getEntrypoint(), config.getCmd())
                .filter(Objects::nonNull)
                .flatMap(Arrays::stream)
                .toList();
        var exposed = config.getExposedPorts() == null
                ? List.<Integer>of()
                : Arrays.stream(config.getExposedPorts())
                        .filter(each -> each.getProtocol() == InternetProtocol.TCP)
                        .map(each -> each.getPort())
                        .toList();
        var environment = new HashMap<String, String>();
        if (config.getEnv() != null) {
            for (var each : config.getEnv()) {
                var parts = each.split("=", 2);
                environment.put(parts[0], parts.length > 1 ? parts[1] : "");
            }
        }
        var found = ImagePort.of(command, exposed, environment);
        found.guess().ifPresent(scope.log()::say);
        return found.port();
    }
}
