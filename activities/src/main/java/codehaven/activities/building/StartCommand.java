package codehaven.activities.building;

import java.util.List;
import java.util.regex.Pattern;

/** A command line as a container's command, so that the app itself gets the signals and not a shell before it. */
final class StartCommand {

    private static final Pattern WORDS = Pattern.compile("[A-Za-z0-9_@%+:,./=-]+(?: +[A-Za-z0-9_@%+:,./=-]+)*");
    private static final Pattern ASSIGNS = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*=.*", Pattern.DOTALL);
    private static final Pattern HARD = Pattern.compile("[|()<>`;\"'\\n&]|\\$\\(");
    private static final Pattern PORT = Pattern.compile(
            "(?:^|\\s)(?:-p|-l|--port|--http-port|--server\\.port)[ =](\\d{2,5})(?=\\s|$)|(?:^|\\s)PORT=(\\d{2,5})(?=\\s|$)"
                    + "|(?:^|\\s)(?:-b|--bind)[ =][\\d.]*:(\\d{2,5})(?=\\s|$)");

    private StartCommand() {}

    /** The exec form: the words themselves where no shell is needed to read them. */
    static List<String> exec(String command) {
        var text = command.strip();
        if (WORDS.matcher(text).matches()
                && !ASSIGNS.matcher(text.split(" ", 2)[0]).matches()) {
            return List.of(text.split(" +", -1));
        }
        return List.of("sh", "-c", replacingTheShell(text));
    }

    private static String replacingTheShell(String text) {
        var last = text.lastIndexOf("&&");
        var before = last < 0 ? "" : text.substring(0, last + 2) + " ";
        var command = (last < 0 ? text : text.substring(last + 2)).strip();
        if (HARD.matcher(before.replace("&&", "")).find()
                || command.matches("(?s)(?:exec|cd|export|\\{|if|for|while)\\b.*")) {
            return text;
        }
        if (HARD.matcher(command.replaceAll("'[^']*'|\"[^\"`]*\"", "")).find()) {
            return text;
        }
        return before + (ASSIGNS.matcher(command.split("\\s", 2)[0]).matches() ? "exec env " : "exec ") + command;
    }

    /** The port that a command line names, 0 when it names none. */
    static int port(String command) {
        var found = PORT.matcher(command);
        if (!found.find()) {
            return 0;
        }
        for (var group = 1; group <= 3; group++) {
            if (found.group(group) != null) {
                var port = Integer.parseInt(found.group(group));
                return port <= 65_535 ? port : 0;
            }
        }
        return 0;
    }
}
