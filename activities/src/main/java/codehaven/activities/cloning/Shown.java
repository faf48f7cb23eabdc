package codehaven.activities.cloning;

import java.util.Locale;

/** Text of others as it may stand in a sentence: one line, of bearable length, nothing invisible. */
public final class Shown {

    private static final int LONGEST = 160;

    private Shown() {}

    /** Control, formatting and private characters become {@code \}{@code u....}; a long text is cut. */
    public static String quoted(String text) {
        return "'" + plain(text, LONGEST) + "'";
    }

    public static String plain(String text, int longest) {
        var shown = new StringBuilder();
        var whole = text.codePoints().limit(longest + 1L).toArray();
        for (int i = 0; i < Math.min(whole.length, longest); i++) {
            if (visible(whole[i])) {
                shown.appendCodePoint(whole[i]);
            } else {
                shown.append(String.format("\\u%04x", whole[i]));
            }
        }
        return whole.length > longest ? shown.append('…').toString() : shown.toString();
    }

    private static boolean visible(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }

    /** {@code 12.3 MB}. */
    public static String bytes(long bytes) {
        if (bytes < 1_000) {
            return bytes + " bytes";
        }
        if (bytes < 1_000_000) {
            return String.format(Locale.ROOT, "%.1f kB", bytes / 1e3);
        }
        if (bytes < 1_000_000_000) {
            return String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
        }
        return String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
    }

    /** {@code 12,345}. */
    public static String count(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }
}
