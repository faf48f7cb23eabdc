package codehaven.api.deployments;

import codehaven.model.DeploymentEvent.LogLine;
import codehaven.state.Deflated;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** What is looked through when something is looked for in a log: its text without colours or case, compressed. */
final class LogText {

    private static final int CHARACTERS_PER_BLOCK = 1 << 18;

    /** CSI and OSC sequences and single escapes: what a terminal swallows. */
    private static final Pattern ANSI =
            Pattern.compile("\u001b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\u0007\u001b]*(?:\u0007|\u001b\\\\)|[@-Z\\\\-_])");

    /** Lines in a row, each with its end. */
    private record Block(long from, Deflated lines) {}

    private final List<Block> blocks = new ArrayList<>();
    private final StringBuilder tail = new StringBuilder();
    private long tailFrom = 1;
    private long next = 1;
    private long compressed;

    /** Lines come in order. */
    void add(LogLine line) {
        if (line.n() != next || tail.length() > CHARACTERS_PER_BLOCK) {
            compressTail();
            tailFrom = line.n();
        }
        tail.append(plain(line.text()).toLowerCase(Locale.ROOT)).append('\n');
        next = line.n() + 1;
    }

    /** What it takes in memory, roughly. */
    long bytes() {
        return compressed + 2L * tail.length();
    }

    /**
     * @param text in any case
     * @param limit how many numbers are wanted at most
     */
    Logs.Matches find(String text, int limit) {
        var search = new Search(text.toLowerCase(Locale.ROOT), limit);
        if (text.indexOf('\n') < 0) {
            for (var block : blocks) {
                search.in(block.lines().text(), block.from());
            }
            search.in(tail.toString(), tailFrom);
        }
        return new Logs.Matches(List.copyOf(search.numbers), search.count);
    }

    private static final class Search {
        private final String wanted;
        private final int limit;
        private final List<Long> numbers = new ArrayList<>();
        private long count;

        Search(String wanted, int limit) {
            this.wanted = wanted;
            this.limit = limit;
        }

        void in(String lines, long from) {
            var number = from;
            var start = 0;
            for (var hit = lines.indexOf(wanted); hit >= 0; hit = lines.indexOf(wanted, start)) {
                var end = lines.indexOf('\n', start);
                while (end < hit) {
                    number++;
                    end = lines.indexOf('\n', end + 1);
                }
                count++;
                if (numbers.size() < limit) {
                    numbers.add(number);
                }
                number++;
                start = end + 1;
            }
        }
    }

    private static String plain(String text) {
        return text.indexOf('\u001b') < 0 ? text : ANSI.matcher(text).replaceAll("");
    }

    private void compressTail() {
        if (tail.isEmpty()) {
            return;
        }
        var lines = Deflated.of(tail.toString());
        blocks.add(new Block(tailFrom, lines));
        compressed += lines.size();
        tail.setLength(0);
    }
}
