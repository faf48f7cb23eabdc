package codehaven.activities.building;

import codehaven.activities.building.Recipe.Note;
import codehaven.activities.building.Running.Asset;
import codehaven.activities.building.Running.Piece;
import codehaven.model.BuildSettings;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.Framework;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What of a built Node.js app goes into its image, and how it is started there.
 *
 * @param build the build command, absent where nothing is built
 * @param variables what the build is told besides
 */
record NodeApp(Running.Tree running, @Nullable String build, Map<String, String> variables, List<Note> notes) {

    private static final Pattern STANDALONE =
            Pattern.compile("\\boutput\\s*:\\s*[^,;}\\n]{0,200}['\"`]standalone['\"`]");
    private static final Pattern OUT =
            Pattern.compile("\\badapter\\s*\\(\\s*\\{[^}]{0,300}?\\bout\\s*:\\s*['\"`]([\\w./-]{1,100})['\"`]");
    private static final Pattern ASTRO_OUT = Pattern.compile("\\boutDir\\s*:\\s*['\"`]([\\w./-]{1,100})['\"`]");
    private static final Pattern BASE_PATH = Pattern.compile("\\b(?:basePath|assetPrefix)\\b");
    private static final Pattern KIT_PATHS = Pattern.compile("\\bpaths\\s*:");

    /** How many source files are looked through for imports at most. */
    private static final int MOST_READ = 400;

    private static final Pattern SOURCES = Pattern.compile(".*\\.[cm]?[jt]sx?");
    private static final Pattern NOT_RUN = Pattern.compile(
            "(?i)(?:^|.*[./_-])(?:test|tests|spec|e2e|cypress|playwright|stories|storybook|mocks|fixtures|eslint|prettier|jest|vitest|webpack|rollup|babel|tailwind|postcss|gulpfile|gruntfile|d)(?:[./_-].*)?\\.[cm]?[jt]sx?");

    /** Of a tool for development, at the top of the project; Next.js reads its own at every start. */
    private static final Pattern TOOLS_CONFIG =
            Pattern.compile("(?i)(?!next\\.).+\\.config(?:\\.[\\w-]+)?\\.[cm]?[jt]s");

    private static final Pattern IMPORTS =
            Pattern.compile("(?:\\bfrom\\s*|\\brequire\\(\\s*|\\bimport\\s*\\(?\\s*)['\"]((?:@[\\w.-]+/)?[\\w.-]+)");

    /** Makes the standalone output whole, and startable from its top wherever the app lies in it. */
    private static final String STANDALONE_FINISH = """
            s=.next/standalone
            if [ -d "$s" ]; then
                d=$(cd "$s" && find . -name node_modules -prune -o -name server.js -print | awk '{ print length($0), $0 }' | sort -n | head -n 1 | cut -d' ' -f2-)
                d=${d%/server.js}
                mkdir -p "$s/$d/.next"
                rm -rf "$s/$d/.next/cache"
                ln -s /tmp "$s/$d/.next/cache"
                cp -R .next/static "$s/$d/.next/"
                if [ -d public ]; then cp -R public "$s/$d/"; fi
                if [ "$d" != . ] && [ -n "$d" ]; then
                    printf "process.chdir(__dirname + '/%s');\\nrequire('./%s/server.js');\\n" "$d" "$d" >"$s/server.js"
                    cp -R .next/static "$s/.codehaven-static"
                fi
            fi""";

    /** One that is being made. */
    private static final class Making {
        final AppDirectory at;
        final Framework framework;
        final JavaScriptTools tools;
        final BuildSettings settings;
        final List<Note> notes = new ArrayList<>();
        final Map<String, String> variables = new HashMap<>();

        @Nullable
        String build;

        /** What has to be done in a shell before dependencies are pruned, absent where that is nothing. */
        @Nullable
        String extra;

        Making(
                AppDirectory at,
                Framework framework,
                JavaScriptTools tools,
                BuildSettings settings,
                @Nullable String build) {
            this.at = at;
            this.framework = framework;
            this.tools = tools;
            this.settings = settings;
            this.build = build;
        }

        boolean startsItself() {
            return settings.startCommand() != null && !settings.startCommand().isBlank();
        }

        NodeApp app() {
            var own = startsItself() ? Optional.<NodeApp>empty() : ofFramework();
            return own.orElseGet(this::whole);
        }

        private Optional<NodeApp> ofFramework() {
            return switch (framework) {
                case NEXTJS ->
                    STANDALONE.matcher(at.config("next.config")).find() && build != null && !hasOwnServer()
                            ? Optional.of(standalone())
                            : Optional.empty();
                case NUXT, NITRO, SOLID_START -> Optional.of(nitro());
                case TANSTACK_START ->
                    at.uses("nitro", "nitropack", "vinxi", "nitro-nightly", "@tanstack/nitro-v2-vite-plugin")
                            ? Optional.of(nitro())
                            : Optional.empty();
                case SVELTEKIT -> Optional.of(svelteKit());
                case ASTRO -> Optional.of(astro());
                default -> Optional.empty();
            };
        }

        private boolean hasOwnServer() {
            return at.packageJson()
                    .script("start")
                    .filter(each -> each.matches(".*\\bnode (?!\\.next/)\\S+.*"))
                    .isPresent();
        }

        private NodeApp standalone() {
            note("Next.js makes a standalone server.");
            var assets = new ArrayList<Asset>();
            if (hashedAtTheTop()) {
                assets.add(new Asset(Running.HOME + "/.next/static", "_next/static"));
                assets.add(new Asset(Running.HOME + "/.codehaven-static", "_next/static"));
            }
            if (publicIsPlain()) {
                assets.add(new Asset(Running.HOME + "/public", ""));
                assets.add(new Asset(Running.HOME + "/" + inTools("public"), ""));
            }
            return made(
                    List.of(new Piece(at.path(".next/standalone"), "")),
                    List.of(),
                    at.path(".next/standalone"),
                    "",
                    STANDALONE_FINISH,
                    List.of("node", "server.js"),
                    Running.NODE_PORT,
                    assets);
        }

        private boolean hashedAtTheTop() {
            return !BASE_PATH.matcher(at.config("next.config")).find();
        }

        /** Middleware and rules of the config may have a say in who gets a file of public. */
        private boolean publicIsPlain() {
            for (var each : List.of("middleware", "src/middleware", "proxy", "src/proxy")) {
                if (at.hasConfig(each)) {
                    return false;
                }
            }
            return hashedAtTheTop()
                    && !Pattern.compile("\\b(?:headers|redirects|rewrites|i18n)\\b")
                            .matcher(at.config("next.config"))
                            .find();
        }

        private NodeApp nitro() {
            var base = Pattern.compile("\\bbaseURL\\s*:")
                    .matcher(at.config("nuxt.config") + at.config("nitro.config") + at.config("app.config"))
                    .find();
            return made(
                    List.of(new Piece(at.path(".output"), ".output")),
                    List.of(),
                    at.directory(),
                    "",
                    null,
                    List.of("node", ".output/server/index.mjs"),
                    Running.NODE_PORT,
                    base ? List.of() : List.of(new Asset(Running.HOME + "/.output/public", "")));
        }

        private NodeApp svelteKit() {
            var configs = at.config("svelte.config") + at.config("vite.config");
            if (!configs.contains("@sveltejs/adapter-node")) {
                // adapter-auto knows platforms by their variables; this one means plain Node.js.
                variables.put("GCP_BUILDPACKS", "codehaven");
                note(
                        "adapter-auto is told to make a Node.js server. To choose it yourself, install @sveltejs/adapter-node and name it in the config.");
            }
            var out = first(OUT, configs).orElse("build");
            return bundled(out, List.of("node", out), KIT_PATHS.matcher(configs).find() ? null : out + "/client");
        }

        private NodeApp astro() {
            var config = at.config("astro.config");
            var out = first(ASTRO_OUT, config)
                    .flatMap(each -> SourceTree.normalised("", each))
                    .orElse("dist");
            var base = Pattern.compile("\\bbase\\s*:").matcher(config).find();
            return bundled(out, List.of("node", "./" + out + "/server/entry.mjs"), base ? null : out + "/client");
        }

        /** A server that is made of files of its own and of dependencies. */
        private NodeApp bundled(String out, List<String> start, @Nullable String client) {
            if (!tools.directory().equals(at.directory())) {
                return whole(start, Running.NODE_PORT, client == null ? List.of() : List.of(client), null);
            }
            var pieces = new ArrayList<>(List.of(new Piece(at.path(out), out)));
            pieces.add(new Piece(at.path("node_modules"), "node_modules"));
            return made(
                    pieces,
                    List.of(at.path("package.json")),
                    at.directory(),
                    "",
                    prune(null),
                    start,
                    Running.NODE_PORT,
                    client == null ? List.of() : List.of(new Asset(Running.HOME + "/" + client, "")));
        }

        private NodeApp whole() {
            var start = NodeStart.of(at, framework, settings.startCommand(), build != null);
            notes.addAll(start.notes());
            if (build == null && start.build() != null && settings.buildCommand() == null) {
                build = start.build();
            }
            compile(start);
            warnOfLoopback(start);
            var assets = new ArrayList<String>();
            switch (framework) {
                case NEXTJS -> {
                    return whole(StartCommand.exec(start.command()), start.port(at), List.of(), start);
                }
                case REACT_ROUTER, REMIX -> {
                    if (!Pattern.compile("\\b(?:basename|base)\\s*:")
                            .matcher(at.config("react-router.config") + at.config("vite.config"))
                            .find()) {
                        assets.add("build/client");
                    }
                }
                case EXPRESS, FASTIFY, KOA, HONO, ELYSIA, NODE -> {
                    var exported = startsItself() ? Optional.<ExportedApp>empty() : ExportedApp.of(start, at);
                    if (exported.isPresent()) {
                        note(start.entry() + " exports the app and starts no server: one is started for it.");
                        extra = ExportedApp.program();
                        return whole(
                                StartCommand.exec(exported.get().start()), Running.NODE_PORT, List.of("public"), start);
                    }
                }
                default -> {
                    // What they serve, and where, only their code knows.
                }
            }
            return whole(StartCommand.exec(start.command()), start.port(at), assets, start);
        }

        /** Compiles TypeScript that nothing else compiles. */
        private void compile(NodeStart start) {
            var entry = start.entry();
            if (build != null
                    || settings.buildCommand() != null
                    || entry == null
                    || !at.uses("typescript")
                    || !at.isFile("tsconfig.json")
                    || !entry.matches("(?:dist|build|out|lib)/.*")
                    || at.isFile(entry)
                    || at.isFile(entry + ".js")) {
                return;
            }
            build = tools.plugAndPlay(at.tree()) ? "yarn run tsc" : "tsc";
            note("There is no build script, and " + entry + " is not in the repository: compiling with tsc.");
        }

        private void warnOfLoopback(NodeStart start) {
            var text = start.entryText(at);
            if (framework == Framework.FASTIFY && text.contains(".listen(") && !text.contains("host")) {
                notes.add(
                        new Note(
                                Level.warn,
                                "Fastify listens on localhost only unless it is told a host, and is not reached there: use listen({ port, host: '0.0.0.0' })."));
            } else if (Pattern.compile("\\.listen\\([^)]{0,200}['\"](?:localhost|127\\.0\\.0\\.1)['\"]")
                    .matcher(text)
                    .find()) {
                notes.add(
                        new Note(
                                Level.warn,
                                "The app listens on localhost only and is not reached there: have it listen on 0.0.0.0, or on $HOST."));
            }
        }

        private NodeApp whole(List<String> start, int port, List<String> clients, @Nullable NodeStart how) {
            var assets = new ArrayList<Asset>();
            clients.forEach(each -> assets.add(new Asset(Running.HOME + "/" + inTools(each), "")));
            if (framework == Framework.NEXTJS && hashedAtTheTop()) {
                assets.add(new Asset(Running.HOME + "/" + inTools(".next/static"), "_next/static"));
                if (publicIsPlain()) {
                    assets.add(new Asset(Running.HOME + "/" + inTools("public"), ""));
                }
            }
            var finish = Stream.of(extra, prune(how)).filter(Objects::nonNull).collect(Collectors.joining("\n"));
            return made(
                    List.of(new Piece(tools.directory(), "")),
                    List.of(),
                    tools.directory(),
                    inTools(""),
                    finish.isEmpty() ? null : finish,
                    start,
                    port,
                    assets);
        }

        /** Relative to where dependencies are installed. */
        private String inTools(String name) {
            var path = at.path(name).replaceFirst("/$", "");
            return tools.directory().isEmpty()
                    ? path
                    : path.length() <= tools.directory().length()
                            ? ""
                            : path.substring(tools.directory().length() + 1);
        }

        private NodeApp made(
                List<Piece> pieces,
                List<String> files,
                String base,
                String directory,
                @Nullable String finish,
                List<String> start,
                int port,
                List<Asset> assets) {
            var wanted = settings.app().port();
            note("It is started with `" + shown(start) + "` and told by PORT to listen on "
                    + (wanted == null ? port : wanted) + ".");
            return new NodeApp(
                    new Running.Tree(
                            pieces, files, base, directory, finish, start, wanted == null ? port : wanted, assets),
                    build,
                    Map.copyOf(variables),
                    List.copyOf(notes));
        }

        private static String shown(List<String> start) {
            return start.size() == 3 && start.getFirst().equals("sh") ? start.getLast() : String.join(" ", start);
        }

        /**
         * Takes what is for development only out of the dependencies, where nothing that runs wants it.
         *
         * @param start how the app is started, absent where only what a bundler made runs
         */
        private @Nullable String prune(@Nullable NodeStart start) {
            var dev = at.packageJson().forDevelopment();
            if (dev.isEmpty()
                    || settings.installCommand() != null
                    || !tools.directory().equals(at.directory())
                    || Workspace.at(at.tree(), at.directory()).isPresent()
                    || at.uses("prisma", "@prisma/client")) {
                return null;
            }
            var command = switch (tools.manager()) {
                case NPM -> "npm prune --omit=dev --ignore-scripts --no-audit --no-fund";
                case PNPM -> "npm_config_ignore_scripts=true pnpm prune --prod";
                case YARN ->
                    "yarn install --production=true --ignore-scripts --prefer-offline --non-interactive"
                            + (at.isFile("yarn.lock") ? " --frozen-lockfile" : "");
                case YARN_BERRY, BUN -> "";
            };
            if (command.isEmpty()) {
                return null;
            }
            var wanted = start == null ? Optional.<String>empty() : wantedAtRunTime(start);
            if (wanted.isPresent()) {
                note("Dependencies for development stay in the image: " + wanted.get() + ".");
                return null;
            }
            return command + " || echo 'They could not be removed, and stay in the image.'";
        }

        private Optional<String> wantedAtRunTime(NodeStart start) {
            var dev = at.packageJson().forDevelopment();
            var script = at.commands(start.command());
            for (var line : script) {
                for (var word : line.split("[\\s/='\"]+", -1)) {
                    if (dev.contains(word)
                            || (word.equals("nest") && dev.contains("@nestjs/cli"))
                            || word.equals("tsc")) {
                        return Optional.of("the app is started with " + word);
                    }
                    if ((word.equals("next") || word.endsWith("-serve"))
                            && !at.packageJson().dependencies().isEmpty()
                            && dev.stream()
                                    .anyMatch(each -> each.equals("next")
                                            || each.equals("@react-router/serve")
                                            || each.equals("@remix-run/serve"))) {
                        return Optional.of("the app is started with " + word);
                    }
                }
            }
            if (framework == Framework.NEXTJS
                    && dev.contains("typescript")
                    && (at.isFile("next.config.ts") || at.isFile("next.config.mts"))) {
                return Optional.of("Next.js reads next.config.ts with typescript");
            }
            var read = 0;
            var directories = new ArrayList<>(List.of(at.directory()));
            directories.addAll(Workspace.below(at.tree(), at.directory()));
            for (var directory : directories) {
                for (var name : at.tree().names(directory)) {
                    var path = SourceTree.in(directory, name);
                    if (!SOURCES.matcher(name).matches()
                            || NOT_RUN.matcher(path).matches()
                            || (directory.equals(at.directory())
                                    && TOOLS_CONFIG.matcher(name).matches())) {
                        continue;
                    }
                    if (++read > MOST_READ) {
                        return Optional.of("there are more files than are looked through");
                    }
                    var imports = IMPORTS.matcher(
                            AppDirectory.withoutComments(at.tree().text(path).orElse("")));
                    while (imports.find()) {
                        if (dev.contains(imports.group(1)) && !isCompiledAway(imports.group(1))) {
                            return Optional.of(path + " imports " + imports.group(1));
                        }
                    }
                }
            }
            return Optional.empty();
        }

        /** Whatever bundles pages has what they import from then on. */
        private boolean isCompiledAway(String name) {
            return name.startsWith("@types")
                    || (framework == Framework.NEXTJS && (name.equals("typescript") || name.startsWith("eslint")));
        }

        private void note(String sentence) {
            notes.add(new Note(Level.info, sentence));
        }

        private static Optional<String> first(Pattern pattern, String text) {
            var found = pattern.matcher(text);
            return found.find() ? Optional.of(found.group(1)) : Optional.empty();
        }
    }

    /**
     * @param build what the project's build would be if it were a site
     */
    static NodeApp of(
            AppDirectory at,
            Framework framework,
            JavaScriptTools tools,
            BuildSettings settings,
            @Nullable String build) {
        return new Making(at, framework, tools, settings, build).app();
    }
}
