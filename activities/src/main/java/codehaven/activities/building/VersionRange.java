package codehaven.activities.building;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which versions a text such as {@code ^22.3}, {@code >=20 <25}, {@code 20.x || 22} allows, as npm reads it; without
 * pre-releases.
 */
final class VersionRange {

    private static final String VERSION =
            "v?(\\d{1,6}|[xX*])(?:\\.(\\d{1,6}|[xX*]))?(?:\\.(\\d{1,6}|[xX*]))?(?:[-+][0-9A-Za-z.+-]*)?";
    private static final Pattern COMPARATOR = Pattern.compile("(>=|<=|>|<|=|\\^|~>?)?\\s*" + VERSION);
    private static final Pattern HYPHEN = Pattern.compile("\\s*" + VERSION + "\\s+-\\s+" + VERSION + "\\s*");

    /** Longer texts are no version ranges that anybody wrote by hand. */
    private static final int LONGEST = 200;

    private static final long PATCH = 1;
    private static final long MINOR = 1_000_000 * PATCH;
    private static final long MAJOR = 1_000_000 * MINOR;
    private static final long ABOVE_ALL = Long.MAX_VALUE;

    /** From the first, included, to the second, excluded. */
    private record Span(long from, long to) {}

    private final List<Span> spans;

    private VersionRange(List<Span> spans) {
        this.spans = spans;
    }

    /** The range that the text means; absent when it means none. */
    static Optional<VersionRange> of(String text) {
        if (text.length() > LONGEST) {
            return Optional.empty();
        }
        var spans = new ArrayList<Span>();
        for (var each : text.split("\\|\\|", -1)) {
            var span = all(each);
            if (span.isEmpty()) {
                return Optional.empty();
            }
            spans.add(span.get());
        }
        return Optional.of(new VersionRange(spans));
    }

    /** Whether it allows any version with that major number. */
    boolean allows(int major) {
        return spans.stream().anyMatch(each -> each.from < (major + 1) * MAJOR && each.to > major * MAJOR);
    }

    /** The lowest major number that it speaks of. */
    int lowestMajor() {
        return (int) (spans.stream().mapToLong(Span::from).min().orElse(0) / MAJOR);
    }

    private static Optional<Span> all(String comparators) {
        var hyphen = HYPHEN.matcher(comparators);
        if (hyphen.matches()) {
            return Optional.of(new Span(from(hyphen, 1), after(hyphen, 4)));
        }
        var left = comparators.strip();
        var from = 0L;
        var to = ABOVE_ALL;
        while (!left.isEmpty()) {
            var next = COMPARATOR.matcher(left);
            if (!next.lookingAt()) {
                return Optional.empty();
            }
            var span = one(next);
            from = Math.max(from, span.from);
            to = Math.min(to, span.to);
            var rest = left.substring(next.end());
            if (!rest.isEmpty() && !Character.isWhitespace(rest.charAt(0)) && rest.charAt(0) != ',') {
                return Optional.empty();
            }
            left = rest.replaceFirst("^[\\s,]+", "");
        }
        return Optional.of(new Span(from, to));
    }

    private static Span one(Matcher version) {
        var from = from(version, 2);
        var after = after(version, 2);
        return switch (version.group(1)) {
            case ">=" -> new Span(from, ABOVE_ALL);
            case ">" -> new Span(after, ABOVE_ALL);
            case "<" -> new Span(0, from);
            case "<=" -> new Span(0, after);
            case "^" -> new Span(from, from >= MAJOR ? (from / MAJOR + 1) * MAJOR : after);
            case "~", "~>" -> new Span(from, isNumber(version.group(3)) ? (from / MINOR + 1) * MINOR : after);
            case null, default -> new Span(from, after);
        };
    }

    private static long from(Matcher version, int group) {
        return number(version.group(group)) * MAJOR
                + number(version.group(group + 1)) * MINOR
                + number(version.group(group + 2)) * PATCH;
    }

    /** The first version that is not meant any more: {@code 20} means all before 21. */
    private static long after(Matcher version, int group) {
        var from = from(version, group);
        if (!isNumber(version.group(group))) {
            return ABOVE_ALL;
        }
        if (!isNumber(version.group(group + 1))) {
            return from + MAJOR;
        }
        return isNumber(version.group(group + 2)) ? from + PATCH : from + MINOR;
    }

    private static boolean isNumber(@org.jspecify.annotations.Nullable String part) {
        return part != null && Character.isDigit(part.charAt(0));
    }

    private static long number(@org.jspecify.annotations.Nullable String part) {
        return part != null && Character.isDigit(part.charAt(0)) ? Long.parseLong(part) : 0;
    }
}
