package codehaven.activities.building;

import codehaven.activities.Settings;
import codehaven.activities.Settings.Limits;
import codehaven.activities.StepScope;
import codehaven.activities.uploading.SourceArchive;
import codehaven.dev.DevMongo;
import codehaven.dev.DevRedis;
import codehaven.dev.DevS3;
import codehaven.model.BuildSettings;
import codehaven.model.Framework;
import codehaven.state.State;
import codehaven.state.StateSettings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Everything that a build needs, on a directory of its own: an engine, storage, and trees drawn as text. */
final class Workshop implements AutoCloseable {

    private static final String SECRET_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

    private final Path directory;
    private final DevMongo mongo;
    private final DevRedis redis;
    private final DevS3 s3;
    final State state;
    final Settings settings;
    final DockerEngine engine;
    final BuildCaches caches;

    private Workshop(Path directory, @Nullable URI dockerHost) throws Exception {
        this.directory = directory;
        mongo = DevMongo.start(directory.resolve("mongo"));
        redis = DevRedis.start(directory.resolve("redis"));
        s3 = DevS3.start(directory.resolve("s3"), "access", "secretsecret");
        state = State.open(new StateSettings(
                mongo.uri("codehaven"),
                redis.uri(),
                s3.endpoint(),
                "us-east-1",
                "codehaven",
                s3.accessKey(),
                s3.secretKey(),
                SECRET_KEY));
        settings = new Settings(
                directory.resolve("data"),
                dockerHost,
                dockerHost != null,
                2,
                true,
                "sites.localhost",
                URI.create("http://sites.localhost:8081"),
                Limits.DEFAULT);
        engine = DockerEngine.open(settings);
        caches = new BuildCaches(state.blobs(), settings.data().resolve("caches"));
    }

    static Workshop withDocker(Path directory) throws Exception {
        return new Workshop(directory, null);
    }

    static Workshop withoutDocker(Path directory) throws Exception {
        return new Workshop(directory, URI.create("unix://" + directory.resolve("nobody.sock")));
    }

    /** One build to be tried. */
    static final class Job {
        final String deployment;
        final Path archive;
        String project = "site";
        String run = "run-1";
        int attempt = 1;
        Limits limits = Limits.DEFAULT;

        @Nullable
        Recipe recipe;

        BuildSettings settings = BuildSettings.DETECTED;
        Set<String> sensitive = Set.of();
        Settings.@Nullable Registry registry;
        Map<String, String> variables = new HashMap<>();

        private Job(String deployment, Path archive, @Nullable Recipe recipe) {
            this.deployment = deployment;
            this.archive = archive;
            this.recipe = recipe;
        }

        Job limits(int memoryMb, int pids, int diskMb, Duration time) {
            var all = Limits.DEFAULT;
            limits = new Limits(
                    all.treeFiles(),
                    all.treeBytes(),
                    all.packBytes(),
                    memoryMb,
                    all.buildCpus(),
                    pids,
                    diskMb,
                    time,
                    all.logBytes(),
                    all.outputFiles(),
                    all.outputBytes());
            return this;
        }

        Job install(String command, Recipe.@Nullable Fallback fallback) {
            var now = Objects.requireNonNull(recipe);
            recipe = recipe(new Recipe.Install(command, fallback), now.build(), List.of(), now.outputs());
            return this;
        }

        Job caching(List<String> homeCaches) {
            var now = Objects.requireNonNull(recipe);
            recipe = recipe(now.install(), now.build(), homeCaches, now.outputs());
            return this;
        }

        Job outputs(String... outputs) {
            var now = Objects.requireNonNull(recipe);
            recipe = recipe(now.install(), now.build(), now.homeCaches(), List.of(outputs));
            return this;
        }

        Job variable(String name, String value) {
            variables.put(name, value);
            return this;
        }
    }

    /** A build of whatever the tree is detected to be. */
    Job detected(String drawing) throws IOException {
        var job = job("none", drawing);
        job.recipe = null;
        return job;
    }

    /** A build of one command; the drawing is as in {@link Drawn}. */
    Job job(@Nullable String build, String drawing) throws IOException {
        var id = new StringBuilder();
        ThreadLocalRandom.current().ints(8, 0, 36).forEach(each -> id.append(Character.forDigit(each, 36)));
        var tree = Files.createDirectories(directory.resolve("trees").resolve(id.toString()));
        Drawn.tree(tree, drawing);
        var archive = directory.resolve("trees").resolve(id + ".tar.zst");
        try (var out = Files.newOutputStream(archive)) {
            SourceArchive.write(tree, out, () -> {});
        }
        return new Job(id.toString(), archive, recipe(null, build, List.of(), List.of("dist")));
    }

    private static Recipe recipe(
            Recipe.@Nullable Install install, @Nullable String build, List<String> homeCaches, List<String> outputs) {
        return new Recipe(
                Framework.VITE,
                "node:22-bookworm-slim",
                22,
                null,
                "",
                "",
                null,
                install,
                build,
                outputs,
                false,
                null,
                List.of(),
                homeCaches,
                Map.of(),
                "lock-1",
                List.of());
    }

    static Recipe.Fallback fallback(String when, String command, String sentence) {
        return new Recipe.Fallback(Pattern.compile(when), command, sentence);
    }

    SiteBuild.Made build(Job job, BuildScope scope) throws IOException {
        var told = new Settings(
                settings.data(),
                settings.dockerHost(),
                settings.allowProcessSandbox(),
                settings.builds(),
                settings.gitAllowLocal(),
                settings.sitesDomain(),
                settings.edgeUrl(),
                job.limits,
                job.registry);
        var task = new SiteBuild.Task(
                job.deployment,
                job.project,
                job.run,
                job.attempt,
                job.settings,
                job.archive,
                recipe -> {
                    var all = new HashMap<>(recipe.variables());
                    all.putAll(job.variables);
                    return all;
                },
                job.sensitive,
                scope::outputAfter);
        var build = new SiteBuild(engine, told, caches, task, scope.here());
        var recipe = job.recipe;
        return recipe == null ? build.make() : build.make((tree, settings) -> recipe);
    }

    /** The build in a thread of its own, for a test that does something to it meanwhile. */
    Running start(Job job, BuildScope scope) {
        return new Running(this, job, scope);
    }

    static final class Running {
        private volatile @Nullable Throwable thrown;
        private volatile SiteBuild.@Nullable Made made;
        private final Thread thread;

        private Running(Workshop workshop, Job job, BuildScope scope) {
            thread = Thread.ofPlatform().start(() -> {
                try {
                    made = workshop.build(job, scope);
                } catch (Throwable e) {
                    thrown = e;
                }
            });
        }

        SiteBuild.Made made(Duration within) throws Exception {
            var failure = thrown(within);
            if (failure != null || made == null) {
                throw new AssertionError("the build failed", failure);
            }
            return made;
        }

        @Nullable
        Throwable thrown(Duration within) throws InterruptedException {
            if (!thread.join(within)) {
                throw new AssertionError("the build takes longer than " + within);
            }
            return thrown;
        }

        boolean stopped(Duration within) throws InterruptedException {
            return thrown(within) instanceof StepScope.Stopped;
        }
    }

    /** Containers and volumes of a deployment that are there now. */
    List<String> leftOf(Job job) {
        var all = new java.util.ArrayList<String>();
        ContainerSandbox.containersOf(engine, job.deployment).forEach(each -> all.add(each.getNames()[0]));
        engine.client()
                .listVolumesCmd()
                .withFilter("label", List.of(ContainerSandbox.DEPLOYMENT + "=" + job.deployment))
                .exec()
                .getVolumes()
                .forEach(each -> all.add(String.valueOf(each.getName())));
        return all;
    }

    static void await(String what, Duration within, java.util.function.BooleanSupplier condition)
            throws InterruptedException {
        var deadline = System.nanoTime() + within.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(what + " did not come true within " + within);
            }
            Thread.sleep(50);
        }
    }

    @Override
    public void close() {
        engine.close();
        state.close();
        s3.close();
        redis.close();
        mongo.close();
    }
}
