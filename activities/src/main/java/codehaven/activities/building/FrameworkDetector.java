package codehaven.activities.building;

import codehaven.activities.building.Recipe.Install;
import codehaven.activities.building.Recipe.Note;
import codehaven.model.BuildSettings;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.FailureKind;
import codehaven.model.Framework;
import codehaven.model.Kind;
import codehaven.workflows.StepFailure;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads a source tree and says how it is built. Nothing of the tree is executed. */
final class FrameworkDetector {

    /** Scripts that build a site, best first; the first is for a platform that many repositories were made for. */
    private static final List<String> BUILD_SCRIPTS = List.of("vercel-build", "build");

    /** What generators of documentation beside an app call it. */
    private static final List<String> DOCS_SCRIPTS = List.of("docs:build", "build:docs", "docs-build", "build-docs");

    /** Files of settings, which people expect to have an effect. */
    private static final List<String> NOT_READ = List.of("codehaven.json", "vercel.json", "netlify.toml");

    private static final int MOST_NAMED = 8;

    private final SourceTree tree;
    private final BuildSettings settings;
    private final List<Note> notes = new ArrayList<>();

    private FrameworkDetector(SourceTree tree, BuildSettings settings) {
        this.tree = tree;
        this.settings = settings;
    }

    /**
     * The recipe for the tree.
     *
     * @param top the directory with the unpacked tree
     * @param settings the project's own, with those of files in the repository laid over them
     * @throws StepFailure of kind {@code NO_PROJECT_FOUND} when there is nothing that can be built
     */
    static Recipe detect(Path top, BuildSettings settings) {
        var detector = new FrameworkDetector(new SourceTree(top), settings);
        var at = AppDirectory.at(detector.tree, detector.rootDirectory());
        return detector.recipe(at);
    }

    private Recipe recipe(AppDirectory at) {
        for (var each : NOT_READ) {
            if (at.isFile(each)) {
                note(
                        Level.warn,
                        each + " is not read yet, and what it says has no effect: say it in the project's settings.");
            }
        }
        if (settings.ignoreCommand() != null) {
            note(Level.warn, "The project's ignoreCommand is not run yet: every deployment is built.");
        }
        var given = settings.dockerfile();
        if (given != null && !given.isBlank()) {
            return withDockerfile(at, given(at, given.strip()));
        }
        var script = buildScript(at, BUILD_SCRIPTS);
        var framework = framework(at, script);
        if (framework == Framework.DOCKERFILE) {
            return withDockerfile(
                    at,
                    Dockerfiles.ours(at)
                            .or(() -> Dockerfiles.usual(at))
                            .orElseThrow(() -> noProject(
                                    "There is no Dockerfile at " + where(at) + ".",
                                    "Set the project's dockerfile to where it is, or framework to something else.")));
        }
        if (mayBeADockerfiles()) {
            var found = Dockerfiles.usual(at);
            if (found.isPresent()) {
                if (framework == null || runs(at, framework)) {
                    return withDockerfile(at, found.get());
                }
                say("There is a Dockerfile, but " + framework.label() + " makes files that need no app to serve them."
                        + " To build " + found.get() + " instead, set the project's dockerfile to it.");
            }
        }
        if (framework == null) {
            return asksToStart() && at.json().isPresent() ? withNode(at, Framework.NODE) : plain(at);
        }
        var server = OtherServers.of(framework, at, settings, notes);
        if (server.isPresent()) {
            return withImage(at, framework, server.get());
        }
        var other = OtherTools.of(framework, at);
        if (other.isPresent()) {
            return withOtherTools(at, framework, other.get());
        }
        return withNode(at, framework);
    }

    /** Whether nobody said how it is built otherwise. */
    private boolean mayBeADockerfiles() {
        return (settings.framework() == null || settings.framework().isBlank())
                && settings.buildCommand() == null
                && settings.outputDirectory() == null;
    }

    private boolean asksToStart() {
        return settings.startCommand() != null && !settings.startCommand().isBlank();
    }

    private boolean runs(AppDirectory at, Framework framework) {
        if (framework.kind() == Kind.DYNAMIC || asksToStart()) {
            return true;
        }
        var script = buildScript(at, BUILD_SCRIPTS).orElse(framework.command());
        return RunningApps.runs(framework, at, settings.buildCommand() == null ? script : settings.buildCommand());
    }

    private String given(AppDirectory at, String wanted) {
        var path = SourceTree.normalised(at.directory(), wanted).filter(tree::isFile);
        return path.or(() -> SourceTree.normalised("", wanted).filter(tree::isFile))
                .orElseThrow(() -> noProject(
                        "There is no file '" + shown(wanted) + "' at " + where(at) + ".",
                        "Set the project's dockerfile to a file of the repository, relative to the root directory"
                                + Dockerfiles.usual(at)
                                        .map(each -> ", such as " + each)
                                        .orElse("") + "."));
    }

    private static String where(AppDirectory at) {
        return at.directory().isEmpty() ? "the top of the repository" : at.directory();
    }

    private Recipe withDockerfile(AppDirectory at, String file) {
        var context = at.directory();
        var wanted = settings.app().dockerContext();
        if (wanted != null && !wanted.isBlank()) {
            context = SourceTree.normalised(at.directory(), wanted.strip())
                    .filter(tree::isDirectory)
                    .orElseThrow(() -> noProject(
                            "There is no folder '" + shown(wanted) + "' to build the Dockerfile from.",
                            "Set app.dockerContext to a folder of the repository, relative to the root directory."));
        }
        var start = asksToStart() ? StartCommand.exec(String.valueOf(settings.startCommand())) : null;
        return withImage(
                at,
                Framework.DOCKERFILE,
                new Running.Dockerfile(
                        file, null, context, start, settings.app().port(), List.of(), List.of()));
    }

    private Recipe withImage(AppDirectory at, Framework framework, Running.Dockerfile running) {
        return new Recipe(
                framework,
                "",
                List.of(),
                null,
                null,
                at.directory(),
                at.directory(),
                null,
                null,
                null,
                List.of(),
                Set.of(),
                false,
                null,
                List.of(),
                List.of(),
                Map.of(),
                "image",
                notes,
                running);
    }

    // Where

    private String rootDirectory() {
        var wanted = settings.rootDirectory();
        if (wanted != null && !wanted.isBlank()) {
            return existing(wanted.strip());
        }
        var top = AppDirectory.at(tree, "");
        var workspace = Workspace.at(tree, "");
        if (workspace.isEmpty() || settings.framework() != null || standsByItself(top)) {
            return "";
        }
        var sites = new ArrayList<AppDirectory>();
        var servers = new ArrayList<AppDirectory>();
        for (var each : workspace.get().packages(tree)) {
            var at = AppDirectory.at(tree, each);
            var framework = Signs.read(at, buildScript(at, BUILD_SCRIPTS).orElse(null));
            if (framework.isPresent() && framework.get() != Framework.STORYBOOK) {
                (framework.get().kind() == Kind.STATIC ? sites : servers).add(at);
            }
        }
        var apps = sites.isEmpty() ? servers : sites;
        if (apps.size() == 1) {
            var directory = apps.getFirst().directory();
            say("The repository is a workspace with one site in it: " + directory + " is taken as the root directory.");
            return directory;
        }
        if (apps.size() > 1 && Dockerfiles.usual(top).isEmpty()) {
            throw noProject(
                    "The repository is a workspace with " + apps.size() + " apps: "
                            + named(apps.stream().map(AppDirectory::directory).toList()) + ".",
                    "Set the project's rootDirectory to the one to deploy.");
        }
        return "";
    }

    /** Whether the top is an app itself, though it is the root of a workspace too. */
    private boolean standsByItself(AppDirectory top) {
        if (settings.buildCommand() != null
                || settings.outputDirectory() != null
                || settings.dockerfile() != null
                || asksToStart()) {
            return true;
        }
        return top.isFile("index.html")
                || Signs.read(top, buildScript(top, BUILD_SCRIPTS).orElse(null))
                        .filter(each -> each != Framework.STORYBOOK && each != Framework.NODE)
                        .isPresent();
    }

    private String existing(String wanted) {
        var path = SourceTree.normalised("", wanted);
        if (path.isEmpty()) {
            throw noProject(
                    "The root directory '" + shown(wanted) + "' is outside of the repository.",
                    "Set rootDirectory to a folder of the repository, such as " + nearest(wanted) + ".");
        }
        if (tree.isFile(path.get())) {
            throw noProject(
                    "The root directory '" + shown(wanted) + "' is a file.",
                    "Set rootDirectory to the folder that it is in, or leave it out for the top.");
        }
        if (!tree.isDirectory(path.get())) {
            throw noProject(
                    "There is no folder '" + shown(wanted) + "' in the repository at this commit.",
                    "Set rootDirectory to a folder that exists, such as " + nearest(wanted) + ".");
        }
        return path.get();
    }

    /** Folders that could be meant: ones with a project in them, those of a similar name first. */
    private String nearest(String wanted) {
        var name = wanted.substring(wanted.lastIndexOf('/') + 1);
        var candidates = projects().stream()
                .sorted((a, b) -> Integer.compare(difference(a, name), difference(b, name)))
                .toList();
        return candidates.isEmpty() ? "the top (leave it empty)" : named(candidates);
    }

    private static int difference(String directory, String name) {
        var last = directory.substring(directory.lastIndexOf('/') + 1);
        if (last.equalsIgnoreCase(name)) {
            return 0;
        }
        return last.contains(name) || name.contains(last) ? 1 : 2;
    }

    private List<String> projects() {
        return Workspace.below(tree, "").stream()
                .filter(each -> tree.isFile(SourceTree.in(each, "package.json"))
                        || tree.isFile(SourceTree.in(each, "index.html")))
                .toList();
    }

    // What

    /** Absent for plain files and builds that are in no table. */
    private @Nullable Framework framework(AppDirectory at, Optional<String> script) {
        var wanted = settings.framework();
        if (wanted != null && !wanted.isBlank()) {
            var framework = Framework.of(wanted.strip());
            if (framework.isEmpty()) {
                throw noProject(
                        "The framework '" + shown(wanted) + "' is not known.",
                        "Leave framework out to have it detected, or set it to one of: " + Framework.ids() + ".");
            }
            var known = framework.get();
            RunningApps.refuse(known, at);
            return known == Framework.STATIC_FILES ? null : known;
        }
        if (Dockerfiles.ours(at).isPresent()) {
            return Framework.DOCKERFILE;
        }
        var found = Signs.read(at, settings.buildCommand() == null ? script.orElse(null) : settings.buildCommand());
        if (found.isPresent() && found.get().kind() == Kind.DYNAMIC) {
            if (settings.outputDirectory() != null && !asksToStart()) {
                say(found.get().label() + " was detected, but an output directory is set: publishing only that.");
                return null;
            }
            if (!mayBeADockerfiles() || Dockerfiles.usual(at).isEmpty()) {
                RunningApps.refuse(found.get(), at);
            }
        }
        return found.orElse(null);
    }

    /** The text of the script of package.json that builds the site. */
    private static Optional<String> buildScript(AppDirectory at, List<String> names) {
        return names.stream()
                .flatMap(each -> at.packageJson().script(each).stream())
                .findFirst();
    }

    // How

    private Recipe withNode(AppDirectory at, Framework framework) {
        var tools = JavaScriptTools.of(at, orEmpty(settings.installCommand()));
        var build = nodeBuild(at, framework, tools);
        var runs = asksToStart()
                || (settings.outputDirectory() == null
                        && (framework.kind() == Kind.DYNAMIC
                                || RunningApps.runs(framework, at, build == null ? "" : build)));
        if (runs) {
            if (!asksToStart()) {
                RunningApps.refuseOthersServers(framework, at, build == null ? "" : build);
                RunningApps.reason(framework, at, build == null ? "" : build)
                        .ifPresent(hint -> say(framework.label()
                                + " makes an app that answers requests itself. For files" + " alone: " + hint));
            }
            if (tools.plugAndPlay(tree)) {
                say(
                        "Yarn installs into node_modules, which the app is started with in its image, instead of Plug'n'Play.");
                var files = tools.asFiles();
                return nodeRecipe(
                        at,
                        framework,
                        files,
                        NodeApp.of(at, framework, files, settings, nodeBuild(at, framework, files)));
            }
            return nodeRecipe(at, framework, tools, NodeApp.of(at, framework, tools, settings, build));
        }
        return nodeRecipe(at, framework, tools, build, null);
    }

    private Recipe nodeRecipe(AppDirectory at, Framework framework, JavaScriptTools tools, NodeApp app) {
        notes.addAll(app.notes());
        return nodeRecipe(at, framework, tools, app.build(), app);
    }

    private Recipe nodeRecipe(
            AppDirectory at,
            Framework framework,
            JavaScriptTools tools,
            @Nullable String build,
            @Nullable NodeApp app) {
        var node = NodeVersion.of(settings.nodeVersion(), tree, manifests(at, tools), places(at, tools));
        if (node.note() != null) {
            notes.add(node.note());
        }
        notes.addAll(tools.notes());
        var hasPackage = at.json().isPresent() || tree.isFile(SourceTree.in(tools.directory(), "package.json"));
        var install = install(hasPackage ? tools.install() : null);
        var variables = new HashMap<>(tools.variables());
        variables.putAll(quiet());
        if (framework == Framework.CREATE_REACT_APP) {
            // With CI set, it fails a build for a warning. Whoever deploys wants the site; the warnings are in the log.
            variables.put("CI", "false");
        }
        if (app != null) {
            variables.putAll(app.variables());
        }
        var outputs = app != null
                ? new OutputDirectories.Candidates(List.of(), Set.of())
                : outputs(at, framework, build == null ? List.of() : at.commands(build));
        var homeCaches = new ArrayList<>(tools.homeCaches());
        homeCaches.add(Recipe.TOOLS);
        return new Recipe(
                framework,
                node.image(),
                node.instead(),
                node.major(),
                install == null ? null : tools.manager(),
                at.directory(),
                tools.directory(),
                install == null
                                && build == null
                                && (app == null || app.running().finish() == null)
                        ? null
                        : tools.prepare(),
                install,
                build,
                outputs.all(),
                outputs.sources(),
                settings.outputDirectory() != null,
                spa(framework),
                Stream.concat(framework.caches().stream().map(at::path), tools.treeCaches().stream())
                        .toList(),
                homeCaches,
                variables,
                "node" + node.major() + "-"
                        + tools.manager()
                                .name()
                                .toLowerCase(java.util.Locale.ROOT)
                                .replace('_', '-'),
                notes,
                app == null ? null : app.running());
    }

    private @Nullable String nodeBuild(AppDirectory at, Framework framework, JavaScriptTools tools) {
        if (settings.buildCommand() != null) {
            return settings.buildCommand().isBlank() ? null : settings.buildCommand();
        }
        var run = tools.manager();
        if (framework == Framework.STORYBOOK) {
            return at.packageJson().script("build-storybook").isPresent()
                    ? run.run("build-storybook")
                    : own(framework.command(), at, tools, "storybook");
        }
        for (var each : BUILD_SCRIPTS) {
            if (at.packageJson().script(each).isPresent()) {
                return script(each, at, tools);
            }
        }
        if (framework == Framework.VITEPRESS || framework == Framework.VUEPRESS) {
            var program = framework == Framework.VITEPRESS ? "vitepress" : "vuepress";
            for (var each : DOCS_SCRIPTS) {
                if (at.packageJson().script(each).isPresent()) {
                    return run.run(each);
                }
            }
            var place = OutputDirectories.pressPlace(at, program);
            var command = place.map(each -> each.isEmpty() ? program + " build" : program + " build " + each)
                    .orElse(framework.command());
            return own(command, at, tools, program);
        }
        if (framework == Framework.ELEVENTY) {
            return own("eleventy", at, tools, "@11ty/eleventy");
        }
        if (framework == Framework.EXPO && !at.uses("react-dom")) {
            note(Level.warn, "Expo makes a web site only with react-dom and react-native-web installed.");
        }
        if (framework == Framework.NUXT && !RunningApps.isGenerated(at, "")) {
            return own("nuxt build", at, tools, null);
        }
        return framework.command().isEmpty() ? null : own(framework.command(), at, tools, null);
    }

    /** A script of package.json. Where Turborepo knows what must be built before it, it is asked. */
    private String script(String name, AppDirectory at, JavaScriptTools tools) {
        if (!at.directory().equals(tools.directory()) && name.equals("build") && turbo(at, tools)) {
            return "turbo run build";
        }
        return tools.manager().run(name);
    }

    /** Turborepo 2 wants to know the package manager, and finds the package by the directory it is started in. */
    private boolean turbo(AppDirectory at, JavaScriptTools tools) {
        var root = PackageJson.in(tree, tools.directory()).orElse(PackageJson.NONE);
        return root.has("turbo")
                && root.packageManager() != null
                && at.packageJson().name() != null
                && (tree.isFile(SourceTree.in(tools.directory(), "turbo.json"))
                        || tree.isFile(SourceTree.in(tools.directory(), "turbo.jsonc")))
                && !tools.plugAndPlay(tree);
    }

    /**
     * A program of a dependency. Without a package.json there is none: then npx fetches it.
     *
     * @param distribution the npm package that the program is in, where it has another name
     */
    private String own(String command, AppDirectory at, JavaScriptTools tools, @Nullable String distribution) {
        if (at.json().isEmpty() && !tree.isFile(SourceTree.in(tools.directory(), "package.json"))) {
            var program = command.split(" ", 2);
            var arguments = program.length > 1 ? " " + program[1] : "";
            return "npx --yes " + (distribution == null ? program[0] : distribution) + arguments;
        }
        return tools.plugAndPlay(tree) ? "yarn run " + command : command;
    }

    private Recipe withOtherTools(AppDirectory at, Framework framework, OtherTools tools) {
        var node = NodeVersion.of(
                settings.nodeVersion(),
                tree,
                at.json().stream().toList(),
                Stream.of(at.directory(), "").distinct().toList());
        var build = settings.buildCommand() == null ? tools.build() : settings.buildCommand();
        var outputs = outputs(at, framework, at.commands(build));
        var usesNode = tools.image() == null;
        var javaScript = usesNode && at.json().isPresent() ? JavaScriptTools.of(at, "") : null;
        var variables = new HashMap<>(quiet());
        variables.putAll(tools.variables());
        var homeCaches = new ArrayList<>(tools.homeCaches());
        homeCaches.add(Recipe.TOOLS);
        String prepare = tools.prepare();
        var install = tools.install();
        if (javaScript != null) {
            variables.putAll(javaScript.variables());
            homeCaches.addAll(javaScript.homeCaches());
            prepare = javaScript.prepare() == null ? prepare : javaScript.prepare() + "\n" + prepare;
            install = javaScript.install();
        }
        return new Recipe(
                framework,
                usesNode ? node.image() : String.valueOf(tools.image()),
                usesNode ? node.instead() : tools.instead(),
                usesNode ? node.major() : null,
                javaScript == null ? null : javaScript.manager(),
                at.directory(),
                javaScript == null ? at.directory() : javaScript.directory(),
                prepare,
                install(install),
                build.isBlank() ? null : build,
                outputs.all(),
                outputs.sources(),
                settings.outputDirectory() != null,
                spa(framework),
                framework.caches().stream().map(at::path).toList(),
                homeCaches,
                variables,
                tools.key(),
                notes,
                null);
    }

    /** Files as they are, or a build that is in no table. */
    private Recipe plain(AppDirectory at) {
        var script = buildScript(at, BUILD_SCRIPTS);
        var build = settings.buildCommand();
        if (build != null && !build.isBlank()) {
            return nodeRecipe(
                    at,
                    Framework.STATIC_FILES,
                    JavaScriptTools.of(at, orEmpty(settings.installCommand())),
                    build,
                    null);
        }
        if (build == null && script.isPresent() && settings.framework() == null) {
            var tools = JavaScriptTools.of(at, orEmpty(settings.installCommand()));
            var name =
                    at.packageJson().script(BUILD_SCRIPTS.getFirst()).isPresent() ? BUILD_SCRIPTS.getFirst() : "build";
            return nodeRecipe(at, Framework.STATIC_FILES, tools, script(name, at, tools), null);
        }
        return files(at);
    }

    private Recipe files(AppDirectory at) {
        var command = settings.installCommand();
        var tools = JavaScriptTools.of(at, "");
        var node = NodeVersion.of(settings.nodeVersion(), tree, manifests(at, tools), places(at, tools));
        if (settings.outputDirectory() == null && !looksLikeASite(at)) {
            throw nothing(at);
        }
        var outputs = settings.outputDirectory() == null
                ? OutputDirectories.Candidates.only(place(at))
                : outputs(at, Framework.STATIC_FILES, List.of());
        return new Recipe(
                Framework.STATIC_FILES,
                node.image(),
                node.instead(),
                node.major(),
                null,
                at.directory(),
                at.directory(),
                null,
                command == null || command.isBlank() ? null : new Install(command, null),
                null,
                outputs.all(),
                outputs.sources(),
                settings.outputDirectory() != null,
                settings.spaFallback(),
                List.of(),
                List.of(),
                quiet(),
                "static",
                notes,
                null);
    }

    private boolean looksLikeASite(AppDirectory at) {
        return at.isFile("index.html")
                || at.isDirectory("public")
                || at.isFile("Staticfile")
                || tree.names(at.directory()).stream()
                        .anyMatch(each -> each.endsWith(".html") || each.endsWith(".htm"));
    }

    /** Where the files are that are served as they are. */
    private String place(AppDirectory at) {
        for (var line : at.text("Staticfile").lines().toList()) {
            if (line.startsWith("root:")) {
                var root = SourceTree.normalised(
                        at.directory(), line.substring("root:".length()).strip());
                if (root.isPresent() && tree.isDirectory(root.get())) {
                    return root.get();
                }
            }
        }
        return at.isFile("public/index.html") || (!at.isFile("index.html") && at.isDirectory("public"))
                ? at.path("public")
                : at.directory();
    }

    private StepFailure nothing(AppDirectory at) {
        var where = where(at);
        var elsewhere = at.directory().isEmpty() ? projects() : List.<String>of();
        var hint = elsewhere.isEmpty()
                ? FailureKind.NO_PROJECT_FOUND.hint()
                : "Set the project's rootDirectory to where the site is: " + named(elsewhere) + ".";
        return noProject(
                at.json().isPresent()
                        ? "package.json at " + where
                                + " has no build script and no framework that is known, and there is no"
                                + " index.html."
                        : "There is neither a package.json nor an index.html at " + where + ".",
                hint);
    }

    // Parts

    private @Nullable Install install(@Nullable Install detected) {
        var command = settings.installCommand();
        if (command == null) {
            return detected;
        }
        return command.isBlank() ? null : new Install(command, null);
    }

    private OutputDirectories.Candidates outputs(AppDirectory at, Framework framework, List<String> commands) {
        var given = settings.outputDirectory();
        if (given == null) {
            return OutputDirectories.of(at, framework, commands);
        }
        return OutputDirectories.Candidates.only(SourceTree.normalised(at.directory(), given.strip())
                .orElseThrow(() -> new StepFailure(
                        FailureKind.NO_OUTPUT,
                        "The output directory '" + shown(given) + "' is outside of the repository.")));
    }

    private @Nullable Boolean spa(Framework framework) {
        if (settings.spaFallback() != null) {
            return settings.spaFallback();
        }
        return framework.spa() ? Boolean.TRUE : null;
    }

    private List<PackageJson> manifests(AppDirectory at, JavaScriptTools tools) {
        return Stream.of(at.json(), PackageJson.in(tree, tools.directory()), PackageJson.in(tree, ""))
                .flatMap(Optional::stream)
                .distinct()
                .toList();
    }

    private static List<String> places(AppDirectory at, JavaScriptTools tools) {
        return Stream.of(at.directory(), tools.directory(), "").distinct().toList();
    }

    /** Programs that would ask, report home, or greet a person who sits before them. */
    private static Map<String, String> quiet() {
        return Map.ofEntries(
                Map.entry("npm_config_audit", "false"),
                Map.entry("npm_config_fund", "false"),
                Map.entry("npm_config_update_notifier", "false"),
                Map.entry("NEXT_TELEMETRY_DISABLED", "1"),
                Map.entry("ASTRO_TELEMETRY_DISABLED", "1"),
                Map.entry("GATSBY_TELEMETRY_DISABLED", "1"),
                Map.entry("NUXT_TELEMETRY_DISABLED", "1"),
                Map.entry("STORYBOOK_DISABLE_TELEMETRY", "1"),
                Map.entry("TURBO_TELEMETRY_DISABLED", "1"),
                Map.entry("NG_CLI_ANALYTICS", "false"),
                Map.entry("HUSKY", "0"),
                Map.entry("COREPACK_ENABLE_DOWNLOAD_PROMPT", "0"));
    }

    private void say(String sentence) {
        note(Level.info, sentence);
    }

    private void note(Level level, String sentence) {
        notes.add(new Note(level, sentence));
    }

    private static StepFailure noProject(String message, String hint) {
        return new StepFailure(FailureKind.NO_PROJECT_FOUND, message, hint, null, null, null);
    }

    private static String named(List<String> directories) {
        var most = directories.stream()
                .limit(MOST_NAMED)
                .map(FrameworkDetector::shown)
                .collect(Collectors.joining(", "));
        return directories.size() > MOST_NAMED ? most + " and " + (directories.size() - MOST_NAMED) + " more" : most;
    }

    private static String shown(String text) {
        return text.length() > 100 ? text.substring(0, 100) + "…" : text;
    }

    private static String orEmpty(@Nullable String text) {
        return text == null ? "" : text;
    }
}
