package codehaven.cli;

import codehaven.dev.DevMongo;
import codehaven.dev.DevRedis;
import codehaven.dev.DevS3;
import codehaven.dev.DevTemporal;
import codehaven.workflows.SearchAttributes;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The backends that no setting names, under one directory that nobody else may use meanwhile. */
final class Embedded implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(Embedded.class);
    private static final int TEMPORAL_PORT = 7233;
    private static final int TEMPORAL_UI_PORT = 8233;

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final Set<Setting> embedded = EnumSet.noneOf(Setting.class);
    private final Path data;
    private @Nullable URI temporalUi;

    private Embedded(Path data) {
        this.data = data;
    }

    /** Starts them side by side, and sets the settings to what was started. */
    static Embedded start(Path data, Settings settings, Consumer<String> say) throws Exception {
        var embedded = new Embedded(data);
        embedded.own(InstanceLock.take(data));
        try {
            Logs.toFile(embedded.logs());
            embedded.begin(settings, say);
            return embedded;
        } catch (Exception e) {
            embedded.close();
            throw e;
        }
    }

    private void begin(Settings settings, Consumer<String> say) throws Exception {
        if (!settings.has(Setting.SECRET_KEY)) {
            settings.take(Setting.SECRET_KEY, kept("secret-key"), data.toString());
        }
        Callable<?> none = () -> null;
        Callable<?> temporal = none;
        Callable<?> mongo = none;
        Callable<?> redis = none;
        Callable<?> s3 = none;
        var backends = data.resolve("backends");
        if (!settings.has(Setting.TEMPORAL)) {
            embedded.add(Setting.TEMPORAL);
            temporal = () -> {
                var started = own(DevTemporal.start(new DevTemporal.Plan(
                        backends.resolve("temporal"),
                        SearchAttributes.ALL.stream().map(key -> key.getName()).toList(),
                        settings.text(Setting.TEMPORAL_CLI).map(Path::of).orElse(null),
                        TEMPORAL_PORT,
                        TEMPORAL_UI_PORT,
                        true,
                        say)));
                temporalUi = started.uiAddress().orElse(null);
                synchronized (settings) {
                    settings.take(Setting.TEMPORAL, started.address(), "the embedded Temporal");
                }
                return started;
            };
        }
        if (!settings.has(Setting.MONGODB)) {
            embedded.add(Setting.MONGODB);
            mongo = () -> {
                var started = own(DevMongo.start(backends.resolve("mongodb")));
                synchronized (settings) {
                    settings.take(Setting.MONGODB, started.uri("codehaven"), "the embedded MongoDB");
                }
                return started;
            };
        }
        if (!settings.has(Setting.REDIS)) {
            embedded.add(Setting.REDIS);
            redis = () -> {
                var started = own(DevRedis.start(backends.resolve("redis")));
                synchronized (settings) {
                    settings.take(Setting.REDIS, started.uri(), "the embedded Redis");
                }
                return started;
            };
        }
        if (!Backends.s3Given(settings)) {
            embedded.add(Setting.S3_ENDPOINT);
            var secret = kept("s3-secret");
            s3 = () -> {
                var started = own(DevS3.start(backends.resolve("s3"), "codehaven", secret));
                synchronized (settings) {
                    settings.take(Setting.S3_ENDPOINT, started.endpoint().toString(), "the embedded S3");
                    settings.take(Setting.S3_REGION, "us-east-1", "the embedded S3");
                    settings.take(Setting.S3_BUCKET, "codehaven", "the embedded S3");
                    settings.take(Setting.S3_ACCESS_KEY, started.accessKey(), "the embedded S3");
                    settings.take(Setting.S3_SECRET_KEY, started.secretKey(), "the embedded S3");
                }
                return started;
            };
        }
        Installation.sideBySide(temporal, mongo, redis, s3);
    }

    boolean has(Setting backend) {
        return embedded.contains(backend);
    }

    Optional<URI> temporalUi() {
        return Optional.ofNullable(temporalUi);
    }

    Path logs() {
        return data.resolve("logs");
    }

    /** 32 random bytes in Base64, made once and readable by nobody else. */
    private String kept(String name) throws IOException {
        var file = data.resolve(name);
        if (!Files.exists(file)) {
            var bytes = new byte[32];
            new SecureRandom().nextBytes(bytes);
            var staging = Files.createTempFile(
                    data, name, "", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(staging, Base64.getEncoder().encodeToString(bytes));
            Files.move(staging, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        }
        return Files.readString(file).strip();
    }

    private synchronized <T extends AutoCloseable> T own(T part) {
        parts.push(part);
        return part;
    }

    @Override
    public synchronized void close() {
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception e) {
                LOGGER.warn("a backend did not stop", e);
            }
        }
    }
}
