package codehaven.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.regex.Pattern;

/** The full name of a Git commit: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits. */
public record CommitSha(@JsonValue String text) {

    private static final Pattern FORM = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");

    @JsonCreator
    public CommitSha {
        if (!FORM.matcher(text).matches()) {
            throw new IllegalArgumentException("a commit is 40 or 64 hexadecimal digits, not '" + text + "'");
        }
    }

    /** The first seven digits, as Git shows them. */
    public String abbreviated() {
        return text.substring(0, 7);
    }

    @Override
    public String toString() {
        return text;
    }
}
