package codehaven.activities.building;

import java.util.List;
import java.util.regex.Pattern;

/** Patterns of workspace directories such as {@code packages/*}, {@code apps/**} and {@code !**}{@code /test}. */
final class Globs {

    /** Longer patterns, and ones with more {@code **}, are nobody's workspaces: they only cost time. */
    private static final int LONGEST = 200;

    private static final int MOST_STARS = 4;

    private Globs() {}

    /** Whether a directory, relative to where the patterns are written, is meant by them. */
    static boolean match(List<String> patterns, String directory) {
        var meant = false;
        for (var each : patterns) {
            var excludes = each.startsWith("!");
            var pattern = each.substring(excludes ? 1 : 0)
                    .replaceFirst("^(\\./)+", "")
                    .replaceFirst("/+$", "");
            if (pattern.length() <= LONGEST
                    && pattern.split("\\*\\*", -1).length <= MOST_STARS + 1
                    && regex(pattern).matcher(directory).matches()) {
                meant = !excludes;
            }
        }
        return meant;
    }

    private static Pattern regex(String pattern) {
        var regex = new StringBuilder();
        var braces = 0;
        for (int i = 0; i < pattern.length(); i++) {
            var c = pattern.charAt(i);
            if (c == '*' && i + 1 < pattern.length() && pattern.charAt(i + 1) == '*') {
                i++;
                if (i + 1 < pattern.length() && pattern.charAt(i + 1) == '/') {
                    i++;
                    regex.append("(?:.*/)?");
                } else {
                    regex.append(".*");
                }
            } else if (c == '*') {
                regex.append("[^/]*");
            } else if (c == '?') {
                regex.append("[^/]");
            } else if (c == '{' && pattern.indexOf('}', i) > 0) {
                braces++;
                regex.append("(?:");
            } else if (c == '}' && braces > 0) {
                braces--;
                regex.append(')');
            } else if (c == ',' && braces > 0) {
                regex.append('|');
            } else {
                regex.append(Pattern.quote(String.valueOf(c)));
            }
        }
        regex.append(")".repeat(braces));
        return Pattern.compile(regex.toString());
    }
}
