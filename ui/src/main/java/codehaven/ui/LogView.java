package codehaven.ui;

import codehaven.model.Step;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The log of a deployment as a page shows it at first.
 *
 * @param position the place in the timeline up to which the page tells; a stream goes on after it
 * @param running whether more may come
 * @param follows whether it rests at its end
 * @param lines the number of the last line
 * @param bytes of all as text
 * @param target the line to be in sight at first, 0 for none
 * @param picked the lines that the address names, {@code 12} or {@code 12-20}
 * @param parts the steps that printed, in order
 */
record LogView(
        String id,
        long position,
        boolean running,
        boolean follows,
        long lines,
        long bytes,
        long target,
        @Nullable String picked,
        @Nullable Search search,
        List<Part> parts) {

    /**
     * What one step printed.
     *
     * @param status as {@code data-status} has it
     * @param took how long, null where nobody said
     * @param since when it began, null unless it runs
     * @param chunks what is shown of it, and what is not, in order; empty where it is folded
     */
    record Part(
            @Nullable Step step,
            String word,
            String status,
            String icon,
            long from,
            long to,
            @Nullable String took,
            @Nullable String since,
            boolean open,
            List<Chunk> chunks) {

        /** "lines 46–68". */
        public String range() {
            return from == to ? "line " + from : "lines " + from + "\u2013" + to;
        }

        /** As a link to all of it says. */
        public String invitation() {
            return from == to ? "Load line " + from : "Load lines " + from + " to " + to;
        }
    }

    /**
     * Lines in a row, either shown or not.
     *
     * @param html the items of the list; null for lines that are not loaded
     * @param link the line that a link to them goes to
     * @param words what that link says
     */
    record Chunk(long from, long to, @Nullable String html, long link, String words) {

        /** Line height in pixels, as the stylesheet has it for a mouse. */
        private static final int LINE_HEIGHT = 20;

        static Chunk shown(long from, long to, String html) {
            return new Chunk(from, to, html, 0, "");
        }

        static Chunk earlier(long from, long to) {
            return new Chunk(from, to, null, to, "Earlier lines, " + from + " to " + to);
        }

        static Chunk later(long from, long to) {
            return new Chunk(from, to, null, from, "Later lines, " + from + " to " + to);
        }

        public long height() {
            return (to - from + 1) * LINE_HEIGHT;
        }

        /** Whether it is as long as windows are, so that its height is known before it is drawn. */
        public boolean whole() {
            return to - from + 1 == LogViews.WINDOW;
        }
    }

    /**
     * What was looked for.
     *
     * @param at the line of the match that is in sight; 0 if there is none
     * @param place of that match, from 1
     * @param previous the line of the match before it, with the last before the first
     */
    record Search(String text, long at, long place, long count, long previous, long next) {

        /** "3 of 17". */
        public String hits(Words words) {
            return count == 0 ? "Not found" : words.count(place) + " of " + words.count(count);
        }
    }
}
