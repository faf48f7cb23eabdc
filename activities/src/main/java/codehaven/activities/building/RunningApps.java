package codehaven.activities.building;

import codehaven.model.FailureKind;
import codehaven.model.Framework;
import codehaven.model.Kind;
import codehaven.workflows.StepFailure;
import java.util.Optional;
import java.util.regex.Pattern;

/** Tells sites that are files when built from apps that have to run, for frameworks that make both. */
final class RunningApps {

    private static final String ONLY_FILES =
            "Add a Dockerfile to the repository. To publish only its files, set framework to static and outputDirectory to where they are.";

    /** Servers that live in the same package as the pages that they serve. */
    private static final String[] SERVERS = {"express", "fastify", "koa", "hono", "@hono/node-server", "@nestjs/core"};

    /** What Nitro makes for platforms that start it in their own way, from a folder of their own. */
    private static final Pattern OTHERS_PRESET = Pattern.compile(
            "\\bpreset\\s*:\\s*['\"`]((?:vercel|netlify|cloudflare|aws|azure|firebase|deno|zeabur|stormkit|edgio|layer0)[\\w-]*)['\"`]");

    private RunningApps() {}

    /**
     * @throws StepFailure when it is an app of a language that nothing is known to build with but a Dockerfile
     */
    static void refuse(Framework framework, AppDirectory at) {
        switch (framework) {
            case DENO, RAILS, RUBY, LARAVEL, PHP, RUST -> throw without(framework, at);
            case ELYSIA -> {
                if (!at.uses("@elysiajs/node")) {
                    throw without(framework, at);
                }
            }
            default -> {
                // There is a recipe.
            }
        }
    }

    private static StepFailure without(Framework framework, AppDirectory at) {
        var where = at.directory().isEmpty() ? "This" : at.directory();
        return failure(
                where + " is " + article(framework) + framework.label()
                        + " app, which can be built by a Dockerfile only, and there is none.",
                ONLY_FILES);
    }

    private static String article(Framework framework) {
        return "AEIOU".indexOf(framework.label().charAt(0)) >= 0 ? "an " : "a ";
    }

    private static StepFailure failure(String message, String hint) {
        return new StepFailure(FailureKind.NO_PROJECT_FOUND, message, hint, null, null, null);
    }

    /**
     * For an app that nobody said how to start.
     *
     * @param build the build command, empty where there is none
     * @throws StepFailure when the app is made for another platform's servers
     */
    static void refuseOthersServers(Framework framework, AppDirectory at, String build) {
        if (framework == Framework.SVELTEKIT) {
            var configs = at.config("svelte.config") + at.config("vite.config");
            var adapter = Pattern.compile("@sveltejs/adapter-(?!auto|node|static)[a-z-]+")
                    .matcher(configs);
            if (adapter.find() && !configs.contains("@sveltejs/adapter-node")) {
                throw failure(
                        "The SvelteKit app is made for another platform by " + adapter.group() + ".",
                        "Install @sveltejs/adapter-node and use it in the config instead, or @sveltejs/adapter-static for files alone.");
            }
        }
        switch (framework) {
            case NUXT, NITRO, SOLID_START, TANSTACK_START -> {
                var preset = OTHERS_PRESET.matcher(at.config("nuxt.config")
                        + at.config("nitro.config")
                        + at.config("app.config")
                        + at.config("vite.config"));
                if (preset.find() && at.commands(build).stream().noneMatch(each -> each.contains("--preset"))) {
                    throw failure(
                            "The " + framework.label() + " app is made for another platform by the preset '"
                                    + preset.group(1) + "'.",
                            "Set the preset to 'node-server', or remove it.");
                }
            }
            case REMIX, REACT_ROUTER -> {
                var configs = at.config("vite.config") + at.config("react-router.config");
                if (has("\\bvercelPreset\\s*\\(", configs) && !has("\\bVERCEL\\b", configs)) {
                    throw failure(
                            "The " + framework.label() + " app is made for another platform by vercelPreset.",
                            "Remove vercelPreset from vite.config or react-router.config.");
                }
            }
            default -> {
                // The others are below, or have none.
            }
        }
        if (framework == Framework.ASTRO && !at.config("astro.config").contains("@astrojs/node")) {
            throw failure(
                    "The Astro app renders pages on request, and has no adapter for Node.js.",
                    "Run 'npx astro add node', which adds @astrojs/node in standalone mode; or remove output: 'server' from astro.config, so that the pages are files in dist/.");
        }
    }

    /**
     * Whether it answers requests itself when built.
     *
     * @param build the build command, empty where there is none
     */
    static boolean runs(Framework framework, AppDirectory at, String build) {
        return framework.kind() == Kind.DYNAMIC
                || reason(framework, at, build).isPresent()
                || servesItsPages(framework, at);
    }

    /** A bundler's pages, and in the same package the server that they talk to. */
    private static boolean servesItsPages(Framework framework, AppDirectory at) {
        return switch (framework) {
            case VITE, SOLID, CREATE_REACT_APP, PARCEL, VUE_CLI, SVELTE_ROLLUP, VIKE ->
                java.util.stream.Stream.of(SERVERS)
                                .anyMatch(each -> at.packageJson().has(each)
                                        && !at.packageJson().forDevelopment().contains(each))
                        && at.packageJson()
                                .script("start")
                                .filter(each -> Signs.runs(each, "node")
                                        || Signs.runs(each, "tsx")
                                        || Signs.runs(each, "ts-node"))
                                .isPresent();
            default -> false;
        };
    }

    /** What would make files of it, when it has to run. */
    static Optional<String> reason(Framework framework, AppDirectory at, String build) {
        return switch (framework) {
            case NEXTJS ->
                unless(
                        has("\\boutput\\s*:\\s*[^,;}\\n]{0,200}['\"`]export['\"`]", at.config("next.config"))
                                || at.commands(build).stream().anyMatch(each -> each.contains("next export")),
                        "Set output: 'export' in next.config, which makes files in out/.");
            case NUXT ->
                unless(
                        isGenerated(at, build),
                        "Set the build command to 'npx nuxt generate', which makes files in .output/public/.");
            case SVELTEKIT -> svelteKit(at);
            case ASTRO ->
                unless(
                        !has("\\boutput\\s*:\\s*['\"`](?:server|hybrid)['\"`]", at.config("astro.config"))
                                && !at.config("astro.config").contains("@astrojs/node"),
                        "Remove output: 'server' from astro.config, so that the pages are files in dist/.");
            case REMIX ->
                unless(
                        has("\\bssr\\s*:\\s*false", at.config("vite.config")),
                        "Set ssr: false for Remix in vite.config, which makes files in build/client/.");
            case REACT_ROUTER ->
                unless(
                        has("\\bssr\\s*:\\s*false", at.config("react-router.config")),
                        "Set ssr: false in react-router.config, which makes files in build/client/.");
            case TANSTACK_START ->
                unless(
                        has(
                                "\\bspa\\s*:(?!\\s*\\{[^}]{0,300}\\benabled\\s*:\\s*false)",
                                at.config("vite.config") + at.config("app.config")),
                        "Set spa: { enabled: true } for TanStack Start in vite.config, which makes files in dist/client/.");
            case SOLID_START ->
                unless(
                        has("['\"`]static['\"`]|\\bssr\\s*:\\s*false|\\bprerender\\s*:", at.config("app.config")),
                        "Set server: { preset: 'static' } in app.config, which makes files in .output/public/.");
            default -> Optional.empty();
        };
    }

    /** Whether Nuxt is to make files. The text of the build command may be Nuxt's own or run a script that is. */
    static boolean isGenerated(AppDirectory at, String build) {
        return at.commands(build).stream()
                        .anyMatch(each -> has("\\b(?:nuxt|nuxi)\\S*\\s+generate|\\bbuild\\s+.*--prerender", each))
                || has(
                        (isNuxt2(at) ? "\\bssr\\s*:\\s*false|" : "")
                                + "\\btarget\\s*:\\s*['\"`]static['\"`]|\\bpreset\\s*:\\s*['\"`](?:static|github[_-]pages)['\"`]",
                        at.config("nuxt.config"));
    }

    /** Nuxt 2 makes files of a site without a server's part; later ones make a server that hands out its one page. */
    private static boolean isNuxt2(AppDirectory at) {
        return at.packageJson().dependencies().getOrDefault("nuxt", "").matches("[\\^~=v]*2\\b.*");
    }

    /** Since SvelteKit 2.60 the adapter may be in vite.config as well. */
    private static Optional<String> svelteKit(AppDirectory at) {
        var hint =
                "Install @sveltejs/adapter-static, use it in place of the adapter in svelte.config or vite.config, and add"
                        + " 'export const prerender = true' to src/routes/+layout.";
        var configs = at.config("svelte.config") + at.config("vite.config");
        if (configs.contains("@sveltejs/adapter-")) {
            return unless(configs.contains("@sveltejs/adapter-static"), hint);
        }
        return unless(at.uses("@sveltejs/adapter-static") || configs.contains("adapter"), hint);
    }

    private static Optional<String> unless(boolean files, String hint) {
        return files ? Optional.empty() : Optional.of(hint);
    }

    private static boolean has(String pattern, String text) {
        return Pattern.compile(pattern).matcher(text).find();
    }
}
