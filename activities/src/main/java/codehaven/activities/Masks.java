package codehaven.activities;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Finds secrets in a stream of characters, in the forms that programs print them in. An Aho–Corasick automaton, so that
 * a character is looked at once however many secrets there are, and no more is held back than could still become one.
 */
public final class Masks {

    static final String MASK = "••••••";
    static final Masks NONE = new Masks(List.of());

    private static final int SHORTEST = 4;
    /** A piece of a secret's Base64 form says so much more than chance that it may be masked wherever it stands. */
    private static final int SHORTEST_DERIVED = 8;
    /** A line of a secret of several lines, printed alone. */
    private static final int SHORTEST_LINE = 8;

    private static final int ROOT = 0;

    private char[] label = new char[64];
    private int[] firstChild = new int[64];
    private int[] nextSibling = new int[64];
    private int[] fallback = new int[64];
    private int[] depth = new int[64];
    /** The length of the longest secret that ends at the node, 0 for none. */
    private int[] found = new int[64];
    /** The length of the shortest secret that goes through the node. */
    private int[] goal = new int[64];

    private final int[] fromRoot = new int[128];
    private int nodes = 1;

    public Masks(Collection<String> secrets) {
        goal[ROOT] = Integer.MAX_VALUE;
        var forms = new LinkedHashSet<String>();
        secrets.forEach(secret -> addForms(secret, forms));
        forms.forEach(this::add);
        link();
    }

    boolean isEmpty() {
        return nodes == 1;
    }

    /** The whole text, masked. */
    public String apply(String text) {
        if (isEmpty()) {
            return text;
        }
        var masked = new StringBuilder(text.length());
        var stream = new Stream(this, new Taker() {
            @Override
            public void take(char c) {
                masked.append(c);
            }

            @Override
            public void takeMask() {
                masked.append(MASK);
            }
        });
        for (var i = 0; i < text.length(); i++) {
            stream.accept(text.charAt(i));
        }
        stream.flush();
        return masked.toString();
    }

    private static void addForms(String secret, Set<String> forms) {
        var trimmed = secret.strip();
        if (trimmed.length() < SHORTEST) {
            return;
        }
        for (var each : new LinkedHashSet<>(List.of(secret, trimmed))) {
            forms.add(each);
            forms.add(each.replace("\r\n", "\n"));
            forms.add(each.replace("\r\n", "\n").replace("\n", "\r\n"));
            var json = escapedAsJson(each);
            forms.add(json);
            forms.add(json.replace("/", "\\/"));
            forms.add(escapedAsJson(json));
            var url = URLEncoder.encode(each, StandardCharsets.UTF_8);
            var path = url.replace("+", "%20");
            forms.add(url);
            forms.add(path);
            forms.add(lowerCaseEscapes(url));
            forms.add(lowerCaseEscapes(path));
            forms.add(path.replace("%7E", "~"));
            addBase64(each.getBytes(StandardCharsets.UTF_8), forms);
        }
        if (trimmed.indexOf('\n') >= 0) {
            trimmed.lines()
                    .map(String::strip)
                    .filter(line -> line.length() >= SHORTEST_LINE)
                    .forEach(forms::add);
        }
    }

    /** What does not depend on the bytes before and behind, for each of the three places that the first byte may have. */
    private static void addBase64(byte[] bytes, Set<String> forms) {
        for (var before = 0; before < 3; before++) {
            var padded = new byte[before + bytes.length];
            System.arraycopy(bytes, 0, padded, before, bytes.length);
            var whole = Base64.getEncoder().withoutPadding().encodeToString(padded);
            var from = before == 0 ? 0 : before + 1;
            var to = padded.length * 8 / 6;
            if (to - from >= SHORTEST_DERIVED) {
                var stable = whole.substring(from, to);
                forms.add(stable);
                forms.add(stable.replace('+', '-').replace('/', '_'));
            }
        }
    }

    private static String escapedAsJson(String text) {
        var escaped = new StringBuilder();
        for (var i = 0; i < text.length(); i++) {
            var c = text.charAt(i);
            switch (c) {
                case '"', '\\' -> escaped.append('\\').append(c);
                case '\n' -> escaped.append("\\n");
                case '\r' -> escaped.append("\\r");
                case '\t' -> escaped.append("\\t");
                default -> {
                    if (c < ' ') {
                        escaped.append("\\u%04x".formatted((int) c));
                    } else {
                        escaped.append(c);
                    }
                }
            }
        }
        return escaped.toString();
    }

    private static String lowerCaseEscapes(String url) {
        var lower = new StringBuilder(url);
        for (var i = 0; i + 2 < lower.length(); i++) {
            if (lower.charAt(i) == '%') {
                lower.setCharAt(i + 1, Character.toLowerCase(lower.charAt(i + 1)));
                lower.setCharAt(i + 2, Character.toLowerCase(lower.charAt(i + 2)));
            }
        }
        return lower.toString();
    }

    private void add(String form) {
        var node = ROOT;
        for (var i = 0; i < form.length(); i++) {
            var c = form.charAt(i);
            var next = child(node, c);
            if (next == ROOT) {
                next = grow(node, c);
            }
            goal[next] = Math.min(goal[next], form.length());
            node = next;
        }
        found[node] = form.length();
    }

    private int grow(int parent, char c) {
        if (nodes == label.length) {
            var size = nodes * 2;
            label = Arrays.copyOf(label, size);
            firstChild = Arrays.copyOf(firstChild, size);
            nextSibling = Arrays.copyOf(nextSibling, size);
            fallback = Arrays.copyOf(fallback, size);
            depth = Arrays.copyOf(depth, size);
            found = Arrays.copyOf(found, size);
            goal = Arrays.copyOf(goal, size);
        }
        var node = nodes++;
        label[node] = c;
        depth[node] = depth[parent] + 1;
        goal[node] = Integer.MAX_VALUE;
        nextSibling[node] = firstChild[parent];
        firstChild[parent] = node;
        if (parent == ROOT && c < fromRoot.length) {
            fromRoot[c] = node;
        }
        return node;
    }

    private void link() {
        var queue = new int[nodes];
        var read = 0;
        var written = 0;
        for (var each = firstChild[ROOT]; each != 0; each = nextSibling[each]) {
            queue[written++] = each;
        }
        while (read < written) {
            var node = queue[read++];
            found[node] = Math.max(found[node], found[fallback[node]]);
            for (var each = firstChild[node]; each != 0; each = nextSibling[each]) {
                fallback[each] = step(fallback[node], label[each]);
                queue[written++] = each;
            }
        }
    }

    private int child(int node, char c) {
        if (node == ROOT && c < fromRoot.length) {
            return fromRoot[c];
        }
        for (var each = firstChild[node]; each != 0; each = nextSibling[each]) {
            if (label[each] == c) {
                return each;
            }
        }
        return ROOT;
    }

    private int step(int node, char c) {
        for (var from = node; ; from = fallback[from]) {
            var next = child(from, c);
            if (next != ROOT || from == ROOT) {
                return next;
            }
        }
    }

    /** Where the characters go that are not secret. */
    interface Taker {
        void take(char c);

        /** Several that follow one another. */
        default void take(char[] chars, int from, int to) {
            for (var i = from; i < to; i++) {
                take(chars[i]);
            }
        }

        /** In place of a secret. */
        void takeMask();
    }

    /** One stream of characters on its way through the masks. */
    static final class Stream {
        private final Taker taker;
        private Masks masks;
        private int node = ROOT;
        private char[] held = new char[64];
        private boolean[] secret = new boolean[64];
        private int length;
        private boolean inMask;

        Stream(Masks masks, Taker taker) {
            this.masks = masks;
            this.taker = taker;
        }

        /** Also what is held back now may turn out to be one of the new secrets. */
        void use(Masks newer) {
            masks = newer;
            var waiting = new String(held, 0, length);
            var known = Arrays.copyOf(secret, length);
            length = 0;
            node = ROOT;
            for (var i = 0; i < waiting.length(); i++) {
                accept(waiting.charAt(i), known[i]);
            }
        }

        void accept(char c) {
            accept(c, false);
        }

        /** As one by one, but at once for what begins no secret, which is nearly all that a program prints. */
        void accept(char[] chars, int from, int to) {
            for (var i = from; i < to; ) {
                var plain = i;
                if (node == ROOT && length == 0) {
                    while (plain < to && masks.child(ROOT, chars[plain]) == ROOT) {
                        plain++;
                    }
                }
                if (plain > i) {
                    inMask = false;
                    taker.take(chars, i, plain);
                    i = plain;
                } else {
                    accept(chars[i++]);
                }
            }
        }

        private void accept(char c, boolean known) {
            var next = masks.step(node, c);
            if (next == ROOT && length == 0) {
                node = next;
                emit(c, known);
                return;
            }
            if (length == held.length) {
                held = Arrays.copyOf(held, length * 2);
                secret = Arrays.copyOf(secret, length * 2);
            }
            held[length] = c;
            secret[length] = known;
            length++;
            node = next;
            var found = masks.found[node];
            if (found > 0) {
                Arrays.fill(secret, length - found, length, true);
            }
            release(length - masks.depth[node]);
        }

        /** Lets go what is held back; a good part of a secret is masked like the whole. */
        void flush() {
            var depth = masks.depth[node];
            if (depth >= SHORTEST && depth >= masks.goal[node] / 2) {
                Arrays.fill(secret, length - depth, length, true);
            }
            release(length);
            node = ROOT;
            inMask = false;
        }

        private void release(int count) {
            if (count == 0) {
                return;
            }
            for (var i = 0; i < count; i++) {
                emit(held[i], secret[i]);
            }
            System.arraycopy(held, count, held, 0, length - count);
            System.arraycopy(secret, count, secret, 0, length - count);
            length -= count;
        }

        private void emit(char c, boolean hidden) {
            if (!hidden) {
                taker.take(c);
            } else if (!inMask) {
                taker.takeMask();
            }
            inMask = hidden;
        }
    }
}
