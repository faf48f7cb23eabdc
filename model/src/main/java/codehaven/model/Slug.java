package codehaven.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.text.Normalizer;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** A project's name in addresses: one DNS label (RFC 1123) of at most {@value #MAX_LENGTH} characters. */
public record Slug(@JsonValue String text) {

    /** Leaves room in a 63-character label for {@code -<deployment id>}. */
    public static final int MAX_LENGTH = 40;

    private static final Pattern FORM = Pattern.compile("[a-z0-9](?:[a-z0-9-]*[a-z0-9])?");
    private static final Pattern OTHER = Pattern.compile("[^a-z0-9]+");

    @JsonCreator
    public Slug {
        if (text.length() > MAX_LENGTH || !FORM.matcher(text).matches()) {
            throw new IllegalArgumentException("a project's name is 1 to " + MAX_LENGTH
                    + " lower-case letters, digits and inner hyphens, not '" + text + "'");
        }
    }

    /** The slug, if the text is one. */
    public static Optional<Slug> of(String text) {
        try {
            return Optional.of(new Slug(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** The slug nearest to any text: {@code My Site.git} becomes {@code my-site-git}; {@code site} if nothing is left. */
    public static Slug nearestTo(String text) {
        var ascii = Normalizer.normalize(text, Normalizer.Form.NFD).toLowerCase(Locale.ROOT);
        var label = OTHER.matcher(ascii.replaceAll("\\p{M}", "")).replaceAll("-");
        var cut = strip(label);
        cut = strip(cut.length() > MAX_LENGTH ? cut.substring(0, MAX_LENGTH) : cut);
        return new Slug(cut.isEmpty() ? "site" : cut);
    }

    private static String strip(String label) {
        return label.replaceAll("^-+|-+$", "");
    }

    @Override
    public String toString() {
        return text;
    }
}
