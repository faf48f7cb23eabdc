package codehaven.activities.building;

import codehaven.model.Framework;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Where a build's output may be: what the commands and config files say, then what the framework does by itself, then
 * the places that are usual. Config files are read as text, not run: what they compute is not seen, and the usual places
 * are there for that.
 */
final class OutputDirectories {

    private static final List<String> USUAL = List.of(
            "dist",
            "build",
            "out",
            "_site",
            "public",
            "www",
            ".output/public",
            "dist/client",
            "build/client",
            "docs/.vitepress/dist",
            ".vitepress/dist",
            "storybook-static",
            "site",
            "output",
            "target");

    private static final String TEXT = "[\"'`]([^\"'`$\\r\\n]{1,200})[\"'`]";

    /** The last text of a call such as {@code path.resolve(__dirname, '../dist')}, or the text itself. */
    private static final String PLACE = "(?:(?:\\w+\\.)?(?:resolve|join)\\((?:[^()]|\\([^()]{0,100}\\)){0,200}?,\\s*"
            + TEXT + "\\s*,?\\s*\\)|" + TEXT + ")";

    /**
     * Where to look.
     *
     * @param all best first, relative to the top of the tree
     * @param sources those that are in the repository already, and nothing says that the build writes there
     */
    record Candidates(List<String> all, Set<String> sources) {
        static Candidates only(String directory) {
            return new Candidates(List.of(directory), Set.of());
        }
    }

    private final AppDirectory at;
    private final Framework framework;
    private final List<String> commands;
    private final LinkedHashSet<String> found = new LinkedHashSet<>();
    private final Set<String> sources = new HashSet<>();

    private OutputDirectories(AppDirectory at, Framework framework, List<String> commands) {
        this.at = at;
        this.framework = framework;
        this.commands = commands;
    }

    /**
     * Candidates, best first, relative to the top of the tree.
     *
     * @param commands what the build runs, one by one
     */
    static Candidates of(AppDirectory at, Framework framework, List<String> commands) {
        var directories = new OutputDirectories(at, framework, commands);
        directories.own();
        directories.usual();
        return new Candidates(List.copyOf(directories.found), Set.copyOf(directories.sources));
    }

    private void own() {
        switch (framework) {
            case NEXTJS -> add(setting("next.config", "distDir"));
            case NUXT -> {
                add("dist");
                add(".output/public");
            }
            case SVELTEKIT -> {
                add(setting("vite.config", "pages"));
                add(setting("svelte.config", "pages"));
            }
            case ASTRO -> {
                var outDir = flag("astro", "--outDir")
                        .or(() -> setting("astro.config", "outDir"))
                        .orElse("dist");
                if (Pattern.compile("\\badapter\\s*:")
                        .matcher(at.config("astro.config"))
                        .find()) {
                    add(outDir + "/client");
                }
                add(outDir);
            }
            case REACT_ROUTER ->
                setting("react-router.config", "buildDirectory").ifPresent(each -> add(each + "/client"));
            case REMIX -> {
                add("build/client");
                add("public");
            }
            case TANSTACK_START -> add(".output/public");
            case ANALOG -> add("dist/client");
            case VITE, SOLID, QWIK, IONIC_REACT, VIKE -> vite();
            case HEXO -> add(yaml("_config.yml", "public_dir"));
            case DOCUSAURUS -> add(flag("docusaurus", "--out-dir"));
            case VITEPRESS -> press("vitepress", "outDir", ".");
            case VUEPRESS -> press("vuepress", "dest", "");
            case ELEVENTY -> {
                add(flag("eleventy", "--output"));
                for (var config : List.of(at.config("eleventy.config"), at.text(".eleventy.js"))) {
                    add(first("\\bsetOutputDirectory\\(\\s*" + TEXT, config));
                    add(first("\\boutput\\s*:\\s*" + TEXT, config));
                }
            }
            case OBSERVABLE -> add(setting("observablehq.config", "output"));
            case EXPO -> {
                add(flag("expo", "--output-dir"));
                add("web-build");
            }
            case QUASAR -> {
                add(setting("quasar.config", "distDir"));
                add("dist/pwa");
            }
            case ANGULAR, IONIC_ANGULAR -> angular();
            case STENCIL -> {
                add(setting("stencil.config", "dir"));
                add(framework.output());
            }
            case UMI -> {
                add(setting(".umirc", "outputPath"));
                add(setting("config/config", "outputPath"));
            }
            case EMBER -> add(flag("ember", "--output-path", "-o"));
            case PREACT_CLI -> add(flag("preact", "--dest"));
            case VUE_CLI -> {
                add(flag("vue-cli-service", "--dest"));
                add(setting("vue.config", "outputDir"));
            }
            case CREATE_REACT_APP -> {
                commands.forEach(each -> add(first("\\bBUILD_PATH=[\"']?([^\\s\"']+)", each)));
                for (var file : List.of(".env.production.local", ".env.local", ".env.production", ".env")) {
                    add(first("(?m)^[ \\t]*BUILD_PATH\\s*=\\s*[\"']?([^\\s\"']+)", at.text(file)));
                }
            }
            case PARCEL -> {
                add(flag("parcel", "--dist-dir", "--out-dir", "-d"));
                for (var each : json("package.json").path("targets")) {
                    add(Optional.of(each.path("distDir").asText("")));
                }
            }
            case STORYBOOK -> {
                add(flag("storybook", "--output-dir", "-o"));
                add(flag("build-storybook", "--output-dir", "-o"));
            }
            case HUGO -> {
                for (var base : List.of("hugo", "config", "config/_default/hugo", "config/_default/config")) {
                    for (var ending : List.of("toml", "yaml", "yml", "json")) {
                        add(first(
                                "(?im)^[ \\t]*[\"']?publishDir[\"']?\\s*[=:]\\s*[\"']?([^\"'#,\\r\\n]+)",
                                at.text(base + "." + ending)));
                    }
                }
            }
            case ZOLA -> add(first("(?m)^[ \\t]*output_dir\\s*=\\s*" + TEXT, at.text("config.toml")));
            case JEKYLL -> {
                add(flag("jekyll", "--destination", "-d"));
                add(yaml("_config.yml", "destination"));
            }
            case MIDDLEMAN -> add(first(":build_dir\\s*,\\s*" + TEXT, at.text("config.rb")));
            case MKDOCS -> {
                add(yaml("mkdocs.yml", "site_dir"));
                add(yaml("mkdocs.yaml", "site_dir"));
            }
            case PELICAN -> add(first("(?m)^[ \\t]*OUTPUT_PATH\\s*=\\s*" + TEXT, at.text("pelicanconf.py")));
            case STATIC_FILES -> unknown();
            default -> {}
        }
        if (framework != Framework.STATIC_FILES && framework != Framework.ANGULAR) {
            add(framework.output());
        }
        nx();
    }

    /** Vite's outDir is relative to its root. */
    private void vite() {
        var config = at.config("vite.config");
        var root = commands.stream()
                .filter(each -> Signs.runs(each, "vite"))
                .flatMap(each -> first("\\bvite\\s+build\\s+(?!-)([\\w./-]+)", each).stream())
                .findFirst()
                .or(() -> first("(?m)^[ \\t]*root\\s*:\\s*" + PLACE, config))
                .or(() -> first("\\{\\s*root\\s*:\\s*" + PLACE, config))
                .orElse("");
        var outDir = flag("vite", "--outDir").or(() -> setting("vite.config", "outDir"));
        var suffix = framework == Framework.VIKE ? "/client" : "";
        outDir.flatMap(each -> SourceTree.normalised(root, each)).ifPresent(each -> add(each + suffix));
        outDir.ifPresent(each -> add(each + suffix));
        if (!root.isEmpty()) {
            add(root + "/dist" + suffix);
        }
    }

    /** The site's directory is the command's argument, or where the hidden folder is. */
    private void press(String program, String key, String relativeTo) {
        var hidden = "." + program;
        var site = commands.stream()
                .filter(each -> Signs.runs(each, program))
                .flatMap(each -> first("\\bbuild\\s+(?!-)([\\w./-]+)", each).stream())
                .findFirst()
                .or(() -> commands.stream().anyMatch(each -> Signs.runs(each, program))
                        ? Optional.of("")
                        : pressPlace(at, program));
        site.ifPresent(place -> {
            var prefix = place.isEmpty() ? "" : place + "/";
            setting(prefix + hidden + "/config", key)
                    .or(() -> setting(prefix + hidden + "/config/index", key))
                    .ifPresent(each -> add(relativeTo.isEmpty() ? each : prefix + each));
            add(flag(program, "--outDir", "--dest", "-d").map(each -> relativeTo.isEmpty() ? each : prefix + each));
            add(prefix + hidden + "/dist");
        });
    }

    /** The directory whose hidden folder configures VitePress or VuePress. */
    static Optional<String> pressPlace(AppDirectory at, String program) {
        if (at.isDirectory("." + program)) {
            return Optional.of("");
        }
        for (var each : List.of("docs", "src", "doc", "documentation", "website", "site", "content", "packages/docs")) {
            if (at.isDirectory(each + "/." + program)) {
                return Optional.of(each);
            }
        }
        return Optional.empty();
    }

    private void angular() {
        var workspace = json("angular.json");
        var projects = workspace.path("projects");
        var wanted = commands.stream()
                .filter(each -> Signs.runs(each, "ng"))
                .flatMap(each -> first("\\bng\\s+(?:build|b)\\s+(?!-)([\\w@./-]+)", each).stream())
                .findFirst()
                .orElse(workspace.path("defaultProject").asText(""));
        var names = new ArrayList<String>();
        projects.fieldNames().forEachRemaining(names::add);
        names.removeIf(each ->
                projects.path(each).path("projectType").asText("application").equals("library"));
        if (names.remove(wanted)) {
            names.addFirst(wanted);
        }
        for (var name : names) {
            var project = projects.path(name);
            var build = project.path(project.has("targets") ? "targets" : "architect")
                    .path("build");
            var builder = build.path("builder").asText(build.path("executor").asText(""));
            var path = build.path("options").path("outputPath");
            var base = path.isObject() ? path.path("base").asText("dist/" + name) : path.asText("dist/" + name);
            var browser = path.isObject() ? path.path("browser").asText("browser") : "browser";
            var nested = browser.isEmpty() ? base : base + "/" + browser;
            if (builder.endsWith(":browser") || builder.endsWith(":browser-esbuild")) {
                add(base);
                add(nested);
            } else {
                add(nested);
                add(base);
            }
        }
        if (at.packageJson().name() != null) {
            add("dist/" + at.packageJson().name() + "/browser");
            add("dist/" + at.packageJson().name());
        }
        add("dist/browser");
        add("dist");
        add("www");
    }

    /** Nx keeps outputs at the top of the repository. */
    private void nx() {
        var build = json("project.json").path("targets").path("build");
        var path = build.path("options").path("outputPath").asText("");
        if (!path.isEmpty() && !path.contains("{")) {
            SourceTree.normalised("", path).ifPresent(each -> {
                found.add(SourceTree.in(each, "browser"));
                found.add(each);
            });
        }
    }

    /** A build that is in no table: its commands' flags and its bundler's config say something. */
    private void unknown() {
        for (var each : commands) {
            add(first(
                    "(?:--out-?[dD]ir|--output-dir|--dist-dir|--outdir|--dest|--output-path|--output)[= ]+[\"']?([\\w./-]+)",
                    each));
        }
        for (var config : List.of("webpack.config", "webpack.prod", "webpack.config.prod", "rspack.config")) {
            add(first("\\bpath\\s*:\\s*" + PLACE, at.config(config)));
        }
        add(first("\\bdistPath\\s*:\\s*\\{[^}]*\\broot\\s*:\\s*" + TEXT, at.config("rsbuild.config")));
        add(first("\\bdistPath\\s*:\\s*" + TEXT, at.config("rsbuild.config")));
        add(first("\\bdir\\s*:\\s*" + TEXT, at.config("rollup.config")));
    }

    /** What is in the tree before the build is not its output, unless nothing else is: then it comes last. */
    private void usual() {
        var before = new ArrayList<String>();
        for (var each : USUAL) {
            if (at.isDirectory(each)) {
                before.add(at.path(each));
            } else {
                add(each);
            }
        }
        if (framework == Framework.STATIC_FILES) {
            before.add(at.directory());
            before.removeAll(found);
            sources.addAll(before);
            found.addAll(before);
        }
    }

    private Optional<String> setting(String config, String key) {
        return first("[\"']?\\b" + key + "[\"']?\\s*:\\s*" + PLACE, at.config(config));
    }

    private Optional<String> yaml(String file, String key) {
        return first("(?m)^" + key + "\\s*:\\s*[\"']?([^\"'#\\r\\n]+)", at.text(file));
    }

    /** The value of one of the program's flags, in the commands that start it. */
    private Optional<String> flag(String program, String... flags) {
        for (var command : commands) {
            if (Signs.runs(command, program)) {
                for (var each : flags) {
                    var value = first("(?:^|\\s)" + Pattern.quote(each) + "(?:=|\\s+)[\"']?([\\w@./-]+)", command);
                    if (value.isPresent()) {
                        return value;
                    }
                }
            }
        }
        return Optional.empty();
    }

    private JsonNode json(String file) {
        return PackageJson.json(at.tree(), at.path(file));
    }

    private static Optional<String> first(String pattern, String text) {
        var found = Pattern.compile(pattern).matcher(text);
        if (!found.find()) {
            return Optional.empty();
        }
        for (int i = 1; i <= found.groupCount(); i++) {
            if (found.group(i) != null) {
                return Optional.of(found.group(i).strip());
            }
        }
        return Optional.empty();
    }

    private void add(Optional<String> directory) {
        directory.filter(each -> !each.isBlank()).ifPresent(this::add);
    }

    /** Never the project's directory itself: where a config says so, it means something else. */
    private void add(String directory) {
        SourceTree.normalised(at.directory(), directory)
                .filter(each -> !each.equals(at.directory()))
                .ifPresent(found::add);
    }
}
