package codehaven.ui;

import codehaven.api.apps.RuntimeLine;
import java.util.List;
import org.springframework.web.util.HtmlUtils;

/**
 * Writes what an app printed as the items of {@code ol.lines}, for the page and for its stream. By hand, as the lines of
 * builds are.
 */
final class RuntimeLines {

    private final Words words;

    RuntimeLines(Words words) {
        this.words = words;
    }

    /**
     * @param find what is marked; empty for nothing
     * @param picked the line that the address names, 0 for none
     */
    String html(List<RuntimeLine> lines, String find, long picked) {
        var html = new StringBuilder(lines.size() * 256);
        for (var line : lines) {
            write(html, line, find, picked);
        }
        return html.toString();
    }

    private void write(StringBuilder html, RuntimeLine line, String find, long picked) {
        var n = line.n();
        var classes = (line.stream().equals("stdout") ? "" : HtmlUtils.htmlEscape(line.stream()))
                + (n == picked ? " picked" : "");
        html.append("<li id=\"L").append(n).append('"');
        if (!classes.isBlank()) {
            html.append(" class=\"").append(classes.strip()).append('"');
        }
        html.append("><a class=\"n\" href=\"?line=").append(n).append("#L").append(n);
        html.append("\" aria-label=\"Line ")
                .append(n)
                .append("\" tabindex=\"-1\">")
                .append(n);
        html.append("</a><time datetime=\"").append(words.iso(line.at())).append("\" title=\"");
        html.append(words.exact(line.at())).append("\">").append(words.clock(line.at()));
        html.append("</time><span class=\"src\"><b title=\"Container ")
                .append(line.instance())
                .append("\">");
        html.append(line.instance())
                .append("</b>")
                .append(source(line.stream()))
                .append("</span><span>");
        var text = AnsiText.of(line.text());
        html.append(text.html(find, Integer.MAX_VALUE)).append("</span></li>");
    }

    /** Where it was printed to, unless that is where everything is. */
    private static String source(String stream) {
        return switch (stream) {
            case "stdout" -> "";
            case "stderr" -> "<i title=\"Standard error\">err</i>";
            default -> "<i title=\"Said by CodeHaven, not by the app\">sys</i>";
        };
    }
}
