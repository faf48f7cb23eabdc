package codehaven.activities.building;

import codehaven.model.Failure;
import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A Dockerfile as the engine's own builder takes it. That builder keeps to limits of memory, processors and network,
 * which BuildKit inside an engine does not; what only BuildKit understands is put in the older words where these do the
 * same, and refused with the line where they do not.
 *
 * @param text without comments
 * @param bases the images that it begins with or copies from
 * @param arguments the names that {@code ARG} declares
 * @param files that the text wants in its context, by name
 * @param rewritten what was put in other words, for the log
 */
record DockerfileText(
        String text, Set<String> bases, Set<String> arguments, Map<String, String> files, Set<String> rewritten) {

    private static final Pattern FROM = Pattern.compile("(?i)(?:--platform=\\S+\\s+)?(\\S+)(?:\\s+AS\\s+(\\S+))?\\s*");
    private static final Pattern FLAG = Pattern.compile("--([a-z-]+)(?:=(\"[^\"]*\"|\\S*))?\\s*");
    private static final Pattern HEREDOC = Pattern.compile("<<-?([\"']?)([A-Za-z_][A-Za-z0-9_]*)\\1");
    private static final Pattern VARIABLE =
            Pattern.compile("\\$(?:\\{([A-Za-z_][A-Za-z0-9_]*)(?::([-+])([^}]*))?\\}|([A-Za-z_][A-Za-z0-9_]*))");
    private static final Pattern ESCAPE = Pattern.compile("(?i)#\\s*escape\\s*=\\s*`\\s*");

    /** What BuildKit tells every build. */
    private static final Set<String> PLATFORM = Set.of(
            "TARGETPLATFORM",
            "TARGETOS",
            "TARGETARCH",
            "TARGETVARIANT",
            "BUILDPLATFORM",
            "BUILDOS",
            "BUILDARCH",
            "BUILDVARIANT");

    /**
     * Reads it.
     *
     * @param file its name, for failures
     * @param given values for arguments, which win over those in the file
     * @throws StepFailure when it is none, or says what cannot be done here
     */
    static DockerfileText of(String file, String source, Map<String, String> given) {
        return new Reader(file, source, given).read();
    }

    /** The arguments that BuildKit gives by itself, for an engine of that architecture. */
    static Map<String, String> platform(String architecture) {
        var platform = "linux/" + architecture;
        return Map.of(
                "TARGETPLATFORM",
                platform,
                "TARGETOS",
                "linux",
                "TARGETARCH",
                architecture,
                "TARGETVARIANT",
                "",
                "BUILDPLATFORM",
                platform,
                "BUILDOS",
                "linux",
                "BUILDARCH",
                architecture,
                "BUILDVARIANT",
                "");
    }

    private record Heredoc(String name, boolean quoted, boolean tabs, String text) {}

    private record Instruction(int line, String word, String rest, List<Heredoc> heredocs) {}

    private static final class Reader {
        private final String file;
        private final List<String> lines;
        private final Map<String, String> given;
        private final char escape;
        private final StringBuilder text = new StringBuilder();
        private final Set<String> bases = new LinkedHashSet<>();
        private final Set<String> arguments = new LinkedHashSet<>();
        private final Map<String, String> files = new LinkedHashMap<>();
        private final Set<String> rewritten = new LinkedHashSet<>();
        private final Map<String, String> globals = new HashMap<>();
        private final Set<String> stages = new LinkedHashSet<>();
        private int count;
        private String user = "root";

        Reader(String file, String source, Map<String, String> given) {
            this.file = file;
            this.lines = source.replace("\r\n", "\n").lines().toList();
            this.given = given;
            escape = lines.stream()
                            .limit(5)
                            .anyMatch(each -> ESCAPE.matcher(each).matches())
                    ? '`'
                    : '\\';
            if (escape == '`') {
                text.append("# escape=`\n");
            }
        }

        DockerfileText read() {
            for (var at = 0; at < lines.size(); ) {
                var line = lines.get(at).strip();
                if (line.isEmpty() || line.startsWith("#")) {
                    at++;
                    continue;
                }
                var from = at;
                var whole = new StringBuilder();
                while (at < lines.size()) {
                    var next = lines.get(at++);
                    if (at - 1 > from && (next.isBlank() || next.strip().startsWith("#"))) {
                        continue;
                    }
                    var stripped = next.stripTrailing();
                    if (!stripped.isEmpty() && stripped.charAt(stripped.length() - 1) == escape) {
                        whole.append(stripped, 0, stripped.length() - 1);
                        whole.append(escape).append('\n');
                        continue;
                    }
                    whole.append(stripped);
                    break;
                }
                var words = whole.toString().strip().split("\\s+", 2);
                var word = words[0].toUpperCase(Locale.ROOT);
                var heredocs = new ArrayList<Heredoc>();
                if (word.equals("RUN") || word.equals("COPY") || word.equals("ADD")) {
                    var found = HEREDOC.matcher(whole);
                    while (found.find()) {
                        var before = at;
                        var tabs = found.group().startsWith("<<-");
                        var body = new StringBuilder();
                        var ended = false;
                        while (at < lines.size() && !ended) {
                            var next = tabs ? lines.get(at).replaceFirst("^\\t+", "") : lines.get(at);
                            at++;
                            ended = next.equals(found.group(2));
                            if (!ended) {
                                body.append(next).append('\n');
                            }
                        }
                        if (!ended) {
                            // Something else that looks like one.
                            at = before;
                            continue;
                        }
                        heredocs.add(new Heredoc(found.group(2), !found.group(1).isEmpty(), tabs, body.toString()));
                    }
                }
                take(new Instruction(from + 1, word, words.length > 1 ? words[1] : "", heredocs));
            }
            if (count == 0) {
                throw refused(0, "it has no FROM");
            }
            return new DockerfileText(text.toString(), bases, arguments, files, rewritten);
        }

        private void take(Instruction each) {
            switch (each.word) {
                case "FROM" -> from(each);
                case "ARG" -> argument(each);
                case "RUN" -> run(each);
                case "COPY", "ADD" -> copy(each);
                case "USER" -> {
                    user = each.rest.strip();
                    write(each.word, each.rest);
                }
                default -> write(each.word, each.rest);
            }
        }

        private void from(Instruction each) {
            var flat = flat(each.rest);
            var found = FROM.matcher(flat);
            if (!found.matches()) {
                throw refused(each.line - 1, "FROM wants an image, not '" + cut(flat) + "'");
            }
            count++;
            user = "root";
            var image = substituted(found.group(1));
            if (image.isPresent()
                    && !stages.contains(image.get().toLowerCase(Locale.ROOT))
                    && !image.get().equals("scratch")) {
                bases.add(image.get());
            }
            if (found.group(2) != null) {
                stages.add(found.group(2).toLowerCase(Locale.ROOT));
            }
            var kept = flat;
            if (flat.matches("--platform=\\S*\\$\\{?(?:BUILD|TARGET)PLATFORM\\}?\\S*\\s.*")) {
                kept = flat.replaceFirst("--platform=\\S+\\s+", "");
                rewritten.add("FROM --platform");
            }
            write("FROM", kept);
        }

        private void argument(Instruction each) {
            for (var word : words(flat(each.rest))) {
                var parts = word.split("=", 2);
                arguments.add(parts[0]);
                if (count == 0) {
                    var value = given.containsKey(parts[0])
                            ? given.get(parts[0])
                            : parts.length > 1 ? unquoted(parts[1]) : null;
                    if (value != null) {
                        globals.put(parts[0], substituted(value).orElse(value));
                    }
                }
                write("ARG", word);
            }
        }

        /** What is between blanks, those in quotes aside. */
        private List<String> words(String rest) {
            var words = new ArrayList<String>();
            var word = new StringBuilder();
            var quote = ' ';
            for (var n = 0; n < rest.length(); n++) {
                var c = rest.charAt(n);
                if (quote == ' ' && Character.isWhitespace(c)) {
                    words.add(word.toString());
                    word.setLength(0);
                    continue;
                }
                word.append(c);
                if (c == escape && quote != '\'' && n + 1 < rest.length()) {
                    n++;
                    word.append(rest.charAt(n));
                } else if (quote == ' ' && (c == '"' || c == '\'')) {
                    quote = c;
                } else if (c == quote) {
                    quote = ' ';
                }
            }
            words.add(word.toString());
            return words.stream().filter(each -> !each.isEmpty()).toList();
        }

        private static String unquoted(String value) {
            return value.replaceAll("^([\"'])(.*)\\1$", "$2");
        }

        private Optional<String> substituted(String value) {
            var open = new boolean[1];
            var done = VARIABLE.matcher(value).replaceAll(match -> {
                var name = match.group(1) == null ? match.group(4) : match.group(1);
                var known = globals.get(name);
                if (known == null && PLATFORM.contains(name)) {
                    known = given.get(name);
                }
                if ("-".equals(match.group(2)) && (known == null || known.isEmpty())) {
                    known = match.group(3);
                } else if ("+".equals(match.group(2))) {
                    known = known == null || known.isEmpty() ? "" : match.group(3);
                }
                open[0] |= known == null;
                return java.util.regex.Matcher.quoteReplacement(known == null ? "" : known);
            });
            return open[0] ? Optional.empty() : Optional.of(unquoted(done));
        }

        private void run(Instruction each) {
            var rest = each.rest;
            for (var flag = FLAG.matcher(rest); flag.lookingAt(); flag = FLAG.matcher(rest)) {
                var value = flag.group(2) == null ? "" : unquoted(flag.group(2));
                switch (flag.group(1)) {
                    case "mount" -> mount(each, value);
                    case "network" -> rewritten.add("RUN --network");
                    default -> throw refused(each.line - 1, "RUN --" + flag.group(1) + " is not possible here");
                }
                rest = withoutBreak(rest.substring(flag.end()));
            }
            if (each.heredocs.isEmpty()) {
                write("RUN", rest);
                return;
            }
            rewritten.add("here-documents");
            var first = HEREDOC.matcher(rest);
            if (each.heredocs.size() == 1
                    && first.find()
                    && first.start() == 0
                    && rest.substring(first.end()).isBlank()) {
                var script = each.heredocs.getFirst().text;
                if (script.startsWith("#!")) {
                    var name = file(script);
                    write("COPY", name + " /tmp/" + name);
                    write("RUN", "sh -c 'chmod +x /tmp/" + name + " && /tmp/" + name + " && rm -f /tmp/" + name + "'");
                } else {
                    write("RUN", OtherServers.json(List.of("/bin/sh", "-c", script)));
                }
                return;
            }
            // A command that reads them: a shell knows here-documents too.
            var script = new StringBuilder(flat(rest)).append('\n');
            each.heredocs.forEach(it -> script.append(it.text).append(it.name).append('\n'));
            write("RUN", OtherServers.json(List.of("/bin/sh", "-c", script.toString())));
        }

        private void mount(Instruction each, String options) {
            var all = new HashMap<String, String>();
            for (var option : options.split(",", -1)) {
                var parts = option.split("=", 2);
                all.put(parts[0], parts.length > 1 ? parts[1] : "true");
            }
            rewritten.add("RUN --mount");
            switch (all.getOrDefault("type", "bind")) {
                case "cache", "tmpfs", "ssh" -> {
                    // The layer cache is there; the rest only saves time or hides files.
                }
                case "secret" -> {
                    if ("true".equals(all.get("required"))) {
                        throw refused(each.line - 1, "RUN --mount=type=secret wants a secret, and builds get none");
                    }
                }
                case "bind" -> {
                    var target =
                            all.getOrDefault("target", all.getOrDefault("dst", all.getOrDefault("destination", ".")));
                    var source =
                            all.getOrDefault("source", all.getOrDefault("src", all.containsKey("from") ? "/" : "."));
                    if (all.containsKey("from")) {
                        base(all.get("from"));
                        write("COPY", "--from=" + all.get("from") + " " + source + " " + target);
                    } else {
                        write("COPY", source + " " + target);
                    }
                }
                default -> throw refused(each.line - 1, "RUN --mount=" + cut(options) + " is not possible here");
            }
        }

        private void copy(Instruction each) {
            var rest = withoutBreak(each.rest);
            var kept = new StringBuilder();
            String mode = null;
            for (var flag = FLAG.matcher(rest); flag.lookingAt(); flag = FLAG.matcher(rest)) {
                var value = flag.group(2) == null ? "" : unquoted(flag.group(2));
                switch (flag.group(1)) {
                    case "link" -> rewritten.add(each.word + " --link");
                    case "chmod" -> {
                        rewritten.add(each.word + " --chmod");
                        mode = value;
                    }
                    case "from" -> {
                        base(value);
                        kept.append("--from=").append(value).append(' ');
                    }
                    case "chown" -> kept.append("--chown=").append(value).append(' ');
                    default ->
                        throw refused(each.line - 1, each.word + " --" + flag.group(1) + " is not possible here");
                }
                rest = withoutBreak(rest.substring(flag.end()));
            }
            if (!each.heredocs.isEmpty()) {
                rewritten.add("here-documents");
                for (var heredoc : each.heredocs) {
                    var name = file(heredoc.text);
                    var inside = HEREDOC.matcher(rest);
                    var target = flat(rest).replaceFirst(".*\\s", "");
                    rest = inside.replaceFirst(java.util.regex.Matcher.quoteReplacement(name));
                    if (target.endsWith("/")) {
                        rest = name + " " + target + heredoc.name;
                    }
                }
            }
            write(each.word, kept + rest);
            if (mode != null) {
                chmod(each, mode, flat(rest));
            }
        }

        private void chmod(Instruction each, String mode, String arguments) {
            if (!mode.matches("[0-7]{3,4}|[ugoa]*[-+=][rwxX]+(?:,[ugoa]*[-+=][rwxX]+)*") || arguments.startsWith("[")) {
                throw refused(each.line - 1, each.word + " --chmod=" + cut(mode) + " is not possible here");
            }
            var words = arguments.split("\\s+", -1);
            var target = words[words.length - 1];
            var targets = new ArrayList<String>();
            for (var source : List.of(words).subList(0, words.length - 1)) {
                var name = source.replaceFirst("/+$", "").replaceFirst(".*/", "");
                // Whether the target is a folder that the file is put in, only the image knows.
                targets.add("if [ -f '" + target.replaceFirst("/$", "") + "/" + name + "' ]; then chmod " + mode + " '"
                        + target.replaceFirst("/$", "") + "/" + name + "'; else chmod -R " + mode + " '" + target
                        + "'; fi");
            }
            if (arguments.contains("'")) {
                throw refused(each.line - 1, each.word + " --chmod with such names is not possible here");
            }
            if (!user.equals("root")) {
                write("USER", "root");
            }
            write("RUN", OtherServers.json(List.of("/bin/sh", "-c", String.join("; ", targets))));
            if (!user.equals("root")) {
                write("USER", user);
            }
        }

        private void base(String from) {
            var image = substituted(from);
            if (image.isPresent()
                    && !image.get().matches("\\d+")
                    && !stages.contains(image.get().toLowerCase(Locale.ROOT))) {
                bases.add(image.get());
            }
        }

        private String file(String content) {
            var name = ".codehaven-" + (files.size() + 1);
            files.put(name, content);
            return name;
        }

        /** A break after a flag that was taken away. */
        private String withoutBreak(String rest) {
            return rest.replaceFirst("^(?:\\Q" + escape + "\\E\\n\\s*)+", "").replaceFirst("^\\s+", "");
        }

        private String flat(String rest) {
            return rest.replace(escape + "\n", " ").strip();
        }

        private void write(String word, String rest) {
            text.append(word).append(' ').append(rest).append('\n');
        }

        private StepFailure refused(int line, String why) {
            return new StepFailure(
                    FailureKind.BUILD_FAILED,
                    file + " cannot be built: in line " + (line + 1) + ", " + why + ".",
                    "Say it in words that the engine's own builder knows: without RUN --security, COPY --parents or --exclude,"
                            + " and with secrets given to the running app alone.",
                    null,
                    new Failure.Source(file, line + 1),
                    null);
        }

        private static String cut(String text) {
            return text.length() > 80 ? text.substring(0, 80) + "…" : text;
        }
    }
}
