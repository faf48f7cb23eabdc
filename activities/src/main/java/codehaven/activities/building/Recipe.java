package codehaven.activities.building;

import codehaven.model.DeploymentEvent.Level;
import codehaven.model.Framework;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How one source tree becomes a site's files or an app's image: what {@link FrameworkDetector} concludes from the tree and the project's
 * settings, for whatever runs it. All directories are relative to the top of the tree, with {@code /}, normalised,
 * without a leading or trailing one; the top itself is the empty string. All commands are for {@code sh -c} inside the
 * container, with a home directory that can be written, and nowhere else: a project's own commands are among them.
 *
 * @param image the full reference of the image that the commands run in; without commands it is not needed
 * @param instead images that do as well, should that not be had, best first
 * @param node the Node.js major version of the image, absent where the image is not one of Node.js
 * @param rootDirectory where the project is: the build command runs here
 * @param installDirectory where the install command runs: the workspace's root where there is one
 * @param prepare puts programs that the image lacks into the home directory; runs before the others, in any directory;
 *     cheap when they are there already
 * @param install installs the dependencies, absent when nothing is to be installed
 * @param build makes the output, absent when the files are served as they are
 * @param outputs where the output may be, best guess first; see {@link #output}
 * @param sources those of the outputs that are in the repository too: they are the output only when they have an
 *     {@code index.html} at their top
 * @param outputGiven whether the project's settings name the output directory, so that nothing else will do
 * @param spa whether unknown paths are answered with {@code index.html}; absent means: unless there is a
 *     {@code 404.html}
 * @param treeCaches directories in the tree that make the next build faster when kept
 * @param homeCaches the same in the home directory, relative to it; the package manager's store and the tools
 * @param variables what the commands' environment has besides the injected ones; a project's own variables win
 * @param cacheKey digest-like text of what the caches depend on: a new one means that kept caches may be of little use,
 *     never that they are wrong
 * @param notes what to say in the log before anything runs
 * @param running what answers requests when it is an app; absent for a site that is files alone
 */
record Recipe(
        Framework framework,
        String image,
        List<String> instead,
        @Nullable Integer node,
        @Nullable Installer packageManager,
        String rootDirectory,
        String installDirectory,
        @Nullable String prepare,
        @Nullable Install install,
        @Nullable String build,
        List<String> outputs,
        Set<String> sources,
        boolean outputGiven,
        @Nullable Boolean spa,
        List<String> treeCaches,
        List<String> homeCaches,
        Map<String, String> variables,
        String cacheKey,
        List<Note> notes,
        @Nullable Running running) {

    /** Where {@link #prepare} puts programs, relative to the home directory; its {@code bin} is on {@link #inShell}'s path. */
    static final String TOOLS = ".codehaven";

    Recipe {
        instead = List.copyOf(instead);
        outputs = List.copyOf(outputs);
        sources = Set.copyOf(sources);
        treeCaches = List.copyOf(treeCaches);
        homeCaches = List.copyOf(homeCaches);
        variables = Map.copyOf(variables);
        notes = List.copyOf(notes);
    }

    /** Of a site that is files alone, without any output that is in the repository too. */
    Recipe(
            Framework framework,
            String image,
            @Nullable Integer node,
            @Nullable Installer packageManager,
            String rootDirectory,
            String installDirectory,
            @Nullable String prepare,
            @Nullable Install install,
            @Nullable String build,
            List<String> outputs,
            boolean outputGiven,
            @Nullable Boolean spa,
            List<String> treeCaches,
            List<String> homeCaches,
            Map<String, String> variables,
            String cacheKey,
            List<Note> notes) {
        this(
                framework,
                image,
                List.of(),
                node,
                packageManager,
                rootDirectory,
                installDirectory,
                prepare,
                install,
                build,
                outputs,
                Set.of(),
                outputGiven,
                spa,
                treeCaches,
                homeCaches,
                variables,
                cacheKey,
                notes,
                null);
    }

    /** A line for the log. */
    record Note(Level level, String sentence) {}

    /**
     * How dependencies are installed.
     *
     * @param fallback what to do when the lock file disagrees with package.json
     */
    record Install(String command, @Nullable Fallback fallback) {}

    /**
     * A second way, for one certain failure of the first.
     *
     * @param when found in the failed command's last lines of output
     * @param sentence why, for the log
     */
    record Fallback(Pattern when, String command, String sentence) {}

    /** How a directory looks after the build. */
    enum Look {
        /** Not there, or not a directory. */
        ABSENT,
        /** Without any file, also further down. */
        EMPTY,
        /** With files, but without {@code index.html} at its top. */
        FILES,
        /** With {@code index.html} at its top. */
        SITE
    }

    /** Whether nothing runs: the tree's own files are the site. */
    boolean servesTheTree() {
        return install == null && build == null && running == null;
    }

    /**
     * The output among {@link #outputs}: the first that looks like a site; else the first that has files, if it is the
     * given one or the framework's own.
     *
     * @param looks how a directory, relative to the top of the tree, looks after the build
     */
    Optional<String> output(Function<String, Look> looks) {
        if (outputGiven) {
            return outputs.stream()
                    .limit(1)
                    .filter(each -> hasFiles(looks.apply(each)))
                    .findFirst();
        }
        var withFiles = new ArrayList<String>();
        for (var each : outputs) {
            var look = looks.apply(each);
            if (look == Look.SITE) {
                return Optional.of(each);
            }
            // Else the source would be published where a build made nothing.
            if (look == Look.FILES && !sources.contains(each)) {
                withFiles.add(each);
            }
        }
        return withFiles.stream().findFirst();
    }

    private static boolean hasFiles(Look look) {
        return look == Look.FILES || look == Look.SITE;
    }

    /**
     * The command as {@code sh -c} takes it, with the project's and the workspace's own programs and those of
     * {@link #prepare} on the path.
     *
     * @param top where the tree is in the container, absolute
     */
    String inShell(String command, String top) {
        var path = new StringBuilder();
        for (var each = rootDirectory; ; each = parent(each)) {
            path.append(quoted(top + (each.isEmpty() ? "" : "/" + each) + "/node_modules/.bin"))
                    .append(':');
            if (each.equals(installDirectory) || each.isEmpty()) {
                break;
            }
        }
        return "export PATH=" + path + "\"$HOME/" + TOOLS + "/bin:$PATH\"\n" + command;
    }

    private static String parent(String directory) {
        return directory.substring(0, Math.max(0, directory.lastIndexOf('/')));
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }
}
