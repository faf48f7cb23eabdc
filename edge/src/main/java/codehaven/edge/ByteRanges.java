package codehaven.edge;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The parts of a file that a client asks for (RFC 9110, 14.2). */
final class ByteRanges {

    /** More than a sensible client asks for at once; a request with more is answered with the whole file. */
    private static final int MOST = 16;

    private static final int LONGEST_NUMBER = 18;

    private ByteRanges() {}

    /**
     * A part.
     *
     * @param first position of its first byte
     * @param last position of its last byte
     */
    record Part(long first, long last) {
        long length() {
            return last - first + 1;
        }
    }

    /**
     * The parts, in the order asked for, overlapping ones joined. Empty if none lies within the file; null if the field
     * cannot be read or asks for too much, and is to be ignored.
     */
    static @Nullable List<Part> parse(String field, long size) {
        if (!field.toLowerCase(Locale.ROOT).startsWith("bytes=")) {
            return null;
        }
        var parts = new ArrayList<Part>();
        var count = 0;
        for (var each : field.substring("bytes=".length()).split(",", -1)) {
            var text = each.strip();
            if (text.isEmpty()) {
                continue;
            }
            if (++count > MOST) {
                return null;
            }
            var dash = text.indexOf('-');
            if (dash < 0) {
                return null;
            }
            var from = number(text.substring(0, dash));
            var to = number(text.substring(dash + 1));
            var suffix = dash == 0;
            if ((suffix && to < 0) || (!suffix && from < 0) || (to < 0 && dash + 1 < text.length())) {
                return null;
            }
            if (!suffix && to >= 0 && to < from) {
                return null;
            }
            var first = suffix ? Math.max(0, size - to) : from;
            var last = suffix || to < 0 ? size - 1 : Math.min(to, size - 1);
            if (first <= last) {
                parts.add(new Part(first, last));
            }
        }
        return count == 0 ? null : joined(parts);
    }

    /** One part where parts overlap, so that nobody is sent the same bytes over and over. */
    private static List<Part> joined(List<Part> parts) {
        var sorted =
                parts.stream().sorted(Comparator.comparingLong(Part::first)).toList();
        var joined = new ArrayList<Part>();
        for (var part : sorted) {
            if (!joined.isEmpty() && part.first() <= joined.getLast().last()) {
                var before = joined.removeLast();
                joined.add(new Part(before.first(), Math.max(before.last(), part.last())));
            } else {
                joined.add(part);
            }
        }
        return joined.size() == parts.size() ? parts : joined;
    }

    /** -1 if it is not a number. */
    private static long number(String text) {
        if (text.isEmpty() || text.length() > LONGEST_NUMBER) {
            return -1;
        }
        var number = 0L;
        for (var i = 0; i < text.length(); i++) {
            var digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            number = number * 10 + digit;
        }
        return number;
    }
}
