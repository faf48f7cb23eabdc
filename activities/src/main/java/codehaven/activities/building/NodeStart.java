package codehaven.activities.building;

import codehaven.activities.building.Recipe.Note;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.FailureKind;
import codehaven.model.Framework;
import codehaven.workflows.StepFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a Node.js app is started: what its people say, else what its package.json says, else the file that looks like it.
 * Package managers are not in the image, so their words for scripts and programs are put in the image's own.
 *
 * @param command for a shell, in the app's directory
 * @param build what the start script would have built first and the build has to do instead; absent where it is nothing
 * @param entry the file that is started, relative to the app's directory, where it is one of the repository
 */
record NodeStart(
        String command, @Nullable String build, @Nullable String entry, List<Note> notes) {

    private static final List<String> NAMES =
            List.of("server", "index", "app", "main", "src/server", "src/index", "src/app", "src/main", "bin/www");
    private static final List<String> ENDINGS = List.of(".js", ".mjs", ".cjs", "", ".ts", ".mts");

    private static final Pattern FOR_DEVELOPMENT = Pattern.compile(
            "(?:^|[\\s/])(?:nodemon|ts-node-dev|tsnd|concurrently|node-dev)(?:\\s|$)|\\btsx watch\\b|--watch\\b"
                    + "|\\b(?:next|nuxt|nuxi|astro|vinxi|react-router|remix|svelte-kit|nitro|nitropack) dev\\b"
                    + "|(?:^|\\s)(?:nest start|react-scripts start|ng serve|webpack serve|webpack-dev-server|vue-cli-service serve|vite(?: dev| serve)?)(?:\\s|$)");

    private static final Pattern BUILDS = Pattern.compile(
            "(?:npx (?:--\\S+ )*)?(?:tsc|tsup|tsdown|rimraf|esbuild|webpack|rollup|swc|babel|vite build|nest build|next build|prisma generate)(?:\\s.*)?"
                    + "|(?:npm|pnpm|yarn|bun)(?: run)? (?:build|compile|clean|tsc)\\S*(?:\\s.*)?|rm -rf \\S+");

    private static final Pattern NODEMON = Pattern.compile(
            "(?:npx )?nodemon(?: (?:-\\w|--(?!exec)\\S+)(?: (?!\\S+\\.[cm]?js)\\S+)?)* (\\S+\\.[cm]?js)");
    private static final Pattern LAUNCHES = Pattern.compile("(?:npm|pnpm|yarn|bun)(?: run)? (\\S+)");
    private static final Pattern RUNS = Pattern.compile("\\b(?:pnpm|yarn|bun)(?: run)?(?: -\\S+)* ([A-Za-z0-9:_.-]+)");
    private static final Pattern FILE =
            Pattern.compile("(?:^|\\s)(?:node|tsx|ts-node|ts-node-esm)(?:\\s+(?:-\\S+))*\\s+((?:\\./)?[\\w@./-]+)");

    /** What starts frameworks whose start script says nothing. */
    private static Optional<String> own(Framework framework) {
        return switch (framework) {
            case NEXTJS -> Optional.of("next start");
            case REACT_ROUTER -> Optional.of("react-router-serve ./build/server/index.js");
            case REMIX -> Optional.of("remix-serve ./build/server/index.js");
            case NESTJS -> Optional.of("node dist/main");
            default -> Optional.empty();
        };
    }

    private static void requireServer(Framework framework, AppDirectory at) {
        var server = framework == Framework.REMIX
                ? "@remix-run/serve"
                : framework == Framework.REACT_ROUTER ? "@react-router/serve" : null;
        if (server != null && !at.uses(server)) {
            throw new StepFailure(
                    FailureKind.NO_PROJECT_FOUND,
                    "Nothing says how the " + framework.label()
                            + " app is started: package.json has no start script, and " + server + " is not installed.",
                    "Install " + server + ", which serves what the build makes; or set the project's startCommand.",
                    null,
                    null,
                    null);
        }
    }

    /**
     * @param wanted the project's own start command, or none
     * @param builds whether there is a build
     * @throws StepFailure when nothing says how it starts
     */
    static NodeStart of(AppDirectory at, Framework framework, @Nullable String wanted, boolean builds) {
        var notes = new ArrayList<Note>();
        if (wanted != null && !wanted.isBlank()) {
            var launched = LAUNCHES.matcher(wanted.strip());
            if (launched.matches() && at.packageJson().script(launched.group(1)).isPresent()) {
                return script(at, launched.group(1), builds, notes);
            }
            return plain(at, wanted.strip(), null, notes);
        }
        var procfile = Procfile.web(at);
        if (procfile.isPresent()) {
            notes.add(new Note(Level.info, "Starting what the Procfile says for web."));
            var launched = LAUNCHES.matcher(procfile.get());
            return launched.matches()
                            && at.packageJson().script(launched.group(1)).isPresent()
                    ? script(at, launched.group(1), builds, notes)
                    : plain(at, procfile.get(), null, notes);
        }
        for (var name : framework == Framework.NESTJS
                ? List.of("start:prod", "start:production", "start")
                : List.of("start", "start:prod", "start:production", "prod", "serve:prod")) {
            var text = at.packageJson().script(name);
            if (text.isPresent()
                    && at.commands(text.get()).stream()
                            .noneMatch(each -> FOR_DEVELOPMENT.matcher(each).find())) {
                return script(at, name, builds, notes);
            }
        }
        var own = own(framework);
        if (own.isPresent()) {
            requireServer(framework, at);
            return plain(at, own.get(), null, notes);
        }
        var nodemon = at.packageJson().script("start").map(NODEMON::matcher).filter(each -> each.find());
        if (nodemon.isPresent()) {
            notes.add(new Note(
                    Level.info, "The start script restarts the app on changes; it is started plainly instead."));
            return plain(at, "node " + nodemon.get().group(1), null, notes);
        }
        return entry(at, builds, notes)
                .map(each -> plain(at, each, null, notes))
                .orElseThrow(() -> new StepFailure(
                        FailureKind.NO_PROJECT_FOUND,
                        "Nothing says how the app is started: package.json has no start script, and there is no server.js or index.js.",
                        "Add a start script to package.json, or set the project's startCommand.",
                        null,
                        null,
                        null));
    }

    private static NodeStart script(AppDirectory at, String name, boolean builds, List<Note> notes) {
        var text = at.packageJson().script(name).orElseThrow();
        var parts = new ArrayList<>(List.of(text.split("\\s*&&\\s*", -1)));
        var first = new ArrayList<String>();
        while (parts.size() > 1 && BUILDS.matcher(parts.getFirst().strip()).matches()) {
            first.add(parts.removeFirst().strip());
        }
        if (!first.isEmpty()) {
            notes.add(new Note(
                    Level.info,
                    builds
                            ? "The start script builds first; that is left to the build."
                            : "The start script builds first; the build does that now: " + String.join(" && ", first)
                                    + "."));
        }
        var command = String.join(" && ", parts);
        var before = at.packageJson().script("pre" + name);
        var build = builds || first.isEmpty() ? null : String.join(" && ", first);
        if (before.isPresent()) {
            if (at.commands(before.get()).stream()
                            .allMatch(each -> BUILDS.matcher(each).matches())
                    || at.commands(before.get()).stream().anyMatch(each -> each.matches(".*\\b(?:run )?build\\b.*"))) {
                build = builds ? build : before.get() + (build == null ? "" : " && " + build);
            } else {
                command = before.get() + " && " + command;
            }
        }
        return plain(at, command, build, notes);
    }

    private static NodeStart plain(AppDirectory at, String command, @Nullable String build, List<Note> notes) {
        var text = command.replaceAll("\\bcross-env (?=[A-Za-z_]\\w*=)", "env ")
                .replaceAll(
                        "\\b(?:pnpm exec|yarn exec|npm exec --|npx(?: --yes| -y| --no-install)?|bunx|pnpx) (?!-)", "");
        text = RUNS.matcher(text)
                .replaceAll(match -> at.packageJson().script(match.group(1)).isPresent()
                        ? "npm run " + match.group(1)
                        : java.util.regex.Matcher.quoteReplacement(match.group()));
        if (Pattern.compile("(?:^|[\\s&;])bunx?(?:\\s|$)").matcher(text).find()) {
            throw new StepFailure(
                    FailureKind.NO_PROJECT_FOUND,
                    "The app is started with Bun, and apps run on Node.js here.",
                    "Add a Dockerfile that begins with FROM oven/bun:1, or set the project's startCommand to one for Node.js.",
                    null,
                    null,
                    null);
        }
        var file = FILE.matcher(text);
        var entry = file.find() ? SourceTree.normalised("", file.group(1)).orElse(null) : null;
        return new NodeStart(text, build, entry, List.copyOf(notes));
    }

    private static Optional<String> entry(AppDirectory at, boolean builds, List<Note> notes) {
        var main = at.packageJson().main();
        if (main != null) {
            var path = SourceTree.normalised("", main);
            if (path.isPresent()
                    && (at.isFile(path.get())
                            || at.isFile(path.get() + ".js")
                            || (builds && path.get().matches("(?:dist|build|out|lib|\\.output)/.*")))) {
                return Optional.of("node " + path.get());
            }
        }
        if (builds) {
            var out = outDir(at);
            for (var name : NAMES) {
                if (at.isFile(name + ".ts") || at.isFile(name + ".mts")) {
                    return Optional.of("node " + out + "/" + name.replaceFirst("^src/", "")
                            + (at.isFile(name + ".mts") ? ".mjs" : ".js"));
                }
            }
        }
        for (var ending : ENDINGS) {
            for (var name : NAMES) {
                if ((ending.isEmpty() != name.equals("bin/www")) || !at.isFile(name + ending)) {
                    continue;
                }
                var file = name + ending;
                if (!ending.endsWith("ts")) {
                    return Optional.of("node " + file);
                }
                if (at.uses("tsx")) {
                    return Optional.of("tsx " + file);
                }
                if (at.uses("ts-node")) {
                    return Optional.of("ts-node " + file);
                }
                notes.add(new Note(Level.info, file + " is started by Node.js itself, which leaves its types out."));
                return Optional.of("node " + file);
            }
        }
        return Optional.empty();
    }

    private static final Pattern OUT_DIR = Pattern.compile("\"outDir\"\\s*:\\s*\"([\\w./-]{1,100})\"");

    private static String outDir(AppDirectory at) {
        var found = OUT_DIR.matcher(AppDirectory.withoutComments(at.text("tsconfig.json")));
        return found.find() ? SourceTree.normalised("", found.group(1)).orElse("dist") : "dist";
    }

    private static final Pattern LISTENS = Pattern.compile("\\.listen\\(\\s*(?:\\{\\s*port:\\s*)?(\\d{2,5})\\b");
    private static final Pattern CALLED_PORT =
            Pattern.compile("(?i)\\b(?:const|let|var)\\s+port\\s*(?::\\s*number\\s*)?=\\s*(\\d{2,5})\\s*(?:;|$|\\n)");

    /** The port that the command or the file it starts names and does not let anybody choose; else the usual one. */
    int port(AppDirectory at) {
        var told = StartCommand.port(command);
        if (told > 0) {
            return told;
        }
        var text = entryText(at);
        if (!text.contains("env.PORT") && !text.contains("env['PORT']")) {
            for (var pattern : List.of(LISTENS, CALLED_PORT)) {
                var found = pattern.matcher(text);
                if (found.find() && Integer.parseInt(found.group(1)) <= 65_535) {
                    return Integer.parseInt(found.group(1));
                }
            }
        }
        return Running.NODE_PORT;
    }

    /** The beginning of the file that is started, or of its source. */
    String entryText(AppDirectory at) {
        if (entry == null) {
            return "";
        }
        var stem = entry.replaceFirst("\\.[cm]?[jt]s$", "");
        var source = stem.replaceFirst("^(?:dist|build|out|lib)/", "");
        for (var each : List.of(stem, source, "src/" + source, stem + "/index")) {
            var text = at.config(each);
            if (!text.isEmpty()) {
                return text;
            }
        }
        return "";
    }
}
