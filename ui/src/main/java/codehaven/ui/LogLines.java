package codehaven.ui;

import codehaven.model.DeploymentEvent.Level;
import codehaven.model.DeploymentEvent.LogLine;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Writes a log's lines as the items of {@code ol.lines}: for the page, for windows that are loaded later, and for the
 * stream, so that a line is the same wherever it comes from. By hand, because there are thousands of them.
 */
final class LogLines {

    /** How much of a line is shown at first. */
    static final int LONGEST = 4_000;

    /**
     * How lines are shown.
     *
     * @param find what is marked; empty for nothing
     * @param picked the lines that the address names
     * @param reachable the line whose number the Tab key reaches, 0 for none
     * @param whole whether long lines are whole
     */
    record Look(String find, Range picked, long reachable, boolean whole) {
        static final Look PLAIN = new Look("", Range.NONE, 0, false);
    }

    /** Lines by number, both included; empty where {@code to} is below {@code from}. */
    record Range(long from, long to) {
        static final Range NONE = new Range(1, 0);

        boolean has(long line) {
            return line >= from && line <= to;
        }

        boolean isEmpty() {
            return to < from;
        }
    }

    private final Words words;

    LogLines(Words words) {
        this.words = words;
    }

    String html(List<LogLine> lines, Look look) {
        var html = new StringBuilder(lines.size() * 256);
        long last = 0;
        for (var line : lines) {
            // Two writers at once, one of them about to find out that it is late, may have counted the same.
            if (line.n() > last) {
                last = line.n();
                write(html, line, look);
            }
        }
        return html.toString();
    }

    private void write(StringBuilder html, LogLine line, Look look) {
        var n = line.n();
        html.append("<li id=\"L").append(n).append('"');
        var level = switch (line.level()) {
            case Level.error -> "err";
            case Level.warn -> "warn";
            case Level.info -> "";
        };
        if (look.picked().has(n)) {
            html.append(" class=\"").append(level.isEmpty() ? "" : level + " ").append("picked\"");
        } else if (!level.isEmpty()) {
            html.append(" class=\"").append(level).append('"');
        }
        html.append("><a class=\"n\" href=\"?line=").append(n).append("#L").append(n);
        html.append("\" aria-label=\"Line ").append(n).append('"');
        if (n != look.reachable()) {
            html.append(" tabindex=\"-1\"");
        }
        html.append('>').append(n).append("</a><time datetime=\"").append(words.iso(line.at()));
        html.append("\">").append(words.clock(line.at())).append("</time><span>");
        var text = AnsiText.of(line.text());
        var isCut = !look.whole() && text.length() > LONGEST;
        html.append(text.html(look.find(), isCut ? LONGEST : Integer.MAX_VALUE));
        if (isCut) {
            var size = text.plain().getBytes(StandardCharsets.UTF_8).length;
            html.append("… <a class=\"more\" href=\"?line=")
                    .append(n)
                    .append("&amp;whole=on#L")
                    .append(n);
            html.append("\">show all ").append(words.size(size)).append("</a>");
        }
        html.append("</span></li>");
    }
}
