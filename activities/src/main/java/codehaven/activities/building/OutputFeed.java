package codehaven.activities.building;

import codehaven.activities.StepLog;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Passes a phase's output on to the log and remembers its last lines with their numbers. Leaves out the lines that the
 * log has already, when an attempt goes on where another one stopped. Used by one thread at a time.
 */
final class OutputFeed {

    private static final int REMEMBERED = 500;
    private static final int LONGEST = 2000;
    private static final Pattern COLOUR = Pattern.compile("\u001b\\[[0-9;:]*[A-Za-z]");

    private final StepLog log;
    private final Deque<String> last = new ArrayDeque<>();
    private final Stream out = new Stream("stdout");
    private final Stream err = new Stream("stderr");
    private final long known;
    private long lines;
    private long end;

    /** One line as it was printed, with its number in the log, without colours. */
    record Line(long number, String text) {}

    /**
     * @param known how many of the phase's lines the log has already
     */
    OutputFeed(StepLog log, long known) {
        this.log = log;
        this.known = known;
    }

    synchronized void take(boolean stderr, byte[] bytes, int offset, int length) {
        var stream = stderr ? err : out;
        var end = offset + length;
        var unsent = offset;
        var lineStart = offset;
        for (var i = offset; i < end; i++) {
            if (bytes[i] == '\n') {
                stream.add(bytes, lineStart, i);
                lineStart = i + 1;
                if (lines < known) {
                    unsent = lineStart;
                }
                remember(stream);
            }
        }
        stream.add(bytes, lineStart, end);
        if (lines >= known && unsent < end) {
            log.output(stream.name, bytes, unsent, end - unsent);
        }
    }

    private void remember(Stream stream) {
        lines++;
        var text = stream.line.toString(StandardCharsets.UTF_8);
        stream.line.reset();
        var rewritten = text.lastIndexOf('\r', text.length() - 2);
        text = rewritten < 0 ? text : text.substring(rewritten + 1);
        text = (text.indexOf('\u001b') < 0 ? text : COLOUR.matcher(text).replaceAll("")).stripTrailing();
        last.addLast(text);
        if (last.size() > REMEMBERED) {
            last.removeFirst();
        }
    }

    /** The phase is over: nothing more comes, and nothing of the platform's own came between. */
    synchronized void end() {
        for (var each : List.of(out, err)) {
            if (each.line.size() > 0) {
                remember(each);
            }
        }
        log.flush();
        end = log.lastLine();
    }

    /** The last lines, oldest first; after {@link #end}. */
    synchronized List<Line> tail() {
        var all = new ArrayList<Line>();
        var number = end - last.size();
        for (var each : last) {
            all.add(new Line(++number, each));
        }
        return all;
    }

    /** The same as one text. */
    String text() {
        var text = new StringBuilder();
        tail().forEach(each -> text.append(each.text()).append('\n'));
        return text.toString();
    }

    private static final class Stream {
        final String name;
        final ByteArrayOutputStream line = new ByteArrayOutputStream();

        Stream(String name) {
            this.name = name;
        }

        void add(byte[] bytes, int from, int to) {
            line.write(bytes, from, Math.max(0, Math.min(to - from, LONGEST - line.size())));
        }
    }
}
