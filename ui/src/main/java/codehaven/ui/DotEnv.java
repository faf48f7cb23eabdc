package codehaven.ui;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Reads what people paste from a {@code .env} file. */
final class DotEnv {

    private static final Pattern LINE = Pattern.compile("(?:export\\s+)?([A-Za-z_][A-Za-z0-9_]*)\\s*=\\s*(.*)");

    private DotEnv() {}

    /**
     * What was read.
     *
     * @param variables in their order; of several of one name the last one
     * @param wrong the lines that are none
     */
    record Parsed(Map<String, String> variables, List<String> wrong) {}

    static Parsed parse(String text) {
        var variables = new LinkedHashMap<String, String>();
        var wrong = new ArrayList<String>();
        for (var line : text.lines().map(String::strip).toList()) {
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            var match = LINE.matcher(line);
            if (match.matches()) {
                variables.put(match.group(1), unquoted(match.group(2)));
            } else {
                wrong.add(line);
            }
        }
        return new Parsed(variables, wrong);
    }

    private static String unquoted(String value) {
        for (var quote : new char[] {'"', '\''}) {
            var end = value.length() > 1 && value.charAt(0) == quote ? value.indexOf(quote, 1) : -1;
            if (end > 0) {
                return value.substring(1, end);
            }
        }
        var comment = value.indexOf(" #");
        return (comment < 0 ? value : value.substring(0, comment)).strip();
    }
}
