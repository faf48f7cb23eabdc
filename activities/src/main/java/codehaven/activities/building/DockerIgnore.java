package codehaven.activities.building;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** What a {@code .dockerignore} leaves out of a build's context: later lines win, {@code !} takes back. */
final class DockerIgnore {

    private static final int LONGEST = 300;
    private static final int MOST = 2_000;

    private final List<Rule> rules;

    private record Rule(Pattern pattern, boolean takesBack) {}

    private DockerIgnore(List<Rule> rules) {
        this.rules = rules;
    }

    static DockerIgnore of(String text) {
        var rules = new ArrayList<Rule>();
        text.lines().limit(MOST).map(String::strip).forEach(line -> {
            if (line.isEmpty() || line.startsWith("#") || line.length() > LONGEST) {
                return;
            }
            var takesBack = line.startsWith("!");
            var path = SourceTree.normalised("", takesBack ? line.substring(1).strip() : line);
            path.filter(each -> !each.isEmpty()).ifPresent(each -> rules.add(new Rule(regex(each), takesBack)));
        });
        return new DockerIgnore(List.copyOf(rules));
    }

    /** Whether a file is left out: by itself, or with a folder that it is in. */
    boolean leavesOut(String path) {
        var out = false;
        for (var each : rules) {
            if (each.takesBack != out) {
                continue; // It would not change anything.
            }
            if (matches(each.pattern, path)) {
                out = !each.takesBack;
            }
        }
        return out;
    }

    private static boolean matches(Pattern pattern, String path) {
        for (var each = path; !each.isEmpty(); each = SourceTree.parent(each)) {
            if (pattern.matcher(each).matches()) {
                return true;
            }
        }
        return false;
    }

    private static Pattern regex(String pattern) {
        var regex = new StringBuilder();
        for (var i = 0; i < pattern.length(); i++) {
            var c = pattern.charAt(i);
            if (c == '*' && pattern.startsWith("**", i)) {
                i++;
                if (pattern.startsWith("/", i + 1)) {
                    i++;
                    regex.append("(?:.*/)?+");
                } else {
                    regex.append(".*");
                }
            } else if (c == '*') {
                regex.append("[^/]*");
            } else if (c == '?') {
                regex.append("[^/]");
            } else if (c == '[' && pattern.indexOf(']', i) > i + 1) {
                var end = pattern.indexOf(']', i);
                regex.append('[')
                        .append(pattern.substring(i + 1, end)
                                .replace("\\", "\\\\")
                                .replace("[", "\\[")
                                .replace("&&", "&"))
                        .append(']');
                i = end;
            } else {
                regex.append(Pattern.quote(String.valueOf(c)));
            }
        }
        return compiled(regex.toString(), pattern);
    }

    private static Pattern compiled(String regex, String pattern) {
        try {
            return Pattern.compile(regex, Pattern.DOTALL);
        } catch (java.util.regex.PatternSyntaxException e) {
            return Pattern.compile(Pattern.quote(pattern));
        }
    }
}
