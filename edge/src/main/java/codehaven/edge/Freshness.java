package codehaven.edge;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

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

    /** Endings of what build tools make, in whatever folder. */
    private static final Set<String> MADE = Set.of("js", "mjs", "css", "map");

    private static final int SHORTEST = 8;
    private static final Pattern HEX = Pattern.compile("(?=.*[0-9])(?=.*[a-f])[0-9a-f]{8,64}");
    /** A name for something, whatever its content becomes. */
    private static final Pattern UUID = Pattern.compile(
            "(?:.*[._-])?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", Pattern.CASE_INSENSITIVE);

    private static final Pattern SHORT = Pattern.compile("[A-Za-z0-9_-]*");
    /** Also "Chapter1", "README" and "2024-01": letters of one case, then digits. */
    private static final Pattern WORD = Pattern.compile("[A-Z]?[a-z]*[0-9_-]*|[A-Z]+[_-]?[0-9]?");

    private Freshness() {}

    /**
     * @param key of the file that is sent, which need not be the path asked for
     */
    static String of(String key) {
        return isNamedByContent(key) ? FOR_EVER : ASK_FIRST;
    }

    static boolean isNamedByContent(String key) {
        var slash = key.lastIndexOf('/');
        var dot = key.lastIndexOf('.');
        if (dot <= slash + 1) {
            return false;
        }
        var ending = key.substring(dot + 1).toLowerCase(Locale.ROOT);
        if (ending.equals("html") || ending.equals("htm")) {
            return false;
        }
        if (ALWAYS.stream().anyMatch(key::startsWith)) {
            return true;
        }
        var stem = key.substring(slash + 1, dot);
        if (UUID.matcher(stem).matches()) {
            return false;
        }
        var made = MADE.contains(ending) || isIn(MOSTLY, key, slash);
        if (key.startsWith("_nuxt/") && isDigest(stem, true)) {
            return true;
        }
        // main.4f2a91c0.chunk.js: the digest is any part after the first.
        for (var part = stem.indexOf('.'); part >= 0; part = stem.indexOf('.', part + 1)) {
            var end = stem.indexOf('.', part + 1);
            if (isDigest(stem.substring(part + 1, end < 0 ? stem.length() : end), made)) {
                return true;
            }
        }
        // index-Dq-4_x9K.js: behind a dash, and a short one may contain a dash itself.
        var cut = stem.length() - SHORTEST - 1;
        return (made && cut > 0 && stem.charAt(cut) == '-' && isDigest(stem.substring(cut + 1), true))
                || (stem.lastIndexOf('-') > 0 && isTail(stem.substring(stem.lastIndexOf('-') + 1), made));
    }

    /** What people number their files with is short. */
    private static boolean isTail(String text, boolean made) {
        return (made || text.length() >= 2 * SHORTEST) && isDigest(text, made);
    }

    private static boolean isIn(Set<String> folders, String key, int slash) {
        return slash > 0 && Stream.of(key.substring(0, slash).split("/", -1)).anyMatch(folders::contains);
    }

    /**
     * Hexadecimal digests count anywhere; the short ones of letters of both cases only where build tools write, and only
     * if they look unlike a word, a version or a date.
     */
    private static boolean isDigest(String text, boolean made) {
        if (HEX.matcher(text).matches()) {
            return true;
        }
        if (!made
                || text.length() != SHORTEST
                || !SHORT.matcher(text).matches()
                || WORD.matcher(text).matches()) {
            return false;
        }
        var digits = text.chars().anyMatch(c -> c >= '0' && c <= '9');
        var capitals = text.chars().skip(1).filter(c -> c >= 'A' && c <= 'Z').count();
        return capitals > 1 || (digits && text.chars().anyMatch(c -> c >= 'A' && c <= 'Z'));
    }
}
