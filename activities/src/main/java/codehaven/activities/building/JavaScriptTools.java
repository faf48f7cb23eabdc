package codehaven.activities.building;

import static codehaven.activities.building.Installer.BUN;
import static codehaven.activities.building.Installer.NPM;
import static codehaven.activities.building.Installer.PNPM;
import static codehaven.activities.building.Installer.YARN;
import static codehaven.activities.building.Installer.YARN_BERRY;

import codehaven.activities.building.Recipe.Fallback;
import codehaven.activities.building.Recipe.Install;
import codehaven.activities.building.Recipe.Note;
import codehaven.model.DeploymentEvent.Level;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The package manager of a project, how it comes into the container, and how it installs. No text of the repository gets
 * into a command but version numbers.
 *
 * @param directory where to install
 * @param prepare see {@link Recipe#prepare}
 */
record JavaScriptTools(
        Installer manager,
        String directory,
        @Nullable String prepare,
        Install install,
        List<String> homeCaches,
        List<String> treeCaches,
        Map<String, String> variables,
        List<Note> notes) {

    private static final Pattern FIELD = Pattern.compile(
            "(npm|pnpm|yarn|bun)@?[\\^~>=v]*((\\d{1,4})(?:\\.\\d{1,4}){0,2}(?:-[0-9A-Za-z.]{1,30})?)?(?:[+ ].*)?");
    private static final Pattern LOCKFILE_VERSION = Pattern.compile("(?m)^lockfileVersion: *['\"]?(\\d{1,3})");
    private static final Pattern BERRY_VERSION = Pattern.compile("(?m)^__metadata:\\r?\\n +version: *(\\d{1,3})");
    private static final Pattern YARN_PATH = Pattern.compile("(?m)^yarnPath: *['\"]?([^'\"\\r\\n]+)");
    private static final Pattern NODE_LINKER = Pattern.compile("(?m)^nodeLinker: *['\"]?(?:node-modules|pnpm)");
    private static final String YARN_LINKER = "YARN_NODE_LINKER";
    private static final Pattern NPM_LOCK_1 = Pattern.compile("\"lockfileVersion\"\\s*:\\s*1\\b");

    /** The beginning of a lock file, where its version is. */
    private static final int HEAD = 4096;

    /** The pnpm for those who do not say, where the image has no 9 or 10. */
    private static final String PNPM_DEFAULT = "10";

    /**
     * What {@code packageManager} asks for.
     *
     * @param version as written, absent where only the name is
     */
    private record Wanted(String name, @Nullable String version, int major) {}

    private record Lock(String file, Installer manager) {
        String program() {
            return manager.program();
        }
    }

    /** In the order that decides where there are several. */
    private static final List<Lock> LOCKS = List.of(
            new Lock("pnpm-lock.yaml", PNPM),
            new Lock("yarn.lock", YARN),
            new Lock("bun.lock", BUN),
            new Lock("bun.lockb", BUN),
            new Lock("package-lock.json", NPM),
            new Lock("npm-shrinkwrap.json", NPM));

    /**
     * Reads what the tree says.
     *
     * @param override the project's own install command, which may speak of a package manager; empty for none
     */
    static JavaScriptTools of(AppDirectory at, String override) {
        var tree = at.tree();
        var workspace = Workspace.around(tree, at.directory());
        var directory = workspace
                .map(Workspace::root)
                .orElseGet(() -> at.json().isPresent() ? at.directory() : nearestPackage(tree, at.directory()));
        var notes = new ArrayList<Note>();
        var wanted = wanted(at.json())
                .or(() -> wanted(PackageJson.in(tree, directory)))
                .or(() -> wanted(override));
        var locks = locksIn(tree, directory);
        var lock = locks.stream()
                .filter(each -> wanted.isEmpty() || each.program().equals(wanted.get().name))
                .findFirst();
        var name = wanted.map(Wanted::name)
                .or(() -> lock.or(() -> nearestLock(tree, at.directory())).map(Lock::program))
                .orElse("npm");
        if (locks.stream().map(Lock::program).distinct().count() > 1) {
            notes.add(new Note(
                    Level.warn,
                    "There are several lock files ("
                            + locks.stream().map(Lock::file).collect(Collectors.joining(", ")) + "); installing with "
                            + name + ". Remove the ones that are not used."));
        }
        var head = lock.flatMap(each -> tree.text(SourceTree.in(directory, each.file)))
                .map(each -> each.substring(0, Math.min(HEAD, each.length())))
                .orElse("");
        var tools = new Choice(at, directory, wanted.orElse(null), lock.isPresent(), head, notes);
        return switch (name) {
            case "pnpm" -> tools.pnpm(workspace.isPresent());
            case "yarn" -> tools.yarn();
            case "bun" -> tools.bun();
            default -> tools.npm();
        };
    }

    /** Whether programs of dependencies are not files in {@code node_modules/.bin}, but known to the package manager only. */
    boolean plugAndPlay(SourceTree tree) {
        return manager == YARN_BERRY
                && !variables.containsKey(YARN_LINKER)
                && !NODE_LINKER
                        .matcher(tree.text(SourceTree.in(directory, ".yarnrc.yml"))
                                .orElse(""))
                        .find();
    }

    /** The same with dependencies as files in {@code node_modules}, whatever the project's own settings say. */
    JavaScriptTools asFiles() {
        var told = new HashMap<>(variables);
        told.put(YARN_LINKER, "node-modules");
        return new JavaScriptTools(
                manager, directory, prepare, install, homeCaches, treeCaches, Map.copyOf(told), notes);
    }

    private record Choice(
            AppDirectory at, String directory, @Nullable Wanted wanted, boolean locked, String head, List<Note> notes) {

        JavaScriptTools npm() {
            var old = NPM_LOCK_1.matcher(head).find() ? " --legacy-peer-deps" : "";
            var plain = "npm install --include=dev" + old;
            var install = locked
                    ? new Install(
                            "npm ci --include=dev" + old,
                            disagreement("EUSAGE|can only install packages when your package\\.json", plain))
                    : new Install(plain, null);
            return tools(NPM, null, install, List.of(".npm"), List.of(), Map.of());
        }

        JavaScriptTools pnpm(boolean workspace) {
            var flags = " --prod=false" + (!workspace && !directory.isEmpty() ? " --ignore-workspace" : "");
            var loose = "pnpm install --no-frozen-lockfile" + flags;
            var install = locked
                    ? new Install(
                            "pnpm install --frozen-lockfile" + flags,
                            disagreement("ERR_PNPM_(?:OUTDATED_LOCKFILE|LOCKFILE_CONFIG_MISMATCH|NO_LOCKFILE)", loose))
                    : new Install(loose, null);
            return tools(
                    PNPM,
                    pnpmProgram(),
                    install,
                    List.of(".local/share/pnpm/store", ".cache/pnpm"),
                    List.of(),
                    Map.of(
                            "npm_config_manage_package_manager_versions",
                            "false",
                            "npm_config_confirm_modules_purge",
                            "false"));
        }

        private String pnpmProgram() {
            if (wanted != null && wanted.version != null) {
                return program("pnpm", wanted.major + ".*", "pnpm@" + wanted.version);
            }
            var engines = at.packageJson().pnpmRange();
            var range = engines == null ? Optional.<VersionRange>empty() : VersionRange.of(engines);
            if (range.isPresent()) {
                for (var each : List.of(10, 9, 11, 8, 7)) {
                    if (range.get().allows(each)) {
                        return program("pnpm", each + ".*", "pnpm@" + each);
                    }
                }
            }
            var version = LOCKFILE_VERSION.matcher(head);
            return switch (version.find() ? Integer.parseInt(version.group(1)) : 9) {
                case 5 -> program("pnpm", "7.*", "pnpm@7");
                case 6 -> program("pnpm", "8.*", "pnpm@8");
                default -> program("pnpm", "9.*|10.*", "pnpm@" + PNPM_DEFAULT);
            };
        }

        JavaScriptTools yarn() {
            var settings = at.tree().text(SourceTree.in(directory, ".yarnrc.yml"));
            var berry = (wanted != null && wanted.version != null)
                    ? wanted.major >= 2
                    : settings.isPresent() || head.contains("__metadata:");
            if (!berry) {
                var loose = "yarn install --production=false --non-interactive";
                var install = locked
                        ? new Install(
                                loose + " --frozen-lockfile", disagreement("Your lockfile needs to be updated", loose))
                        : new Install(loose, null);
                return tools(
                        YARN, program("yarn", "1.*", "yarn@1"), install, List.of(".cache/yarn"), List.of(), Map.of());
            }
            var install = locked
                    ? new Install("yarn install --immutable", disagreement("YN0028", "yarn install --no-immutable"))
                    : new Install("yarn install --no-immutable", null);
            return tools(
                    YARN_BERRY,
                    berryProgram(settings.orElse("")),
                    install,
                    List.of(".yarn/berry/cache"),
                    List.of(),
                    Map.of("YARN_ENABLE_TELEMETRY", "0"));
        }

        /** A release that is in the tree is started by any yarn; else it is installed like the others. */
        private String berryProgram(String settings) {
            var path = YARN_PATH.matcher(settings);
            if (path.find()
                    && SourceTree.normalised(directory, path.group(1).strip())
                            .filter(at.tree()::isFile)
                            .isPresent()) {
                return program("yarn", "?*", "yarn@1");
            }
            if (wanted != null && wanted.version != null) {
                return program("yarn", wanted.major + ".*", "@yarnpkg/cli-dist@" + wanted.version);
            }
            var version = BERRY_VERSION.matcher(head);
            var major = version.find() && Integer.parseInt(version.group(1)) < 8 ? "3" : "4";
            return program("yarn", major + ".*", "@yarnpkg/cli-dist@" + major);
        }

        JavaScriptTools bun() {
            var version = wanted != null && wanted.version != null ? wanted.version : "1";
            var install = locked
                    ? new Install(
                            "bun install --frozen-lockfile",
                            disagreement("lockfile had changes, but lockfile is frozen", "bun install"))
                    : new Install("bun install", null);
            return tools(
                    BUN,
                    program("bun", "1.*", "bun@" + version),
                    install,
                    List.of(".bun/install/cache"),
                    List.of(),
                    Map.of());
        }

        /** The program on the path where its version fits the shell pattern, else one in the home directory. */
        private static String program(String name, String fits, String distribution) {
            return "cd \"$HOME\" && case \"$(" + name + " --version 2>/dev/null)\" in " + fits
                    + ") ;; *) npm install --global --prefix \"$HOME/" + Recipe.TOOLS + "\" --no-audit --no-fund "
                    + distribution + " ;; esac";
        }

        private static Fallback disagreement(String when, String command) {
            return new Fallback(
                    Pattern.compile(when),
                    command,
                    "The lock file and package.json disagree: installing what package.json asks for. Install locally and "
                            + "commit the lock file to get the same versions every time.");
        }

        private JavaScriptTools tools(
                Installer manager,
                @Nullable String prepare,
                Install install,
                List<String> homeCaches,
                List<String> treeCaches,
                Map<String, String> variables) {
            return new JavaScriptTools(
                    manager, directory, prepare, install, homeCaches, treeCaches, variables, List.copyOf(notes));
        }
    }

    private static Optional<Wanted> wanted(Optional<PackageJson> json) {
        return Optional.ofNullable(json.orElse(PackageJson.NONE).packageManager())
                .flatMap(JavaScriptTools::field);
    }

    private static Optional<Wanted> wanted(String command) {
        var word = command.strip().split("\\s+", 2)[0];
        return LOCKS.stream().anyMatch(each -> each.program().equals(word)) ? field(word) : Optional.empty();
    }

    private static Optional<Wanted> field(String text) {
        var field = FIELD.matcher(text.strip());
        if (!field.matches()) {
            return Optional.empty();
        }
        var version = field.group(2);
        return Optional.of(new Wanted(field.group(1), version, version == null ? 0 : Integer.parseInt(field.group(3))));
    }

    private static List<Lock> locksIn(SourceTree tree, String directory) {
        return LOCKS.stream()
                .filter(each -> tree.isFile(SourceTree.in(directory, each.file)))
                .toList();
    }

    private static Optional<Lock> nearestLock(SourceTree tree, String directory) {
        for (var each = directory; ; each = SourceTree.parent(each)) {
            var found = locksIn(tree, each);
            if (!found.isEmpty() || each.isEmpty()) {
                return found.stream().findFirst();
            }
        }
    }

    private static String nearestPackage(SourceTree tree, String directory) {
        for (var each = directory; ; each = SourceTree.parent(each)) {
            if (tree.isFile(SourceTree.in(each, "package.json"))) {
                return each;
            }
            if (each.isEmpty()) {
                return directory;
            }
        }
    }
}
