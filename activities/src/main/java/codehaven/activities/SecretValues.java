package codehaven.activities;

import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Which values of an environment are masked in logs: those marked sensitive, and those that look like it. */
public final class SecretValues {

    private static final int SHORTEST = 4;

    /** Values that a mask would only spread through logs. */
    private static final Set<String> TRIVIAL =
            Set.of("true", "false", "null", "none", "production", "preview", "development", "test", "staging", "debug");

    private SecretValues() {}

    /**
     * Of what the platform itself says nothing is a secret.
     *
     * @param sensitive the names of those that are marked so
     */
    public static Set<String> of(Map<String, String> variables, Collection<String> sensitive) {
        return variables.entrySet().stream()
                .filter(each -> !each.getKey().startsWith("CODEHAVEN"))
                .filter(each -> sensitive.contains(each.getKey()) || looksSecret(each.getValue()))
                .map(Map.Entry::getValue)
                .collect(Collectors.toSet());
    }

    private static boolean looksSecret(String value) {
        return value.length() >= SHORTEST
                && !TRIVIAL.contains(value.toLowerCase(Locale.ROOT))
                && !value.matches("\\d{1,5}|https?://[\\w.-]+(?::\\d+)?(?:/[\\w./-]*)?");
    }
}
