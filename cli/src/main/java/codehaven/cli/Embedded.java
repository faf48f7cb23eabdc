package codehaven.cli;

import codehaven.dev.DevStack;
import codehaven.dev.DevStack.Part;
import codehaven.workflows.SearchAttributes;
import java.io.IOException;
import java.net.URI;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** The backends that no setting names, in a data directory that nobody else may use meanwhile. */
final class Embedded implements AutoCloseable {

    private static final String BUCKET = "codehaven";

    private final DevStack stack;
    private final Set<Part> parts;

    private Embedded(DevStack stack, Set<Part> parts) {
        this.stack = stack;
        this.parts = parts;
    }

    /**
     * Starts them side by side, and sets the settings to what was started.
     *
     * @throws WrongSetting if the directory belongs to another instance, or a backend does not start
     */
    static Embedded start(Path data, Settings settings, Consumer<String> say) throws InterruptedException {
        var parts = EnumSet.noneOf(Part.class);
        if (!settings.has(Setting.TEMPORAL)) {
            parts.add(Part.TEMPORAL);
        }
        if (!settings.has(Setting.MONGODB)) {
            parts.add(Part.MONGODB);
        }
        if (!settings.has(Setting.REDIS)) {
            parts.add(Part.REDIS);
        }
        if (!Backends.s3Given(settings)) {
            parts.add(Part.S3);
        }
        var embedded = start(data, parts, settings, say);
        embedded.tell(settings);
        return embedded;
    }

    /** Takes the directory and starts nothing in it. */
    static Embedded none(Path data, Settings settings) throws InterruptedException {
        return start(data, Set.of(), settings, line -> {});
    }

    private static Embedded start(Path data, Set<Part> parts, Settings settings, Consumer<String> say)
            throws InterruptedException {
        try {
            Files.createDirectories(data.resolve("logs"));
            var plan = new DevStack.Plan(
                    data,
                    parts,
                    SearchAttributes.ALL.stream().map(key -> key.getName()).toList(),
                    settings.text(Setting.TEMPORAL_CLI).map(Path::of).orElse(null),
                    BUCKET,
                    say);
            return new Embedded(DevStack.start(plan), parts);
        } catch (IOException e) {
            // One with a cause tells of a backend that does not start.
            throw new WrongSetting(
                    e.getCause() == null
                            ? "In the data directory " + data + ": " + reason(e) + " (--data DIR chooses another one.)"
                            : String.valueOf(e.getMessage()));
        }
    }

    /** Of these, the system's own message is the path alone. */
    private static String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException denied -> denied.getFile() + " may not be written.";
            case NoSuchFileException missing -> missing.getFile() + " cannot be made.";
            case FileAlreadyExistsException file -> file.getFile() + " is a file.";
            default -> String.valueOf(e.getMessage());
        };
    }

    private void tell(Settings settings) {
        try {
            if (!settings.has(Setting.SECRET_KEY)) {
                settings.take(Setting.SECRET_KEY, secretKey(), stack.data().toString());
            }
        } catch (IOException e) {
            throw new WrongSetting(
                    "The secret key in " + stack.data() + " cannot be read or written: " + e.getMessage());
        }
        for (var part : parts) {
            switch (part) {
                case TEMPORAL ->
                    settings.take(Setting.TEMPORAL, stack.temporal().address(), "the embedded Temporal");
                case MONGODB -> settings.take(Setting.MONGODB, stack.mongo().uri("codehaven"), "the embedded MongoDB");
                case REDIS -> settings.take(Setting.REDIS, stack.redis().uri(), "the embedded Redis");
                case S3 -> {
                    var s3 = stack.s3();
                    settings.take(Setting.S3_ENDPOINT, s3.endpoint().toString(), "the embedded S3");
                    settings.take(Setting.S3_REGION, "us-east-1", "the embedded S3");
                    settings.take(Setting.S3_BUCKET, BUCKET, "the embedded S3");
                    settings.take(Setting.S3_ACCESS_KEY, s3.accessKey(), "the embedded S3");
                    settings.take(Setting.S3_SECRET_KEY, s3.secretKey(), "the embedded S3");
                }
            }
        }
    }

    boolean has(Part part) {
        return parts.contains(part);
    }

    Optional<URI> temporalUi() {
        return has(Part.TEMPORAL) ? stack.temporal().uiAddress() : Optional.empty();
    }

    /** 32 random bytes in Base64, made once and readable by nobody else. */
    private String secretKey() throws IOException {
        var file = stack.data().resolve("secret-key");
        if (!Files.exists(file)) {
            var bytes = new byte[32];
            new SecureRandom().nextBytes(bytes);
            var staging = Files.createTempFile(
                    stack.data(),
                    "secret-key",
                    "",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(staging, Base64.getEncoder().encodeToString(bytes));
            Files.move(staging, file, StandardCopyOption.ATOMIC_MOVE);
        }
        return Files.readString(file).strip();
    }

    @Override
    public void close() throws IOException {
        stack.close();
    }
}
