package codehaven.edge;

import java.util.Locale;
import java.util.Set;

/**
 * How long a file may be kept without asking. A name with a digest of the content in it never means anything else; a
 * name that only looks like one must not be taken for it, because browsers would keep it for a year.
 */
final class Freshness {

    static final String FOR_EVER = "public, max-age=31536000, immutable";
    static final String ASK_FIRST = "public, max-age=0, must-revalidate";

    /** Folders in which build tools give every file such a name. */
    private static final Set<String> ALWAYS = Set.of("_next/static/", "_astro/", "_app/immutable/");

    /** Folders for what build tools make, beside files copied as they were. */
    private static final Set<String> MOSTLY = Set.of(
            "assets", "static", "_nuxt", "js", "css", "media", "img", "images", "fonts", "chunks", "build", "dist");

    private static final int SHORTEST = 8;
    private static final int LONGEST = 64;

    private Freshness() {}

    /**
     * @param key of the file that is sent, which need not be the path asked for
     */
    static String of(String key) {
        return isNamedByContent(key) ? FOR_EVER : ASK_FIRST;
    }

    static boolean isNamedByContent(String key) {
        var slash = key.lastIndexOf('/');
        var name = key.substring(slash + 1);
        var dot = name.lastIndexOf('.');
        if (dot <= 0) {
            return false;
        }
        var ending = name.substring(dot + 1).toLowerCase(Locale.ROOT);
        if (ending.equals("html") || ending.equals("htm")) {
            return false;
        }
        if (ALWAYS.stream().anyMatch(key::startsWith)) {
            return true;
        }
        // main.4f2a91c0.js.map, main.4f2a91c0.chunk.js: the digest is one of the parts after the first.
        var stem = name.substring(0, dot);
        var made = isMade(key, slash) || ending.equals("js") || ending.equals("css") || ending.equals("map");
        if (key.startsWith("_nuxt/") && isDigest(stem, true)) {
            return true;
        }
        for (var at = stem.length(); at > 0; ) {
            var from = Math.max(stem.lastIndexOf('.', at - 1), stem.lastIndexOf('-', at - 1));
            if (from > 0 && isDigest(stem.substring(from + 1, at), made)) {
                return true;
            }
            // In base64url a digest may contain the dash itself.
            var before = from <= 0 ? -1 : Math.max(stem.lastIndexOf('-', from - 1), stem.lastIndexOf('.', from - 1));
            if (made && before > 0 && at - before - 1 == SHORTEST && isDigest(stem.substring(before + 1, at), true)) {
                return true;
            }
            at = stem.charAt(Math.max(from, 0)) == '.' ? from : -1;
        }
        return false;
    }

    private static boolean isMade(String key, int slash) {
        for (var folder : key.substring(0, Math.max(slash, 0)).split("/", -1)) {
            if (MOSTLY.contains(folder)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Hexadecimal digests count anywhere; others only where build tools write, and only if they look unlike a word, a
     * version or a date.
     */
    private static boolean isDigest(String text, boolean made) {
        if (text.length() < SHORTEST || text.length() > LONGEST) {
            return false;
        }
        int lower = 0;
        int upper = 0;
        int digits = 0;
        var hex = true;
        for (var i = 0; i < text.length(); i++) {
            var c = text.charAt(i);
            if (c >= 'a' && c <= 'z') {
                lower++;
                hex &= c <= 'f';
            } else if (c >= 'A' && c <= 'Z') {
                upper += i == 0 ? 0 : 1;
                hex = false;
            } else if (c >= '0' && c <= '9') {
                digits++;
            } else if (c == '_' || c == '-') {
                hex = false;
            } else {
                return false;
            }
        }
        if (hex) {
            return lower > 0 && digits > 0;
        }
        var mixed = lower > 0 && upper > 0 && (digits > 0 || upper > 1);
        var capitals = lower == 0 && upper > 2 && digits > 0 && text.length() == SHORTEST;
        return made && (mixed || capitals);
    }
}
