package codehaven.activities.building;

import codehaven.activities.Settings;
import codehaven.activities.StepScope;
import codehaven.activities.WorkFiles;
import codehaven.activities.building.BuildOrder.Phase;
import codehaven.activities.building.BuildOrder.Walls;
import codehaven.activities.building.Recipe.Look;
import codehaven.activities.uploading.SourceArchive;
import codehaven.model.AppImage;
import codehaven.model.BuildSettings;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.LongUnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One build, from a source archive on this machine to a basket of the site's files, and the image of an app. */
final class SiteBuild {

    /** Node's own default leaves much of a large limit unused and runs against a small one. */
    private static final int HEAP_PERCENT = 75;

    /** Until it is whole. */
    private static final String OUTPUT = "output.partial";

    private static final int MOST_FILES = 2_000_000;

    private final DockerEngine engine;
    private final Settings settings;
    private final BuildCaches caches;
    private final Task task;
    private final StepScope scope;
    private final Path work;
    private final Path source;

    /**
     * What is to be built.
     *
     * @param run the workflow run that wants it
     * @param attempt which attempt of the activity this is, from 1
     * @param archive the tree as {@code .tar.zst}
     * @param variables the commands' environment for the recipe
     * @param sensitive the names of those that only the running app and the build's own container may see
     * @param logged how many lines of output the deployment's log has after the line with the given number
     */
    record Task(
            String deployment,
            String project,
            String run,
            int attempt,
            BuildSettings settings,
            Path archive,
            Function<Recipe, Map<String, String>> variables,
            Set<String> sensitive,
            LongUnaryOperator logged) {}

    /**
     * What came of it.
     *
     * @param cache as in {@link codehaven.model.Output#cache}
     * @param app what answers the requests that no file does; absent for a site that is files alone
     */
    record Made(
            Recipe recipe,
            OutputBasket basket,
            String cache,
            @Nullable AppImage app) {
        boolean spa() {
            if (app != null) {
                return false; // What it does not know, the app is asked for.
            }
            return recipe.spa() == null ? basket.has("index.html") && !basket.has("404.html") : recipe.spa();
        }
    }

    SiteBuild(DockerEngine engine, Settings settings, BuildCaches caches, Task task, StepScope scope) {
        this.engine = engine;
        this.settings = settings;
        this.caches = caches;
        this.task = task;
        this.scope = scope;
        work = WorkFiles.of(settings.data(), task.deployment());
        source = work.resolve("source");
    }

    /**
     * @throws StepFailure of one of the kinds that are about builds
     * @throws StepScope.Stopped when the step should stop
     */
    Made make() throws IOException {
        return make(FrameworkDetector::detect);
    }

    /** @param detector says how the unpacked tree is built */
    Made make(BiFunction<Path, BuildSettings, Recipe> detector) throws IOException {
        unpack();
        try {
            var recipe = detector.apply(source, task.settings());
            var basket = new OutputBasket(work.resolve(OUTPUT), settings.limits(), scope.log());
            var running = recipe.running();
            if (running != null) {
                return app(recipe, running, basket);
            }
            return recipe.servesTheTree() ? serve(recipe, basket) : build(recipe, basket);
        } catch (IOException | RuntimeException e) {
            WorkFiles.delete(work.resolve(OUTPUT));
            throw e;
        } finally {
            WorkFiles.delete(source);
        }
    }

    private void unpack() throws IOException {
        WorkFiles.delete(source);
        Files.createDirectories(source);
        var limits = settings.limits();
        try (var in = new BufferedInputStream(Files.newInputStream(task.archive()), 1 << 16)) {
            SourceArchive.unpack(in, source, new SourceArchive.Bounds(2 * limits.treeFiles(), limits.treeBytes()));
        }
        scope.check();
    }

    /** Nothing runs, so no container is needed. */
    private Made serve(Recipe recipe, OutputBasket basket) throws IOException {
        say(recipe);
        var output = recipe.output(this::look);
        if (output.isEmpty()) {
            throw noOutput(recipe, topDirectories());
        }
        DirectoryTree.walk(source.resolve(output.get()), (entry, content) -> {
            scope.check();
            basket.visit(entry, content);
        });
        return made(recipe, basket, output.get(), "none", topDirectories());
    }

    private Look look(String directory) {
        var at = source.resolve(directory).normalize();
        if (!at.startsWith(source) || !Files.isDirectory(at, LinkOption.NOFOLLOW_LINKS)) {
            return Look.ABSENT;
        }
        if (Files.isRegularFile(at.resolve("index.html"), LinkOption.NOFOLLOW_LINKS)) {
            return Look.SITE;
        }
        try (var below = Files.walk(at)) {
            return below.anyMatch(each -> Files.isRegularFile(each, LinkOption.NOFOLLOW_LINKS)
                            && !OutputBasket.isPrivate(at.relativize(each).toString()))
                    ? Look.FILES
                    : Look.EMPTY;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private List<String> topDirectories() throws IOException {
        try (var all = Files.list(source)) {
            return all.filter(each -> Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS))
                    .map(each -> String.valueOf(each.getFileName()))
                    .sorted()
                    .limit(40)
                    .toList();
        }
    }

    private Made build(Recipe recipe, OutputBasket basket) throws IOException {
        var order = order(recipe);
        try (var sandbox = open(order)) {
            var cache = begin(recipe, order, sandbox);
            run(recipe, order, sandbox);
            var output = recipe.output(looks(order, sandbox)::get);
            var directories =
                    sandbox.note(RunFiles.DIRECTORIES).orElse("").lines().toList();
            if (output.isEmpty()) {
                throw noOutput(recipe, directories);
            }
            var path = realPath(order, sandbox, output.get());
            var seen = sandbox.walk(path, (entry, content) -> {
                scope.check();
                basket.visit(entry, content);
            });
            if (!seen) {
                throw noOutput(recipe, directories);
            }
            var made = made(recipe, basket, output.get(), cache.word(), directories);
            if (BuildCaches.useful(recipe)) {
                caches.keep(task.project(), recipe, cache.found(), sandbox, scope.log());
            }
            return made;
        }
    }

    private Made made(Recipe recipe, OutputBasket basket, String output, String cache, List<String> directories)
            throws IOException {
        basket.followLinks();
        if (basket.count() == 0) {
            throw noOutput(recipe, directories);
        }
        if (!basket.has("index.html")) {
            scope.log().say(Level.warn, "There is no index.html in " + shown(output) + ".");
        }
        return new Made(recipe, basket, cache, null);
    }

    /** The image of an app, and those of its files that need not be asked for. */
    private Made app(Recipe recipe, Running running, OutputBasket basket) throws IOException {
        if (!engine.answers()) {
            throw engine.unavailable();
        }
        engine.network().provide();
        var image = new AppImageBuild(
                engine, settings, task, scope, source, walls(), task.variables().apply(recipe));
        var cache = "none";
        if (image.isBuilt()) {
            scope.log().say("The image was built already, by an earlier attempt.");
        } else {
            cache = switch (running) {
                case Running.Tree tree -> ofTree(recipe, tree, image);
                case Running.Dockerfile dockerfile -> {
                    say(recipe);
                    yield image.build(order(recipe), dockerfile);
                }
            };
        }
        image.gather(running.assets(), basket);
        basket.followLinks();
        return new Made(recipe, basket, cache, image.publish(running.port()));
    }

    private String ofTree(Recipe recipe, Running.Tree tree, AppImageBuild image) throws IOException {
        var order = order(recipe);
        if (order.phases().isEmpty()) {
            say(recipe);
            var base = engine.images().provide(order.image(), recipe.instead(), scope);
            image.assemble(
                    order.on(base), recipe, tree, (path, visitor) -> DirectoryTree.walk(source.resolve(path), visitor));
            return "none";
        }
        try (var sandbox = open(order)) {
            var cache = begin(recipe, order, sandbox);
            run(recipe, order, sandbox);
            var looks = looks(order, sandbox);
            for (var each : tree.pieces()) {
                var look = looks.get(each.from());
                if ((look == Look.ABSENT || look == Look.EMPTY) && !each.to().equals("node_modules")) {
                    throw new StepFailure(
                            FailureKind.NO_OUTPUT,
                            "The build made nothing in " + shown(each.from())
                                    + ", which is what the app is started from.",
                            "Make the build write a server there, or set the project's startCommand to what starts the app.",
                            null,
                            null,
                            null);
                }
            }
            image.assemble(
                    sandbox instanceof ContainerSandbox containers ? order.on(containers.image()) : order,
                    recipe,
                    tree,
                    (path, visitor) -> sandbox.walk(path.isEmpty() ? "src" : "src/" + path, visitor));
            if (BuildCaches.useful(recipe)) {
                caches.keep(task.project(), recipe, cache.found(), sandbox, scope.log());
            }
            return cache.word();
        }
    }

    /** What a build begins with. */
    private record Cache(Optional<BuildCaches.Found> found, String word) {}

    private Walls walls() {
        var limits = settings.limits();
        var own = task.settings().limits();
        return new Walls(
                own.buildMemoryMb() == null ? limits.buildMemoryMb() : own.buildMemoryMb(),
                own.cpus() == null ? limits.buildCpus() : own.cpus(),
                limits.buildPids(),
                limits.buildDiskMb(),
                MOST_FILES,
                own.buildSeconds() == null ? limits.build() : Duration.ofSeconds(own.buildSeconds()));
    }

    private BuildOrder order(Recipe recipe) {
        var walls = walls();
        var variables = new LinkedHashMap<>(task.variables().apply(recipe));
        variables.putIfAbsent("NODE_OPTIONS", "--max-old-space-size=" + walls.memoryMb() * HEAP_PERCENT / 100);
        var phases = new ArrayList<Phase>();
        if (recipe.install() != null) {
            phases.add(new Phase(
                    Phase.Name.INSTALL,
                    recipe.installDirectory(),
                    recipe.install().command()));
            if (recipe.install().fallback() != null) {
                phases.add(new Phase(
                        Phase.Name.REINSTALL,
                        recipe.installDirectory(),
                        recipe.install().fallback().command()));
            }
        }
        var build = recipe.build() == null ? finish(recipe) : recipe.build();
        if (build != null && !(recipe.running() instanceof Running.Dockerfile)) {
            phases.add(new Phase(Phase.Name.BUILD, recipe.rootDirectory(), build));
        }
        return new BuildOrder(
                task.deployment(),
                task.project(),
                task.run(),
                task.attempt(),
                recipe.image(),
                phases,
                recipe.running() instanceof Running.Tree tree
                        ? tree.pieces().stream().map(Running.Piece::from).toList()
                        : recipe.outputs(),
                variables,
                walls,
                task.archive(),
                work);
    }

    private Sandbox open(BuildOrder order) throws IOException {
        if (engine.answers()) {
            engine.network().provide();
            return ContainerSandbox.open(engine, order, scope, task.logged());
        }
        if (settings.allowProcessSandbox() && !engine.seen()) {
            scope.log().say(Level.warn, ProcessSandbox.LABEL);
            return ProcessSandbox.open(order, scope);
        }
        throw engine.unavailable();
    }

    private Cache begin(Recipe recipe, BuildOrder order, Sandbox sandbox) throws IOException {
        if (sandbox.found().isPresent()) {
            scope.log().say("Going on with the build that an earlier attempt began.");
            var before = sandbox.note(RunFiles.CACHE).orElse("none").split(" ", -1);
            // Whether it was the very same cache no longer matters: it is kept again.
            return new Cache(Optional.empty(), before[0]);
        }
        say(recipe);
        if (sandbox instanceof ContainerSandbox containers) {
            if (engine.network().warning() != null) {
                scope.log().say(Level.warn, engine.network().warning());
            }
            containers.use(engine.images().provide(order.image(), recipe.instead(), scope));
        }
        scope.check();
        var found = BuildCaches.useful(recipe)
                ? caches.find(task.project(), recipe, scope.log())
                : Optional.<BuildCaches.Found>empty();
        var word = !BuildCaches.useful(recipe) ? "none" : found.isPresent() ? "hit" : "miss";
        if (found.isPresent()) {
            scope.log()
                    .say(
                            found.get().exact()
                                    ? "Using the dependency cache of these dependencies."
                                    : "Using the dependency cache of the project's build before.");
        }
        var files = RunFiles.of(order, scripts(recipe, order, sandbox.top()), word);
        try (var cache = found.isPresent() ? found.get().open() : InputStream.nullInputStream()) {
            sandbox.fill(files, found.isPresent() ? cache : null);
        }
        return new Cache(found, word);
    }

    private void say(Recipe recipe) {
        scope.log().say("Framework: " + recipe.framework().label() + ".");
        recipe.notes().forEach(each -> scope.log().say(each.level(), each.sentence()));
    }

    private static Map<Phase.Name, String> scripts(Recipe recipe, BuildOrder order, String top) {
        var prepare = recipe.prepare() == null ? "" : "(\n" + recipe.prepare() + "\n) || exit $?\n";
        var scripts = new HashMap<Phase.Name, String>();
        for (var phase : order.phases()) {
            var first = phase.equals(order.phases().getFirst());
            var finish = phase.name() == Phase.Name.BUILD && recipe.build() != null ? finish(recipe) : null;
            var command = finish == null ? phase.command() : "(\n" + phase.command() + "\n) || exit $?\n" + finish;
            scripts.put(phase.name(), (first ? prepare : "") + recipe.inShell(command, top) + "\n");
        }
        return scripts;
    }

    private static @Nullable String finish(Recipe recipe) {
        return recipe.running() instanceof Running.Tree tree ? tree.finish() : null;
    }

    private void run(Recipe recipe, BuildOrder order, Sandbox sandbox) throws IOException {
        var begin = sandbox.found().orElse(order.phases().getFirst().name());
        if (recipe.install() != null && begin != Phase.Name.BUILD) {
            var fallback = recipe.install().fallback();
            var exit = begin == Phase.Name.INSTALL ? run(order, sandbox, Phase.Name.INSTALL) : null;
            if (exit == null || !exit.good()) {
                if (exit != null) {
                    if (fallback == null || !isFor(fallback, exit, sandbox.feed())) {
                        throw diagnose(order, sandbox, Phase.Name.INSTALL, exit);
                    }
                    scope.log().say(Level.warn, fallback.sentence());
                }
                var second = run(order, sandbox, Phase.Name.REINSTALL);
                if (!second.good()) {
                    throw diagnose(order, sandbox, Phase.Name.REINSTALL, second);
                }
            }
        }
        if (order.has(Phase.Name.BUILD)) {
            var exit = run(order, sandbox, Phase.Name.BUILD);
            if (!exit.good()) {
                throw diagnose(order, sandbox, Phase.Name.BUILD, exit);
            }
            if (exit.outOfMemory()) {
                scope.log()
                        .say(
                                Level.warn,
                                "A process of the build was killed at the memory limit of "
                                        + order.walls().memoryMb() + " MiB, but the build says that it succeeded.");
            }
        }
    }

    private Sandbox.Exit run(BuildOrder order, Sandbox sandbox, Phase.Name name) throws IOException {
        var phase = order.phase(name);
        if (sandbox.found().isEmpty() || sandbox.found().get() != name) {
            scope.log()
                    .say("Running `" + phase.command().strip() + "`"
                            + (phase.directory().isEmpty() ? "" : " in " + phase.directory()) + ".");
        }
        return sandbox.run(phase);
    }

    private static boolean isFor(Recipe.Fallback fallback, Sandbox.Exit exit, OutputFeed feed) {
        return exit.ended() == Sandbox.Ended.BY_ITSELF
                && fallback.when().matcher(feed.text()).find();
    }

    private StepFailure diagnose(BuildOrder order, Sandbox sandbox, Phase.Name name, Sandbox.Exit exit) {
        return Diagnosis.of(order, order.phase(name), exit, sandbox.top(), sandbox.feed(), scope);
    }

    private static Map<String, Look> looks(BuildOrder order, Sandbox sandbox) throws IOException {
        var looks = new HashMap<String, Look>();
        var lines = sandbox.note(RunFiles.LOOKS).orElse("").lines().toList();
        for (var n = 0; n < order.outputs().size(); n++) {
            var look = Look.ABSENT;
            if (n < lines.size()) {
                var word = lines.get(n).split(" ", 2)[0];
                for (var each : Look.values()) {
                    look = each.name().equals(word) ? each : look;
                }
            }
            looks.put(order.outputs().get(n), look);
        }
        return looks;
    }

    /** Where the output really is, relative to the sandbox's root: a link to elsewhere in the tree is followed. */
    private static String realPath(BuildOrder order, Sandbox sandbox, String output) throws IOException {
        var lines = sandbox.note(RunFiles.LOOKS).orElse("").lines().toList();
        var line = lines.get(order.outputs().indexOf(output)).split(" ", 2);
        var real = line.length < 2 ? "" : line[1];
        var top = sandbox.top();
        if (!(real + "/").startsWith(top + "/") || (real + "/").contains("/../")) {
            throw new StepFailure(
                    FailureKind.NO_OUTPUT,
                    "The output directory " + shown(output) + " is a link out of the repository.");
        }
        return "src" + real.substring(top.length());
    }

    private static StepFailure noOutput(Recipe recipe, List<String> directories) {
        var looked = recipe.outputs().stream()
                .limit(recipe.outputGiven() ? 1 : 6)
                .map(SiteBuild::shown)
                .collect(Collectors.joining(", "));
        var there = directories.stream()
                .filter(each -> !each.equals("node_modules"))
                .limit(12)
                .collect(Collectors.joining(", "));
        return new StepFailure(
                FailureKind.NO_OUTPUT,
                "The build made no files to publish in " + looked + "."
                        + (there.isEmpty() ? "" : " There are the directories " + there + "."));
    }

    private static String shown(String directory) {
        return directory.isEmpty() ? "the top directory" : "'" + directory + "'";
    }
}
