package codehaven.ui;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.springframework.web.util.HtmlUtils;

/**
 * A line of a log as a terminal would show it: colours as classes, what rewrites the line carried out, everything else
 * that drives a terminal left out or shown. Whatever is in it, what comes out is text and {@code span}s that are closed.
 */
final class AnsiText {

    private static final char ESCAPE = '\u001b';
    private static final char BELL = '\u0007';

    /** How far a cursor may be moved beyond the text; wider terminals are rare, and spaces cost memory. */
    private static final int WIDEST = 1_000;

    /** A colour that is not set. */
    private static final int NONE = -1;

    /** The sixteen colours that themes have; the values are those that most terminals show. */
    private static final int[] PALETTE = {
        0x000000, 0xcd3131, 0x0dbc79, 0xc8a800, 0x2472c8, 0xbc3fbc, 0x11a8cd, 0xc0c0c0,
        0x666666, 0xf14c4c, 0x23d18b, 0xf5f543, 0x3b8eea, 0xd670d6, 0x29b8db, 0xffffff
    };

    private static final int[] CUBE = {0, 95, 135, 175, 215, 255};

    /**
     * @param colour 0 to 15, or {@link #NONE}
     * @param ground the background, which only shows where the text has no colour of its own
     */
    private record Style(int colour, int ground, boolean bold, boolean dim, boolean italic, boolean underline) {

        static final Style PLAIN = new Style(NONE, NONE, false, false, false, false);

        String classes() {
            var names = new StringBuilder();
            // Black or white on a colour, as a badge is: the colour is what it wants to say, and the theme has the
            // ground.
            var isBadge = ground > 0 && ground != 7 && ground != 8 && ground != 15;
            var shown = isBadge && (colour == NONE || colour % 8 == 0 || colour % 8 == 7) ? ground : colour;
            if (shown != NONE) {
                names.append("ansi-").append(shown < 8 ? 30 + shown : 82 + shown);
            }
            append(names, bold, "bold");
            append(names, dim, "dim");
            append(names, italic, "italic");
            append(names, underline, "underline");
            return names.toString();
        }

        private static void append(StringBuilder names, boolean has, String name) {
            if (has) {
                names.append(names.isEmpty() ? "" : " ").append(name);
            }
        }

        Style withColour(int value) {
            return new Style(value, ground, bold, dim, italic, underline);
        }

        Style withGround(int value) {
            return new Style(colour, value, bold, dim, italic, underline);
        }

        Style withWeight(boolean isBold, boolean isDim) {
            return new Style(colour, ground, isBold, isDim, italic, underline);
        }

        Style withItalic(boolean value) {
            return new Style(colour, ground, bold, dim, value, underline);
        }

        Style withUnderline(boolean value) {
            return new Style(colour, ground, bold, dim, italic, value);
        }
    }

    private final String source;
    private final List<Integer> letters = new ArrayList<>();
    private final List<Style> styles = new ArrayList<>();
    private int at;
    private int column;
    private Style style = Style.PLAIN;

    private AnsiText(String source) {
        this.source = source;
        while (at < source.length()) {
            step();
        }
    }

    static AnsiText of(String text) {
        return new AnsiText(text);
    }

    static String html(String text) {
        return of(text).html("", Integer.MAX_VALUE);
    }

    /** How many characters it shows. */
    int length() {
        return letters.size();
    }

    /** Without colours. */
    String plain() {
        var text = new StringBuilder(letters.size());
        letters.forEach(text::appendCodePoint);
        return text.toString();
    }

    /**
     * @param find what is to be marked, in any case; empty for nothing
     * @param limit how many characters are shown at most
     */
    String html(String find, int limit) {
        var length = Math.min(limit, letters.size());
        var marked = marks(find, length);
        var html = new StringBuilder(length + 32);
        for (int start = 0, end; start < length; start = end) {
            end = start + 1;
            while (end < length && styles.get(end).equals(styles.get(start)) && marked[end] == marked[start]) {
                end++;
            }
            write(html, start, end, marked[start] > 0, start == 0 || marked[start - 1] != marked[start]);
        }
        return html.toString();
    }

    private void write(StringBuilder html, int start, int end, boolean isMarked, boolean isFirstOfMark) {
        var classes = styles.get(start).classes();
        if (!classes.isEmpty()) {
            html.append("<span class=\"").append(classes).append("\">");
        }
        if (isMarked) {
            html.append(isFirstOfMark ? "<mark>" : "<mark class=\"on\">");
        }
        var text = new StringBuilder(end - start);
        for (int i = start; i < end; i++) {
            text.appendCodePoint(letters.get(i));
        }
        html.append(HtmlUtils.htmlEscape(text.toString(), "UTF-8"));
        html.append(isMarked ? "</mark>" : "").append(classes.isEmpty() ? "" : "</span>");
    }

    /** For each letter the number of the match that it is in, from 1; 0 for none. */
    private int[] marks(String find, int length) {
        var marks = new int[length];
        if (find.isEmpty()) {
            return marks;
        }
        var wanted = find.toLowerCase(Locale.ROOT).codePoints().toArray();
        // Letter by letter, because the whole in lower case may be longer than the whole.
        var text = letters.stream().mapToInt(Character::toLowerCase).toArray();
        int count = 0;
        for (int i = 0; i + wanted.length <= length; i++) {
            if (Arrays.equals(text, i, i + wanted.length, wanted, 0, wanted.length)) {
                Arrays.fill(marks, i, i + wanted.length, ++count);
                i += wanted.length - 1;
            }
        }
        return marks;
    }

    private void step() {
        int letter = source.codePointAt(at);
        if (letter == ESCAPE) {
            escape();
            return;
        }
        at += Character.charCount(letter);
        switch (letter) {
            case '\r' -> column = 0;
            case '\b' -> column = Math.max(0, column - 1);
            case BELL -> {
                // It makes a sound, and shows nothing.
            }
            default -> put(shown(letter));
        }
    }

    /** What would end the line, drive something, or is half of a letter, as a sign for it. */
    private static int shown(int letter) {
        if (letter < ' ' && letter != '\t') {
            return '\u2400' + letter;
        }
        var isHarmless = (letter < 0x7f || letter > 0x9f)
                && letter != 0x2028
                && letter != 0x2029
                && (letter < Character.MIN_SURROGATE || letter > Character.MAX_SURROGATE);
        return isHarmless ? letter : '\ufffd';
    }

    private void put(int letter) {
        while (letters.size() < column) {
            letters.add((int) ' ');
            styles.add(Style.PLAIN);
        }
        if (column == letters.size()) {
            letters.add(letter);
            styles.add(style);
        } else {
            letters.set(column, letter);
            styles.set(column, style);
        }
        column++;
    }

    private void escape() {
        if (at + 1 == source.length()) {
            at++;
            put('\u241b');
            return;
        }
        var next = source.charAt(at + 1);
        switch (next) {
            case '[' -> control();
            case ']', 'P', 'X', '^', '_' -> string();
            case '(', ')', '*', '+', '#', '%', ' ' -> at = Math.min(source.length(), at + 3);
            default -> {
                if (next >= '0' && next <= '~') {
                    at += 2;
                } else {
                    at++;
                    put('\u241b');
                }
            }
        }
    }

    /** {@code ESC [ parameters intermediates letter}; ECMA-48, 5.4. */
    private void control() {
        int end = at + 2;
        while (end < source.length() && source.charAt(end) >= '0' && source.charAt(end) <= '?') {
            end++;
        }
        var parameters = source.substring(at + 2, end);
        var hasMore = end < source.length() && source.charAt(end) >= ' ' && source.charAt(end) <= '/';
        while (end < source.length() && source.charAt(end) >= ' ' && source.charAt(end) <= '/') {
            end++;
        }
        if (end == source.length() || source.charAt(end) < '@' || source.charAt(end) > '~') {
            at++;
            put('\u241b');
            return;
        }
        at = end + 1;
        if (hasMore || !parameters.chars().allMatch(c -> c >= '0' && c <= ';')) {
            return;
        }
        switch (source.charAt(end)) {
            case 'm' -> paint(parameters);
            case 'C' -> column = Math.min(column + first(parameters, 1), Math.max(letters.size(), WIDEST));
            case 'D' -> column = Math.max(0, column - first(parameters, 1));
            case 'G' -> column = Math.min(first(parameters, 1) - 1, Math.max(letters.size(), WIDEST));
            case 'K' -> erase(parameters.isEmpty() ? 0 : first(parameters, 0));
            default -> {
                // It concerns other lines, or the terminal as a whole.
            }
        }
    }

    private static int first(String parameters, int least) {
        return Math.max(least, number(parameters.split("[;:]", 2)[0]));
    }

    private void erase(int what) {
        if (what == 0 || what == 2) {
            while (letters.size() > (what == 2 ? 0 : column)) {
                letters.removeLast();
                styles.removeLast();
            }
        } else if (what == 1) {
            for (int i = 0; i <= column && i < letters.size(); i++) {
                letters.set(i, (int) ' ');
                styles.set(i, Style.PLAIN);
            }
        }
    }

    /** OSC and its like, up to {@code BEL} or {@code ESC \}: titles, links, pictures. Without an end it hides nothing. */
    private void string() {
        for (int i = at + 2; i < source.length(); i++) {
            if (source.charAt(i) == BELL) {
                at = i + 1;
                return;
            }
            if (source.charAt(i) == ESCAPE) {
                if (i + 1 < source.length() && source.charAt(i + 1) == '\\') {
                    at = i + 2;
                    return;
                }
                break;
            }
        }
        at++;
        put('\u241b');
    }

    /** SGR; ISO 8613-6 for colours, whose parts are after semicolons by habit and after colons by the letter. */
    private void paint(String parameters) {
        var codes = parameters.split(";", -1);
        for (int i = 0; i < codes.length; i++) {
            var parts = codes[i].split(":", -1);
            var code = number(parts[0]);
            if (code != 38 && code != 48) {
                style = code == 4 && parts.length > 1 ? style.withUnderline(number(parts[1]) > 0) : painted(code);
                continue;
            }
            var isOne = parts.length > 1;
            var rest = isOne
                    ? List.of(parts).subList(1, parts.length)
                    : List.of(codes).subList(i + 1, codes.length);
            var kind = rest.isEmpty() ? 0 : number(rest.getFirst());
            var colour = NONE;
            var taken = rest.size();
            if (kind == 5 && rest.size() >= 2) {
                colour = indexed(number(rest.get(1)));
                taken = 2;
            } else if (kind == 2 && rest.size() >= 4) {
                // With colons there may be a colour space before the three.
                var red = isOne && rest.size() > 4 ? 2 : 1;
                colour = nearest(number(rest.get(red)), number(rest.get(red + 1)), number(rest.get(red + 2)));
                taken = 4;
            }
            style = code == 38 ? style.withColour(colour) : style.withGround(colour);
            i += isOne ? 0 : taken;
        }
    }

    private Style painted(int code) {
        return switch (code) {
            case 0 -> Style.PLAIN;
            case 1 -> style.withWeight(true, style.dim());
            case 2 -> style.withWeight(style.bold(), true);
            case 3 -> style.withItalic(true);
            case 4, 21 -> style.withUnderline(true);
            case 22 -> style.withWeight(false, false);
            case 23 -> style.withItalic(false);
            case 24 -> style.withUnderline(false);
            case 39 -> style.withColour(NONE);
            case 49 -> style.withGround(NONE);
            default -> {
                if (code >= 30 && code <= 37) {
                    yield style.withColour(code - 30);
                } else if (code >= 90 && code <= 97) {
                    yield style.withColour(code - 82);
                } else if (code >= 40 && code <= 47) {
                    yield style.withGround(code - 40);
                } else if (code >= 100 && code <= 107) {
                    yield style.withGround(code - 92);
                } else {
                    yield style;
                }
            }
        };
    }

    /** Of the 256 colours: the sixteen, a cube of six by six by six, and greys. */
    private static int indexed(int index) {
        if (index < 16) {
            return index;
        }
        if (index < 232) {
            var place = index - 16;
            return nearest(CUBE[place / 36], CUBE[place / 6 % 6], CUBE[place % 6]);
        }
        var grey = 8 + (Math.min(index, 255) - 232) * 10;
        return nearest(grey, grey, grey);
    }

    private static int nearest(int redOrMore, int greenOrMore, int blueOrMore) {
        var red = Math.min(redOrMore, 255);
        var green = Math.min(greenOrMore, 255);
        var blue = Math.min(blueOrMore, 255);
        int best = 0;
        var least = Double.MAX_VALUE;
        for (int i = 0; i < PALETTE.length; i++) {
            var away = distance(red, green, blue, PALETTE[i]);
            if (away < least) {
                least = away;
                best = i;
            }
        }
        return best;
    }

    /** By "redmean": the eye minds green most, and red and blue by how red it is. */
    private static double distance(int red, int green, int blue, int other) {
        var mean = (red + (other >> 16)) / 2.0;
        var r = red - (other >> 16);
        var g = green - (other >> 8 & 255);
        var b = blue - (other & 255);
        return (2 + mean / 256) * r * r + 4.0 * g * g + (2 + (255 - mean) / 256) * b * b;
    }

    /** What is none counts as 0. */
    private static int number(String digits) {
        if (digits.isEmpty()) {
            return 0;
        }
        return digits.length() > 6 ? 999_999 : Integer.parseInt(digits);
    }
}
