package codehaven.ui;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads what people paste from a {@code .env} file: {@code NAME=value} a line, with or without {@code export}, values in
 * single, double or back quotes over as many lines as they need, and comments. Nothing is expanded.
 */
final class DotEnv {

    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final Pattern EXPORT = Pattern.compile("export\\s+");
    private static final Pattern COMMENT = Pattern.compile("\\s+#.*");

    /** Frameworks put these into pages, for everybody to read. */
    private static final Pattern PUBLIC = Pattern.compile(
            "(?:NEXT_PUBLIC|NUXT_PUBLIC|EXPO_PUBLIC|PUBLIC|VITE|REACT_APP|VUE_APP|GATSBY|STORYBOOK)_.*");

    private static final Pattern SECRET = Pattern.compile(
            "(?:.*_)?(?:SECRETS?|TOKENS?|PASSWORDS?|PASSWD|PASSPHRASE|PWD|PASS|KEYS?|APIKEY|CREDENTIALS?|PRIVATE|SALT|DSN|CERT|AUTH|SIGNATURE)(?:_.*)?");

    /** A password within an address. */
    private static final Pattern PASSWORD = Pattern.compile("[a-z][a-z0-9+.-]*://[^\\s/@:]*:[^\\s/@]+@.*");

    private DotEnv() {}

    /**
     * What was read.
     *
     * @param variables in their order; of several of one name the last one
     * @param wrong sentences about lines that are none, without what is in them
     */
    record Parsed(Map<String, String> variables, List<String> wrong) {
        /** The names of those that look like secrets. */
        List<String> secrets() {
            return variables.entrySet().stream()
                    .filter(each -> isSecret(each.getKey(), each.getValue()))
                    .map(Map.Entry::getKey)
                    .toList();
        }
    }

    static Parsed parse(String text) {
        return new Reader(text).read();
    }

    /** Whether it looks like something that nobody should read again. */
    static boolean isSecret(String name, String value) {
        var upper = name.toUpperCase(Locale.ROOT);
        return !PUBLIC.matcher(upper).matches()
                && (SECRET.matcher(upper).matches() || PASSWORD.matcher(value).matches());
    }

    private static final class Reader {
        private final List<String> lines;
        private final Map<String, String> variables = new LinkedHashMap<>();
        private final List<String> wrong = new ArrayList<>();
        private int next;

        Reader(String text) {
            lines = (text.startsWith("\uFEFF") ? text.substring(1) : text)
                    .replace("\r\n", "\n")
                    .replace('\r', '\n')
                    .lines()
                    .toList();
        }

        Parsed read() {
            while (next < lines.size()) {
                var number = next + 1;
                var line = lines.get(next++).strip();
                if (!line.isEmpty() && !line.startsWith("#")) {
                    line(EXPORT.matcher(line).lookingAt() ? EXPORT.matcher(line).replaceFirst("") : line, number);
                }
            }
            return new Parsed(variables, wrong);
        }

        private void line(String line, int number) {
            var equals = line.indexOf('=');
            if (equals < 0) {
                wrong.add("Line " + number + " has no '='. Write NAME=value.");
                return;
            }
            var name = line.substring(0, equals).strip();
            if (!NAME.matcher(name).matches()) {
                wrong.add(
                        "Line " + number
                                + " has no name before its '='. A name has letters, digits and '_', and does not begin with a digit.");
                return;
            }
            var value = value(line.substring(equals + 1).strip(), number);
            if (value != null) {
                variables.remove(name);
                variables.put(name, value);
            }
        }

        private @Nullable String value(String text, int number) {
            var quote = text.isEmpty() ? ' ' : text.charAt(0);
            if (quote != '"' && quote != '\'' && quote != '`') {
                return text.startsWith("#") ? "" : COMMENT.matcher(text).replaceFirst("");
            }
            var first = next;
            var value = new StringBuilder();
            for (var rest = text.substring(1); ; rest = lines.get(next++)) {
                var end = end(rest, quote);
                if (end >= 0) {
                    value.append(rest, 0, end);
                    var after = rest.substring(end + 1).strip();
                    if (!after.isEmpty() && !after.startsWith("#")) {
                        wrong.add("Line " + next + " goes on after its closing quote.");
                        return null;
                    }
                    return quote == '"' ? unescaped(value.toString()) : value.toString();
                }
                value.append(rest).append('\n');
                if (next == lines.size()) {
                    wrong.add("Line " + number + " opens a quote that is never closed.");
                    next = first;
                    return null;
                }
            }
        }

        private static int end(String text, char quote) {
            for (int i = 0; i < text.length(); i++) {
                if (quote == '"' && text.charAt(i) == '\\') {
                    i++;
                } else if (text.charAt(i) == quote) {
                    return i;
                }
            }
            return -1;
        }

        private static String unescaped(String text) {
            var plain = new StringBuilder();
            for (int i = 0; i < text.length(); i++) {
                var c = text.charAt(i);
                if (c != '\\' || i + 1 == text.length()) {
                    plain.append(c);
                    continue;
                }
                var escaped = text.charAt(++i);
                switch (escaped) {
                    case 'n' -> plain.append('\n');
                    case 'r' -> plain.append('\r');
                    case 't' -> plain.append('\t');
                    case '"', '\\', '$' -> plain.append(escaped);
                    default -> plain.append('\\').append(escaped);
                }
            }
            return plain.toString();
        }
    }
}
