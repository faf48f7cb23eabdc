package codehaven.activities.building;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * An app that its file only exports, as platforms expect that call it for each request: a small program of ours starts
 * a server for it.
 *
 * @param start the command that does so, for a shell
 */
record ExportedApp(String start) {

    private static final String PROGRAM = ".codehaven-serve.mjs";

    private static final Pattern PLAIN = Pattern.compile("((?:node|tsx)(?: -\\S+)*) ([\\w@./-]+)");
    private static final Pattern EXPORTS = Pattern.compile(
            "\\bexport\\s+default\\b|\\bexport\\s*\\{[^}]{0,200}\\bas\\s+default\\b|\\bmodule\\.exports\\s*=");
    private static final Pattern SERVES = Pattern.compile("\\b(?:listen|serve)\\s*\\(");

    /** Absent for an app that starts its server itself, as far as can be told without running it. */
    static Optional<ExportedApp> of(NodeStart start, AppDirectory at) {
        var plain = PLAIN.matcher(start.command());
        var text = start.entryText(at);
        if (!plain.matches()
                || !EXPORTS.matcher(text).find()
                || SERVES.matcher(text).find()) {
            return Optional.empty();
        }
        return Optional.of(new ExportedApp(plain.group(1) + " " + PROGRAM + " " + plain.group(2)));
    }

    /** Shell commands that put the program beside the app. */
    static String program() {
        return "cat >" + PROGRAM + " <<'CODEHAVEN'\n" + RunFiles.resource("serve.mjs") + "CODEHAVEN";
    }
}
