package codehaven.activities.building;

import static codehaven.model.Framework.*;

import codehaven.model.Framework;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** By what a framework is known: the first sign that a directory shows, from the top of the table, is what it is. */
final class Signs {

    private record Sign(Framework framework, Predicate<AppDirectory> shows) {}

    /** Things that often live beside the app of the same package: the build script says whether they are what is built. */
    private static final Set<Framework> COMPANIONS = EnumSet.of(
            DOCUSAURUS, VITEPRESS, VUEPRESS, ELEVENTY, HEXO, OBSERVABLE, SANITY, EXPO, PARCEL, WAKU, VIKE, ANGULAR);

    /** Made with Node.js, and files alone when built, or at least when told to. */
    private static final List<Sign> SITES = List.of(
            new Sign(NEXTJS, at -> at.uses("next") || at.hasConfig("next.config")),
            new Sign(NUXT, at -> at.uses("nuxt", "nuxt3", "nuxt-edge", "nuxt-nightly") || at.hasConfig("nuxt.config")),
            uses(SVELTEKIT, "@sveltejs/kit"),
            new Sign(ASTRO, at -> at.uses("astro") || at.hasConfig("astro.config")),
            new Sign(REMIX, at -> at.uses("@remix-run/dev") || at.hasConfig("remix.config")),
            new Sign(
                    REACT_ROUTER,
                    at -> at.uses("@react-router/dev")
                            || at.hasConfig("react-router.config")
                            || at.config("vite.config").contains("@react-router/dev/vite")),
            uses(TANSTACK_START, "@tanstack/react-start", "@tanstack/solid-start", "@tanstack/start"),
            uses(SOLID_START, "@solidjs/start"),
            uses(ANALOG, "@analogjs/platform"),
            uses(QWIK, "@builder.io/qwik-city", "@builder.io/qwik", "@qwik.dev/router", "@qwik.dev/core"),
            new Sign(GATSBY, at -> at.uses("gatsby") || at.hasConfig("gatsby-config")),
            uses(DOCUSAURUS, "@docusaurus/core"),
            uses(VITEPRESS, "vitepress"),
            uses(VUEPRESS, "vuepress"),
            new Sign(
                    ELEVENTY,
                    at -> at.uses("@11ty/eleventy") || at.isFile(".eleventy.js") || at.hasConfig("eleventy.config")),
            uses(HEXO, "hexo"),
            uses(GRIDSOME, "gridsome"),
            new Sign(REDWOOD, at -> at.uses("@redwoodjs/core") || at.isFile("redwood.toml")),
            uses(WAKU, "waku"),
            uses(VIKE, "vike", "vite-plugin-ssr"),
            uses(OBSERVABLE, "@observablehq/framework"),
            new Sign(SANITY, at -> at.uses("sanity") && (at.hasConfig("sanity.config") || at.hasConfig("sanity.cli"))),
            uses(EXPO, "expo"),
            uses(QUASAR, "@quasar/app-vite", "@quasar/app-webpack", "@quasar/app", "quasar-cli"),
            uses(IONIC_ANGULAR, "@ionic/angular"),
            new Sign(IONIC_REACT, at -> at.uses("@ionic/react") && at.uses("react-scripts")),
            uses(STENCIL, "@stencil/core"),
            uses(UMI, "umi", "@umijs/max"),
            new Sign(
                    ANGULAR,
                    at -> at.uses("@angular/cli", "@angular/build", "@angular-devkit/build-angular")
                            || at.isFile("angular.json")),
            uses(EMBER, "ember-source", "ember-cli"),
            uses(PREACT_CLI, "preact-cli"),
            uses(VUE_CLI, "@vue/cli-service"),
            uses(CREATE_REACT_APP, "react-scripts", "react-dev-utils"),
            new Sign(SOLID, at -> at.uses("solid-js") && isViteApp(at)),
            new Sign(VITE, Signs::isViteApp),
            new Sign(SVELTE_ROLLUP, at -> at.uses("svelte") && at.uses("sirv-cli")),
            uses(PARCEL, "parcel", "parcel-bundler"),
            new Sign(
                    STORYBOOK, at -> at.uses("storybook") && (at.isDirectory(".storybook") || hasStorybookScript(at))));

    private static final Pattern BASE_URL = Pattern.compile("(?im)^[ \\t]*[\"']?baseURL[\"']?\\s*[=:]");
    private static final Pattern ZOLA_URL = Pattern.compile("(?m)^[ \\t]*base_url\\s*=");
    private static final Pattern SPHINX_CONFIG =
            Pattern.compile("(?m)^[ \\t]*(?:extensions|html_theme|master_doc|project)\\s*=");
    private static final List<String> DATA = List.of("toml", "yaml", "yml", "json");

    /** Where Sphinx projects have their conf.py. */
    static final List<String> SPHINX_PLACES = List.of("", "docs", "docs/source", "doc", "doc/source", "source");

    /** Made with other languages, and files alone when built. */
    private static final List<Sign> OTHER_SITES = List.of(
            new Sign(HUGO, Signs::isHugo),
            new Sign(ZOLA, at -> ZOLA_URL.matcher(at.text("config.toml")).find() || at.isFile("zola.toml")),
            new Sign(
                    JEKYLL,
                    at -> (at.isFile("_config.yml")
                                    || at.isFile("_config.yaml")
                                    || at.text("Gemfile").contains("jekyll"))
                            && !at.isFile(".nojekyll")),
            new Sign(
                    MIDDLEMAN,
                    at -> at.isFile("config.rb") && at.text("Gemfile").contains("middleman")),
            new Sign(MKDOCS, at -> at.isFile("mkdocs.yml") || at.isFile("mkdocs.yaml")),
            new Sign(PELICAN, at -> at.isFile("pelicanconf.py")),
            new Sign(SPHINX, at -> sphinxPlace(at).isPresent()));

    /** Programs that answer requests themselves. */
    private static final List<Sign> JAVASCRIPT_SERVERS = List.of(
            new Sign(NITRO, at -> at.uses("nitropack", "nitro") && at.hasConfig("nitro.config")),
            uses(NESTJS, "@nestjs/core"),
            server(FASTIFY, "fastify"),
            server(EXPRESS, "express"),
            server(KOA, "koa"),
            server(HONO, "hono"),
            server(ELYSIA, "elysia"),
            new Sign(NODE, Signs::startsNode));

    private static final List<Sign> OTHER_SERVERS = List.of(
            new Sign(DENO, at -> at.isFile("deno.json") || at.isFile("deno.jsonc")),
            new Sign(DJANGO, at -> at.isFile("manage.py") || python(at, "django")),
            new Sign(FASTAPI, at -> python(at, "fastapi")),
            new Sign(FLASK, at -> python(at, "flask")),
            new Sign(
                    PYTHON,
                    at -> Stream.of("python-fasthtml", "starlette", "litestar", "uvicorn", "gunicorn")
                            .anyMatch(each -> python(at, each))),
            new Sign(
                    GO,
                    at -> at.isFile("go.mod")
                            && (at.isFile("main.go")
                                    || at.tree().names(at.path("cmd")).stream()
                                            .anyMatch(each -> at.isFile("cmd/" + each + "/main.go"))
                                    || at.tree().names(at.directory()).stream()
                                            .filter(each -> each.endsWith(".go"))
                                            .anyMatch(each -> at.text(each).contains("package main")))),
            new Sign(RUST, at -> at.isFile("Cargo.toml") && at.isFile("src/main.rs")),
            new Sign(
                    JAVA,
                    at -> at.isFile("pom.xml")
                            || at.isFile("gradlew")
                            || at.isFile("build.gradle")
                            || at.isFile("build.gradle.kts")),
            new Sign(LARAVEL, at -> at.isFile("artisan")),
            new Sign(PHP, at -> at.isFile("composer.json") || at.isFile("index.php") || at.isFile("public/index.php")),
            new Sign(RAILS, at -> at.isFile("config/application.rb")),
            new Sign(RUBY, at -> at.isFile("Gemfile") && at.isFile("config.ru")));

    private Signs() {}

    /** What a directory is, if anything of the table; plain files and unknown builds are not. */
    static Optional<Framework> read(AppDirectory at, @Nullable String buildScript) {
        if (Dockerfiles.ours(at).isPresent()) {
            return Optional.of(DOCKERFILE);
        }
        var shown = new ArrayList<Framework>();
        for (var each : SITES) {
            if (each.shows.test(at)) {
                shown.add(each.framework);
            }
        }
        if (!shown.isEmpty()) {
            return Optional.of(chosen(shown, at, buildScript));
        }
        return first(OTHER_SITES, at)
                .or(() -> at.json().isPresent() ? first(JAVASCRIPT_SERVERS, at) : Optional.empty())
                .or(() -> first(OTHER_SERVERS, at));
    }

    /** Whether a Dockerfile is all that there is to go by. */
    static boolean hasDockerfile(AppDirectory at) {
        return Dockerfiles.usual(at).isPresent();
    }

    private static Framework chosen(List<Framework> shown, AppDirectory at, @Nullable String buildScript) {
        if (buildScript != null && shown.size() > 1 && COMPANIONS.contains(shown.getFirst())) {
            var commands = at.commands(buildScript);
            for (var each : shown) {
                var program = each.command().split(" ", 2)[0];
                if (!program.isEmpty() && commands.stream().anyMatch(it -> runs(it, program))) {
                    return each;
                }
            }
        }
        return shown.getFirst();
    }

    /** Whether a single command starts the program, at its beginning or behind variables, npx and the like. */
    static boolean runs(String command, String program) {
        return Pattern.compile("(?:^|[\\s/\"'])" + Pattern.quote(program) + "(?:$|[\\s\"'@])")
                .matcher(command)
                .find();
    }

    static Optional<String> sphinxPlace(AppDirectory at) {
        return SPHINX_PLACES.stream()
                .filter(each -> SPHINX_CONFIG
                        .matcher(at.text(each.isEmpty() ? "conf.py" : each + "/conf.py"))
                        .find())
                .findFirst();
    }

    private static Optional<Framework> first(List<Sign> signs, AppDirectory at) {
        return signs.stream().filter(each -> each.shows.test(at)).findFirst().map(Sign::framework);
    }

    private static Sign uses(Framework framework, String... dependencies) {
        return new Sign(framework, at -> at.uses(dependencies));
    }

    private static Sign server(Framework framework, String dependency) {
        return new Sign(
                framework,
                at -> at.packageJson().has(dependency)
                        && (importsIt(at, dependency) || (startsNode(at) && !buildsPages(at))));
    }

    private static final List<String> ENTRIES =
            List.of("app", "index", "server", "main", "src/app", "src/index", "src/server", "src/main");

    private static boolean importsIt(AppDirectory at, String dependency) {
        var imports = Pattern.compile("(?:from|require\\(|import)\\s*['\"]" + Pattern.quote(dependency) + "['\"]");
        var main = at.packageJson().main();
        return ENTRIES.stream()
                        .anyMatch(each -> imports.matcher(at.config(each)).find())
                || (main != null
                        && SourceTree.normalised(at.directory(), main)
                                .flatMap(at.tree()::text)
                                .filter(text -> imports.matcher(text).find())
                                .isPresent());
    }

    private static boolean startsNode(AppDirectory at) {
        if (at.isFile("server.js")
                || at.isFile("src/server.js")
                || at.isFile("server.ts")
                || at.isFile("src/server.ts")) {
            return !buildsPages(at);
        }
        return at.packageJson()
                .script("start")
                .filter(each -> runs(each, "node") || runs(each, "tsx") || runs(each, "ts-node") || runs(each, "bun"))
                .filter(each -> !buildsPages(at))
                .isPresent();
    }

    private static boolean buildsPages(AppDirectory at) {
        return at.packageJson().script("build").isPresent()
                && (at.isFile("index.html") || at.isFile("public/index.html") || at.isFile("src/index.html"));
    }

    private static boolean isViteApp(AppDirectory at) {
        if (!at.uses("vite", "rolldown-vite", "vite-plus") && !at.hasConfig("vite.config")) {
            return false;
        }
        var builds = at.packageJson().script("build").stream()
                .flatMap(each -> at.commands(each).stream())
                .anyMatch(each -> runs(each, "vite"));
        return builds || at.isFile("index.html") || (at.hasConfig("vite.config") && !hasStorybookScript(at));
    }

    private static boolean hasStorybookScript(AppDirectory at) {
        return at.packageJson().script("build-storybook").isPresent();
    }

    private static boolean isHugo(AppDirectory at) {
        for (var each : DATA) {
            if (at.isFile("hugo." + each)
                    || at.isFile("config/_default/hugo." + each)
                    || BASE_URL.matcher(at.text("config." + each)).find()
                    || BASE_URL.matcher(at.text("config/_default/config." + each))
                            .find()) {
                return true;
            }
        }
        return false;
    }

    private static boolean python(AppDirectory at, String distribution) {
        var named = Pattern.compile("(?im)(?:^|[\"'\\s])" + Pattern.quote(distribution) + "(?:$|[\"'\\s\\[=<>~!;])");
        for (var each : List.of("requirements.txt", "pyproject.toml", "Pipfile")) {
            if (named.matcher(at.text(each)).find()) {
                return true;
            }
        }
        return false;
    }
}
