package codehaven.state;

import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.DeploymentEvent.Placed;
import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;

/** An archived log in memory: compressed in blocks, so that any part of it is near and the whole is small. */
final class ArchivedLog {

    private static final int EVENTS_PER_BLOCK = 512;

    private record Block(Span span, Deflated lines) {}

    private final List<Block> blocks;

    private ArchivedLog(List<Block> blocks) {
        this.blocks = blocks;
    }

    /** Called for each event of an archive, in order. */
    @FunctionalInterface
    interface Lines {
        void accept(Placed placed, String line) throws IOException;
    }

    /**
     * Goes through an archive, one line in memory at a time.
     *
     * @throws IOException also if it is damaged: cut off, not in order, not readable
     */
    static void scan(InputStream archive, Lines lines) throws IOException {
        try (var reader = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(archive, 1 << 16), StandardCharsets.UTF_8), 1 << 16)) {
            long expected = 1;
            for (var line = reader.readLine(); line != null; line = reader.readLine()) {
                var placed = EventLines.placed(line);
                if (placed.position() != expected) {
                    throw new IOException("position " + placed.position() + " where " + expected + " belongs");
                }
                expected++;
                lines.accept(placed, line);
            }
        }
    }

    static ArchivedLog load(InputStream archive) throws IOException {
        var blocks = new ArrayList<Block>();
        var pending = new ArrayList<String>();
        var span = new Span[] {Span.NONE};
        scan(archive, (placed, line) -> {
            pending.add(line);
            span[0] = span[0].with(placed.position(), placed.event());
            if (pending.size() == EVENTS_PER_BLOCK) {
                blocks.add(block(span[0], pending));
                pending.clear();
                span[0] = Span.NONE;
            }
        });
        if (!pending.isEmpty()) {
            blocks.add(block(span[0], pending));
        }
        return new ArchivedLog(List.copyOf(blocks));
    }

    /** What it takes in memory, roughly. */
    long bytes() {
        return blocks.stream().mapToLong(block -> block.lines().size() + 64L).sum();
    }

    /** Events above {@code after} and up to {@code through}. */
    List<Placed> read(long after, long through, int limit) {
        var events = new ArrayList<Placed>();
        for (var block : blocks) {
            if (block.span().last() <= after) {
                continue;
            }
            if (block.span().first() > through || events.size() >= limit) {
                break;
            }
            for (var placed : decoded(block)) {
                if (placed.position() > after && placed.position() <= through && events.size() < limit) {
                    events.add(placed);
                }
            }
        }
        return events;
    }

    /** The log lines with numbers in the range. */
    List<LogLine> lines(long from, long to) {
        var lines = new ArrayList<LogLine>();
        for (var block : blocks) {
            if (block.span().hasLines(from, to)) {
                for (var placed : decoded(block)) {
                    if (placed.event() instanceof LogLine line && line.n() >= from && line.n() <= to) {
                        lines.add(line);
                    }
                }
            }
        }
        return lines;
    }

    /** The position before which no block has what is looked for; the last position if none has it. */
    long before(Predicate<Span> wanted) {
        long before = 0;
        for (var block : blocks) {
            if (wanted.test(block.span)) {
                return block.span().first() - 1;
            }
            before = block.span().last();
        }
        return before;
    }

    private static Block block(Span span, List<String> lines) {
        return new Block(span, Deflated.of(String.join("\n", lines)));
    }

    private static List<Placed> decoded(Block block) {
        var events = new ArrayList<Placed>(EVENTS_PER_BLOCK);
        for (var line : block.lines().text().split("\n", -1)) {
            try {
                events.add(EventLines.placed(line));
            } catch (JsonProcessingException e) {
                throw new IllegalStateException("what was read as it was archived cannot be read again", e);
            }
        }
        return events;
    }
}
