package codehaven.activities;

import codehaven.model.DeploymentEvent.Level;
import java.util.regex.Pattern;

/** Guesses how a line of a program's output is meant, by the words that tools begin such lines with. */
final class Levels {

    /** How much of a line is looked at: those words stand at the beginning. */
    private static final int BEGINNING = 96;

    private static final Pattern COLOUR = Pattern.compile("\u001b\\[[0-9;:]*m");
    private static final Pattern ERROR = Pattern.compile(
            "[^\\p{L}]{0,16}(?:(?:npm|pnpm|yarn|vite|next|astro)[\\]:!\\s]+)?\\W{0,8}"
                    + "(?i:(?:uncaught\\s+)?error|err!|fatal|panic)(?![\\p{L}\\d-]).*",
            Pattern.DOTALL);
    private static final Pattern EXCEPTION =
            Pattern.compile("\\W{0,8}[A-Z][A-Za-z]{1,40}(?:Error|Exception): .*", Pattern.DOTALL);
    private static final Pattern WARN = Pattern.compile(
            "(?:[^\\p{L}]{0,16}(?:(?:npm|pnpm|yarn|vite|next|astro)[\\]:!\\s]+)?\\W{0,8}(?i:warn(?:ing)?)(?![\\p{L}\\d-])"
                    + "|\\(!\\) |\\(node:\\d+\\) ).*",
            Pattern.DOTALL);

    private Levels() {}

    static Level of(String line) {
        var start = line.length() > BEGINNING ? line.substring(0, BEGINNING) : line;
        var plain = start.indexOf('\u001b') < 0 ? start : COLOUR.matcher(start).replaceAll("");
        if (plain.isBlank()) {
            return Level.info;
        }
        if (ERROR.matcher(plain).matches() || EXCEPTION.matcher(plain).matches()) {
            return Level.error;
        }
        return WARN.matcher(plain).matches() ? Level.warn : Level.info;
    }
}
