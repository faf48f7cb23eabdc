package codehaven.activities;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Makes lines of one stream of a program's output: decodes, takes out what would drive a terminal (colours stay),
 * masks, and cuts. Not safe for use by several threads.
 */
public final class OutputLines implements Masks.Taker {

    /** Longer lines become several: readers and the database take lines, not files. */
    static final int LONGEST = 16 * 1024;

    static final String CONTINUED = "… ";

    private static final char ESCAPE = '\u001b';
    private static final char BELL = '\u0007';
    private static final int LONGEST_COLOUR = 48;
    private static final int LONGEST_STRING = 4096;

    private enum State {
        TEXT,
        AFTER_ESCAPE,
        /** {@code ESC (} and the like: one more character belongs to it. */
        INTERMEDIATE,
        /** {@code ESC [}: parameters, then a letter. */
        CONTROL,
        /** {@code ESC ]} and the like: up to {@code BEL} or {@code ESC \}. */
        STRING,
        STRING_AFTER_ESCAPE
    }

    private final Consumer<String> taker;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private final CharBuffer decoded = CharBuffer.allocate(8 * 1024);
    private byte[] undecoded = new byte[0];

    private State state = State.TEXT;
    private final StringBuilder sequence = new StringBuilder();
    private int stringLength;

    private final Masks.Stream masks;

    private StringBuilder line = new StringBuilder();
    /** What the line said before it was rewritten from its beginning. */
    private StringBuilder before = new StringBuilder();

    private boolean returned;
    private boolean continued;

    public OutputLines(Masks masks, Consumer<String> taker) {
        this.masks = new Masks.Stream(masks, this);
        this.taker = taker;
    }

    void use(Masks newer) {
        masks.use(newer);
    }

    public void accept(byte[] bytes, int offset, int length) {
        ByteBuffer in;
        if (undecoded.length == 0) {
            in = ByteBuffer.wrap(bytes, offset, length);
        } else {
            var joined = Arrays.copyOf(undecoded, undecoded.length + length);
            System.arraycopy(bytes, offset, joined, undecoded.length, length);
            in = ByteBuffer.wrap(joined);
        }
        decode(in, false);
        undecoded = new byte[in.remaining()];
        in.get(undecoded);
    }

    public void accept(String text) {
        for (var i = 0; i < text.length(); i++) {
            var c = text.charAt(i);
            var alone = Character.isHighSurrogate(c)
                    ? i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1))
                    : Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
            filter(alone ? '\ufffd' : c);
        }
    }

    /** Ends the unfinished line, if there is one. */
    public void flush() {
        if (undecoded.length > 0) {
            decode(ByteBuffer.wrap(undecoded), true);
            undecoded = new byte[0];
        }
        masks.flush();
        if (!line.isEmpty() || !before.isEmpty()) {
            end();
        }
        returned = false;
        continued = false;
    }

    /** Whether a line is begun. */
    boolean unfinished() {
        return !line.isEmpty() || !before.isEmpty();
    }

    private void decode(ByteBuffer in, boolean last) {
        while (true) {
            var result = decoder.decode(in, decoded, last);
            drain();
            if (result.isUnderflow()) {
                break;
            }
        }
        if (last) {
            decoder.flush(decoded);
            drain();
            decoder.reset();
        }
    }

    private void drain() {
        var chars = decoded.array();
        var count = decoded.position();
        for (var i = 0; i < count; ) {
            var plain = i;
            if (state == State.TEXT) {
                while (plain < count && isPlain(chars[plain])) {
                    plain++;
                }
            }
            if (plain > i) {
                masks.accept(chars, i, plain);
                i = plain;
            } else {
                filter(chars[i++]);
            }
        }
        decoded.clear();
    }

    /** Whether it is no more than itself: neither ends a line nor drives a terminal. */
    private static boolean isPlain(char c) {
        return (c >= ' ' && c < 0x7f) || c > 0x9f;
    }

    private void filter(char c) {
        switch (state) {
            case TEXT -> {
                if (isPlain(c) || c == '\n' || c == '\t' || c == '\r') {
                    masks.accept(c);
                } else if (c == ESCAPE) {
                    state = State.AFTER_ESCAPE;
                }
            }
            case AFTER_ESCAPE -> {
                switch (c) {
                    case '[' -> {
                        sequence.setLength(0);
                        state = State.CONTROL;
                    }
                    case ']', 'P', 'X', '^', '_' -> {
                        stringLength = 0;
                        state = State.STRING;
                    }
                    case ESCAPE -> state = State.AFTER_ESCAPE;
                    default -> {
                        if (c >= ' ' && c <= '/') {
                            state = State.INTERMEDIATE;
                        } else if (c >= '0' && c <= '~') {
                            state = State.TEXT;
                        } else {
                            text(c);
                        }
                    }
                }
            }
            case INTERMEDIATE -> {
                if (c < ' ') {
                    text(c);
                } else if (c > '/') {
                    state = State.TEXT;
                }
            }
            case CONTROL -> control(c);
            case STRING -> {
                if (c == BELL) {
                    state = State.TEXT;
                } else if (c == ESCAPE) {
                    state = State.STRING_AFTER_ESCAPE;
                } else if (c == '\n' || ++stringLength > LONGEST_STRING) {
                    text(c);
                }
            }
            case STRING_AFTER_ESCAPE -> {
                if (c == '\\') {
                    state = State.TEXT;
                } else {
                    state = State.AFTER_ESCAPE;
                    filter(c);
                }
            }
        }
    }

    private void text(char c) {
        state = State.TEXT;
        filter(c);
    }

    private void control(char c) {
        if (c >= 0x20 && c <= 0x3f) {
            if (sequence.length() < LONGEST_COLOUR) {
                sequence.append(c);
            } else {
                text(c);
            }
        } else if (c >= 0x40 && c <= 0x7e) {
            state = State.TEXT;
            if (c == 'm' && isColour()) {
                masks.accept(ESCAPE);
                masks.accept('[');
                for (var i = 0; i < sequence.length(); i++) {
                    masks.accept(sequence.charAt(i));
                }
                masks.accept('m');
            } else if (c == 'G' && (sequence.isEmpty() || sequence.toString().equals("1"))) {
                masks.accept('\r');
            }
        } else {
            text(c);
        }
    }

    private boolean isColour() {
        for (var i = 0; i < sequence.length(); i++) {
            var c = sequence.charAt(i);
            if (!((c >= '0' && c <= '9') || c == ';' || c == ':')) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void take(char c) {
        if (c == '\n') {
            end();
            returned = false;
            continued = false;
            return;
        }
        if (c == '\r') {
            returned = true;
            return;
        }
        rewindIfReturned();
        line.append(c);
        if (line.length() >= LONGEST && !Character.isHighSurrogate(c)) {
            cut();
        }
    }

    @Override
    public void take(char[] chars, int from, int to) {
        rewindIfReturned();
        for (var i = from; i < to; ) {
            var taken = Math.clamp(LONGEST - line.length(), 1, to - i);
            line.append(chars, i, taken);
            i += taken;
            if (line.length() >= LONGEST && !Character.isHighSurrogate(chars[i - 1])) {
                cut();
            }
        }
    }

    @Override
    public void takeMask() {
        rewindIfReturned();
        line.append(Masks.MASK);
    }

    private void rewindIfReturned() {
        if (returned) {
            returned = false;
            if (!isBlank(line)) {
                var old = before;
                before = line;
                line = old;
            }
            line.setLength(0);
        }
    }

    /** Not inside a colour. */
    private void cut() {
        var escape = line.lastIndexOf("\u001b");
        var at = escape > line.length() - LONGEST_COLOUR && line.indexOf("m", escape) < 0 ? escape : line.length();
        var rest = line.substring(at);
        line.setLength(at);
        before.setLength(0);
        end();
        continued = true;
        line.append(rest);
    }

    private void end() {
        var said = !before.isEmpty() && isBlank(line) ? before : line;
        if (!continued || !said.isEmpty()) {
            taker.accept(continued ? CONTINUED + said : said.toString());
        }
        line.setLength(0);
        before.setLength(0);
        if (line.capacity() > 4 * 1024) {
            line = new StringBuilder();
        }
        if (before.capacity() > 4 * 1024) {
            before = new StringBuilder();
        }
    }

    private static boolean isBlank(StringBuilder text) {
        for (var i = 0; i < text.length(); i++) {
            if (text.charAt(i) == ESCAPE) {
                while (i < text.length() && text.charAt(i) != 'm') {
                    i++;
                }
            } else if (!Character.isWhitespace(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }
}
