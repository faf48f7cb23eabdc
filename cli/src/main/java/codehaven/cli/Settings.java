package codehaven.cli;

import codehaven.model.Host;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The values of the settings: a flag wins over the environment, that over the file, that over the default. */
final class Settings {

    private record Value(String text, String from) {}

    private static final String LONGEST_LABEL = "x".repeat(63);

    private final Map<Setting, Value> values = new EnumMap<>(Setting.class);

    /**
     * @param file a YAML file of {@code CODEHAVEN_…} keys, or null
     * @throws WrongSetting if the file cannot be read or has an unknown key
     */
    Settings(Map<Setting, String> flags, Map<String, String> environment, @Nullable Path file) {
        for (var setting : Setting.values()) {
            setting.fallback().ifPresent(text -> values.put(setting, new Value(text, "the default")));
        }
        if (file != null) {
            read(file).forEach((setting, text) -> values.put(setting, new Value(text, file.toString())));
        }
        for (var setting : Setting.values()) {
            var text = environment.get(setting.key());
            if (text != null && !text.isBlank()) {
                values.put(setting, new Value(text.strip(), "the environment"));
            }
        }
        flags.forEach((setting, text) -> values.put(setting, new Value(text, setting.flag())));
    }

    private static Map<Setting, String> read(Path file) {
        var found = new EnumMap<Setting, String>(Setting.class);
        JsonNode tree;
        try {
            tree = new YAMLMapper().readTree(Files.readString(file));
        } catch (JsonProcessingException e) {
            throw new WrongSetting("The settings file " + file + " is not YAML: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new WrongSetting("The settings file " + file + " cannot be read.");
        }
        if (tree == null || tree.isMissingNode() || tree.isNull()) {
            return found;
        }
        for (var entry : tree.properties()) {
            var setting = of(entry.getKey());
            if (setting.isEmpty()) {
                throw new WrongSetting(
                        "The settings file " + file + " has an unknown key " + entry.getKey() + "; --help lists them.");
            }
            if (!entry.getValue().isValueNode()) {
                throw new WrongSetting(entry.getKey() + " in " + file + " is a single value, not a list or a map.");
            }
            if (!entry.getValue().isNull()) {
                found.put(setting.get(), entry.getValue().asText());
            }
        }
        return found;
    }

    static Optional<Setting> of(String key) {
        for (var setting : Setting.values()) {
            if (setting.key().equals(key)) {
                return Optional.of(setting);
            }
        }
        return Optional.empty();
    }

    Optional<String> text(Setting setting) {
        var value = values.get(setting);
        return value == null || value.text().isBlank() ? Optional.empty() : Optional.of(value.text());
    }

    boolean has(Setting setting) {
        return text(setting).isPresent();
    }

    /** Sets it for a command of its own mind, unless somebody gave it. */
    void take(Setting setting, String text, String from) {
        if (!given(setting)) {
            values.put(setting, new Value(text, from));
        }
    }

    /** Whether somebody gave it, rather than its default being taken. */
    boolean given(Setting setting) {
        var value = values.get(setting);
        return value != null && !value.from().equals("the default");
    }

    /**
     * @throws WrongSetting if it is not set
     */
    String required(Setting setting, String role) {
        return text(setting)
                .orElseThrow(() -> new WrongSetting(setting.key() + " is not set; " + role + " needs it ("
                        + (setting.meaning().isEmpty() ? setting.form() : setting.meaning()) + ")."));
    }

    boolean flag(Setting setting) {
        return switch (text(setting).orElse("false")) {
            case "true" -> true;
            case "false" -> false;
            default -> throw wrong(setting, "is true or false");
        };
    }

    int number(Setting setting, int least, int most) {
        try {
            var number = Integer.parseInt(text(setting).orElse(""));
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw wrong(setting, "is a whole number from " + least + " to " + most);
        }
        throw wrong(setting, "is a whole number from " + least + " to " + most);
    }

    double decimal(Setting setting, double least, double most) {
        try {
            var number = Double.parseDouble(text(setting).orElse(""));
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw wrong(setting, "is a number from " + least + " to " + most);
        }
        throw wrong(setting, "is a number from " + least + " to " + most);
    }

    /** A port; 0 for one that the system picks. */
    int port(Setting setting) {
        return number(setting, 0, 65_535);
    }

    /** A domain that a label can stand in front of, in lower case. */
    String domain(Setting setting) {
        var domain = text(setting).orElse("").toLowerCase(Locale.ROOT);
        try {
            return new Host(LONGEST_LABEL + "." + domain).text().substring(LONGEST_LABEL.length() + 1);
        } catch (IllegalArgumentException e) {
            throw wrong(setting, "is a domain name such as sites.example.com");
        }
    }

    Optional<URI> uri(Setting setting, String... schemes) {
        if (!has(setting)) {
            return Optional.empty();
        }
        try {
            var uri = new URI(text(setting).orElseThrow());
            for (var scheme : schemes) {
                if (scheme.equalsIgnoreCase(uri.getScheme())) {
                    return Optional.of(uri);
                }
            }
        } catch (URISyntaxException e) {
            throw wrong(setting, "is not an address: " + e.getReason());
        }
        throw wrong(setting, "begins with " + String.join("://, ", schemes) + "://");
    }

    /** The exception for a value that does not fit; secrets are not repeated in it. */
    WrongSetting wrong(Setting setting, String rule) {
        var value = values.get(setting);
        var shown = switch (setting) {
            case S3_SECRET_KEY, S3_ACCESS_KEY, SECRET_KEY, TEMPORAL_API_KEY, REGISTRY_PASSWORD, MONGODB, REDIS -> "";
            default -> value == null ? "" : "; it is '" + value.text() + "'";
        };
        return new WrongSetting(
                setting.key() + " " + rule + shown + (value == null ? "" : " (from " + value.from() + ")") + ".");
    }
}
