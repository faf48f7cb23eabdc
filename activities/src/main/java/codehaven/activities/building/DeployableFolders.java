package codehaven.activities.building;

import codehaven.model.AppSettings;
import codehaven.model.BuildSettings;
import codehaven.model.Framework;
import codehaven.model.Inspection;
import codehaven.model.Inspection.Candidate;
import codehaven.model.Inspection.Problem;
import codehaven.model.Kind;
import codehaven.workflows.StepFailure;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The folders of a source tree that can be deployed by themselves, and how each would be built: what a build of the same
 * tree with the same root directory would conclude. Nothing of the tree is executed.
 */
public final class DeployableFolders {

    /** Each is read as thoroughly as for a build. */
    private static final int MOST_READ = 200;

    /** A folder with none of these is neither a site nor an app of its own. */
    private static final Set<String> MARKS = Set.of(
            "package.json",
            "index.html",
            "Dockerfile",
            "Containerfile",
            "mkdocs.yml",
            "mkdocs.yaml",
            "conf.py",
            "pelicanconf.py",
            "config.toml",
            "config.rb",
            "hugo.toml",
            "hugo.yaml",
            "hugo.yml",
            "hugo.json",
            "zola.toml",
            "_config.yml",
            "_config.yaml",
            "deno.json",
            "deno.jsonc",
            "manage.py",
            "requirements.txt",
            "pyproject.toml",
            "Pipfile",
            "go.mod",
            "Cargo.toml",
            "pom.xml",
            "gradlew",
            "build.gradle",
            "build.gradle.kts",
            "Dockerfile.codehaven",
            "artisan",
            "composer.json",
            "index.php",
            "config.ru");

    /** What is in there is to be tried, not deployed. */
    private static final Pattern TRIALS =
            Pattern.compile("(?:^|/)(?:tests?|__tests__|fixtures?|__fixtures__|testdata)(?:/|$)");

    private static final Pattern MAJOR = Pattern.compile("[\\^~>=v\\s]*(\\d{1,3})(?:\\.[\\s\\S]*)?");

    /** The dependency whose version is the framework's. */
    private static final Map<Framework, String> PACKAGES = new EnumMap<>(Map.ofEntries(
            Map.entry(Framework.NEXTJS, "next"),
            Map.entry(Framework.NUXT, "nuxt"),
            Map.entry(Framework.SVELTEKIT, "@sveltejs/kit"),
            Map.entry(Framework.ASTRO, "astro"),
            Map.entry(Framework.REMIX, "@remix-run/dev"),
            Map.entry(Framework.REACT_ROUTER, "@react-router/dev"),
            Map.entry(Framework.GATSBY, "gatsby"),
            Map.entry(Framework.DOCUSAURUS, "@docusaurus/core"),
            Map.entry(Framework.VITEPRESS, "vitepress"),
            Map.entry(Framework.ELEVENTY, "@11ty/eleventy"),
            Map.entry(Framework.ANGULAR, "@angular/core"),
            Map.entry(Framework.VUE_CLI, "@vue/cli-service"),
            Map.entry(Framework.CREATE_REACT_APP, "react-scripts"),
            Map.entry(Framework.VITE, "vite"),
            Map.entry(Framework.EXPRESS, "express"),
            Map.entry(Framework.FASTIFY, "fastify"),
            Map.entry(Framework.NESTJS, "@nestjs/core")));

    private static final Set<String> DOCUMENTATION = Set.of(
            Framework.VITEPRESS.id(),
            Framework.VUEPRESS.id(),
            Framework.DOCUSAURUS.id(),
            Framework.MKDOCS.id(),
            Framework.SPHINX.id());

    private static final Comparator<Candidate> BEST_FIRST = Comparator.<Candidate>comparingInt(DeployableFolders::rank)
            .thenComparingLong(each -> each.directory().isEmpty() ? -1 : slashes(each.directory()))
            .thenComparing(Candidate::directory);

    private final Path top;
    private final SourceTree tree;
    private final Map<String, Candidate> found = new HashMap<>();

    private DeployableFolders(Path top) {
        this.top = top;
        this.tree = new SourceTree(top);
    }

    /**
     * @param root what a build without a root directory would take
     * @param problem why such a build would not succeed
     */
    public record Found(
            @Nullable String root,
            List<Candidate> candidates,
            @Nullable Problem problem) {}

    /**
     * Looks through a tree.
     *
     * @param top the directory with the tree
     * @param wanted a folder that is to be among them, whatever is in it
     */
    public static Found in(Path top, @Nullable String wanted) {
        return new DeployableFolders(top).look(wanted);
    }

    private Found look(@Nullable String wanted) {
        String root = null;
        Problem problem = null;
        try {
            root = FrameworkDetector.detect(top, BuildSettings.DETECTED).rootDirectory();
        } catch (StepFailure failure) {
            problem = new Problem(String.valueOf(failure.getMessage()), failure.hint());
        }
        if (root == null ? runsAtTheTop() : root.isEmpty()) {
            candidate("").ifPresent(each -> found.put("", each));
        }
        var read = 0;
        for (var each : Workspace.below(tree, "")) {
            if (!TRIALS.matcher(each).find() && tree.names(each).stream().anyMatch(MARKS::contains)) {
                if (++read > MOST_READ) {
                    break;
                }
                below(each);
            }
        }
        var chosen = wanted == null || wanted.isBlank()
                ? root
                : SourceTree.normalised("", wanted.strip()).orElse(wanted);
        if (chosen != null && !found.containsKey(chosen)) {
            found.put(chosen, candidate(chosen).orElseGet(() -> nothing(chosen)));
        }
        var all = found.values().stream().sorted(BEST_FIRST).toList();
        var shown = new ArrayList<>(all.subList(0, Math.min(all.size(), Inspection.MOST_CANDIDATES)));
        if (chosen != null && shown.stream().noneMatch(each -> each.directory().equals(chosen))) {
            shown.set(shown.size() - 1, found.get(chosen));
        }
        return new Found(root, shown, problem);
    }

    /** A workspace's root is no app, though what is in it may be. */
    private boolean runsAtTheTop() {
        return Workspace.at(tree, "").isEmpty() && isApp(AppDirectory.at(tree, ""));
    }

    private void below(String directory) {
        AppDirectory at;
        try {
            at = AppDirectory.at(tree, directory);
        } catch (StepFailure unreadable) {
            return;
        }
        var framework = frameworkAt(at);
        if (framework.isPresent() ? isPartOf(at, framework.get()) : !at.isFile("index.html") || isInside(directory)) {
            return;
        }
        candidate(directory).ifPresent(each -> found.put(directory, each));
    }

    /** Whether a folder above it is the same app already, of which this is a part. */
    private boolean isPartOf(AppDirectory at, Framework framework) {
        if (framework == Framework.STORYBOOK) {
            return true;
        }
        var own = at.json().isPresent() && framework.kind() == Kind.STATIC;
        for (var each = at.directory(); !each.isEmpty(); ) {
            each = SourceTree.parent(each);
            var above = found.get(each);
            if (above != null && !own && above.framework().equals(framework.id())) {
                return true;
            }
        }
        return false;
    }

    private boolean isInside(String directory) {
        for (var each = directory; !each.isEmpty(); ) {
            each = SourceTree.parent(each);
            if (found.containsKey(each)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isApp(AppDirectory at) {
        return frameworkAt(at).isPresent();
    }

    private static Optional<Framework> frameworkAt(AppDirectory at) {
        var script = at.packageJson()
                .script("vercel-build")
                .or(() -> at.packageJson().script("build"))
                .orElse(null);
        return Signs.read(at, script)
                .or(() -> Signs.hasDockerfile(at) ? Optional.of(Framework.DOCKERFILE) : Optional.empty());
    }

    /** Empty where there is nothing to build and nothing to say. */
    private Optional<Candidate> candidate(String directory) {
        try {
            var settings = rooted(directory);
            return Optional.of(candidate(directory, FrameworkDetector.detect(top, settings)));
        } catch (StepFailure failure) {
            return refused(directory, failure);
        }
    }

    private Optional<Candidate> refused(String directory, StepFailure failure) {
        try {
            var at = AppDirectory.at(tree, directory);
            return frameworkAt(at)
                    .map(framework -> new Candidate(
                            directory,
                            framework.id(),
                            framework.label(),
                            version(at, framework),
                            Kind.DYNAMIC,
                            readFrom(at),
                            null,
                            null,
                            null,
                            null,
                            null,
                            new Problem(String.valueOf(failure.getMessage()), failure.hint())));
        } catch (StepFailure unreadable) {
            return Optional.empty();
        }
    }

    private Candidate nothing(String directory) {
        Problem problem;
        try {
            FrameworkDetector.detect(top, rooted(directory));
            throw new IllegalStateException("what can be built is a candidate");
        } catch (StepFailure failure) {
            problem = new Problem(String.valueOf(failure.getMessage()), failure.hint());
        }
        var none = Framework.STATIC_FILES;
        return new Candidate(
                directory, none.id(), none.label(), null, none.kind(), null, null, null, null, null, null, problem);
    }

    private Candidate candidate(String directory, Recipe recipe) {
        var at = AppDirectory.at(tree, recipe.rootDirectory());
        var runs = !recipe.servesTheTree();
        var manager = recipe.packageManager();
        var install = recipe.install();
        return new Candidate(
                directory,
                recipe.framework().id(),
                recipe.framework().label(),
                version(at, recipe.framework()),
                recipe.running() == null ? Kind.STATIC : Kind.DYNAMIC,
                readFrom(at, recipe),
                manager == null ? null : manager.program(),
                runs ? recipe.node() : null,
                install == null ? null : install.command(),
                recipe.build(),
                recipe.outputs().isEmpty()
                        ? null
                        : relative(recipe.rootDirectory(), recipe.outputs().getFirst()),
                null);
    }

    /** Documentation stands beside what it is of, and what serves pages often beside them. */
    private static int rank(Candidate candidate) {
        if (candidate.problem() != null) {
            return 3;
        }
        return candidate.kind() == Kind.DYNAMIC ? 2 : DOCUMENTATION.contains(candidate.framework()) ? 1 : 0;
    }

    private static @Nullable String version(AppDirectory at, Framework framework) {
        var name = PACKAGES.get(framework);
        var range = name == null ? null : at.packageJson().dependencies().get(name);
        var match = range == null ? null : MAJOR.matcher(range);
        return match != null && match.matches() ? match.group(1) : null;
    }

    private static @Nullable String readFrom(AppDirectory at, Recipe recipe) {
        return recipe.running() instanceof Running.Dockerfile dockerfile && dockerfile.generated() == null
                ? dockerfile.file()
                : readFrom(at);
    }

    private static @Nullable String readFrom(AppDirectory at) {
        for (var each : List.of(
                "package.json",
                "index.html",
                "Dockerfile",
                "go.mod",
                "requirements.txt",
                "pyproject.toml",
                "pom.xml",
                "build.gradle",
                "build.gradle.kts")) {
            if (at.isFile(each)) {
                return at.path(each);
            }
        }
        return null;
    }

    private static String relative(String directory, String output) {
        if (output.equals(directory)) {
            return ".";
        }
        return Path.of(directory).relativize(Path.of(output)).toString().replace('\\', '/');
    }

    private static BuildSettings rooted(String directory) {
        return new BuildSettings(
                directory.isEmpty() ? null : directory,
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
                null,
                BuildSettings.Limits.DEFAULT,
                AppSettings.DEFAULT);
    }

    private static long slashes(String path) {
        return path.chars().filter(c -> c == '/').count();
    }
}
