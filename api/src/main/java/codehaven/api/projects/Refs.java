package codehaven.api.projects;

import java.util.regex.Pattern;

/** Reads the name of a branch or tag, or a commit: git-check-ref-format(1), and never like an option. */
public final class Refs {

    private static final Pattern FORBIDDEN =
            Pattern.compile("[\\x00-\\x20\\x7f~^:?*\\[\\\\]|\\.\\.|@\\{|//|/\\.|\\.lock(?:/|$)");

    private Refs() {}

    /**
     * @throws IllegalArgumentException with a sentence
     */
    public static String checked(String text) {
        if (text.startsWith("-")
                || text.startsWith("/")
                || text.startsWith(".")
                || text.endsWith("/")
                || text.endsWith(".")
                || text.equals("@")
                || FORBIDDEN.matcher(text).find()) {
            throw new IllegalArgumentException(
                    "Not a name that Git allows for a branch, tag or commit: '" + text + "'.");
        }
        return text;
    }
}
