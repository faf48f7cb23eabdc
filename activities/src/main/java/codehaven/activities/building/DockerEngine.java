package codehaven.activities.building;

import codehaven.activities.Settings;
import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.transport.DockerHttpClient;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The Docker engine that builds run in, or the knowledge that there is none. Safe for use by several threads. */
public final class DockerEngine implements AutoCloseable {

    private static final Duration CONNECT = Duration.ofSeconds(5);

    /** An engine under load answers late; one that is silent for this long hangs. */
    private static final Duration ANSWER = Duration.ofSeconds(60);

    private static final Duration ASK_AGAIN = Duration.ofSeconds(5);

    /** What an engine says of itself starts four programs there; whether it answers, none. */
    private static final Duration DESCRIBE_AGAIN = Duration.ofMinutes(1);

    private final URI host;
    private final boolean sandboxAllowed;
    private final DockerClient asking;
    private final DockerClient streaming;
    private final DockerHttpClient raw;
    private final EngineJson json;
    private final BuildNetwork network;
    private final BuildImages images;

    private volatile boolean seen;
    private @Nullable Version last;
    private @Nullable String lastProblem;
    private long askedAt;
    private long describedAt;

    /**
     * How builds are walled off on this machine, for {@code GET /v1/system}.
     *
     * @param mode {@code docker}, or {@code process} when builds run as plain processes of this machine
     * @param address the engine's
     * @param up whether builds can run now
     * @param version of the engine, absent when it does not answer
     * @param sentence what a person should know
     */
    public record Description(
            String mode,
            @Nullable String address,
            boolean up,
            @Nullable String version,
            String sentence) {}

    /**
     * @param processors how many the engine's machine has
     */
    public record Version(String engine, String api, int processors, long memory) {}

    private DockerEngine(
            URI host,
            boolean sandboxAllowed,
            DockerClient asking,
            DockerClient streaming,
            DockerHttpClient raw,
            EngineJson json) {
        this.host = host;
        this.sandboxAllowed = sandboxAllowed;
        this.asking = asking;
        this.streaming = streaming;
        this.raw = raw;
        this.json = json;
        network = new BuildNetwork(this);
        images = new BuildImages(this);
    }

    /**
     * Prepares to talk to the engine; it need not be there yet.
     *
     * @throws IllegalArgumentException when the address is none that a Docker client knows
     */
    public static DockerEngine open(Settings settings) {
        var builder = DefaultDockerClientConfig.createDefaultConfigBuilder();
        if (settings.dockerHost() != null) {
            builder.withDockerHost(settings.dockerHost().toString());
        }
        // Without an API version requests go to the engine's own: old engines refuse newer ones, new ones old ones.
        var config = builder.build();
        var raw = http(config, null);
        var answering = http(config, ANSWER);
        return new DockerEngine(
                config.getDockerHost(),
                settings.allowProcessSandbox(),
                DockerClientImpl.getInstance(config, answering),
                DockerClientImpl.getInstance(config, raw),
                raw,
                new EngineJson(answering));
    }

    private static DockerHttpClient http(DefaultDockerClientConfig config, @Nullable Duration answer) {
        var http = new ZerodepDockerHttpClient.Builder()
                .dockerHost(config.getDockerHost())
                .sslConfig(config.getSSLConfig())
                // One for each app whose output is followed, and some.
                .maxConnections(1_000)
                .connectionTimeout(CONNECT);
        if (answer != null) {
            http.responseTimeout(answer);
        }
        return new Uncompressed(http.build());
    }

    /**
     * Asks for answers as they are: an engine that compresses gigabytes for a client beside it takes longer over that
     * than over all the rest.
     */
    private record Uncompressed(DockerHttpClient http) implements DockerHttpClient {
        @Override
        public Response execute(Request request) {
            return http.execute(Request.builder()
                    .from(request)
                    .putHeader("Accept-Encoding", "identity")
                    .build());
        }

        @Override
        public void close() throws IOException {
            http.close();
        }
    }

    /** For calls that are answered at once. */
    public DockerClient client() {
        return asking;
    }

    /** For calls that stream for as long as a build or an app runs. */
    public DockerClient streaming() {
        return streaming;
    }

    /** For calls that the client has no words for; they may stream too. */
    DockerHttpClient raw() {
        return raw;
    }

    /** For calls that are answered at once and that the client has no words for. */
    public EngineJson json() {
        return json;
    }

    BuildNetwork network() {
        return network;
    }

    BuildImages images() {
        return images;
    }

    /** The machine that an engine elsewhere runs on, as it is reached from here. */
    public String machine() {
        return host.getHost() == null ? "127.0.0.1" : host.getHost();
    }

    /** Whether the engine shares this machine's network, so that its firewall is this machine's. */
    public boolean onThisMachine() {
        return "unix".equals(host.getScheme());
    }

    /** Whether an engine answered at any time since this program started. */
    boolean seen() {
        return seen;
    }

    /** The engine, asked at most every few seconds. */
    public synchronized @Nullable Version version() {
        var now = System.nanoTime();
        if (askedAt != 0 && now - askedAt < ASK_AGAIN.toNanos() && last != null) {
            return last;
        }
        askedAt = now;
        try {
            if (last != null && now - describedAt < DESCRIBE_AGAIN.toNanos()) {
                asking.pingCmd().exec();
            } else {
                last = describedByItself();
                describedAt = now;
            }
            lastProblem = null;
            seen = true;
        } catch (RuntimeException e) {
            last = null;
            lastProblem = reasonOf(e);
        }
        return last;
    }

    private Version describedByItself() {
        var version = asking.versionCmd().exec();
        var info = asking.infoCmd().exec();
        var memory = info.getMemTotal();
        var processors = info.getNCPU();
        return new Version(
                String.valueOf(version.getVersion()),
                String.valueOf(version.getApiVersion()),
                processors == null ? 1 : processors,
                memory == null ? Long.MAX_VALUE : memory);
    }

    /** Asks the engine now. */
    boolean answers() {
        synchronized (this) {
            askedAt = 0;
        }
        return version() != null;
    }

    /** How builds run, by asking the engine. */
    public Description describe() {
        var version = version();
        if (version != null) {
            var warning = network.warning();
            return new Description(
                    "docker",
                    host.toString(),
                    true,
                    version.engine(),
                    "Docker " + version.engine() + " at " + host + "." + (warning == null ? "" : " " + warning));
        }
        if (sandboxAllowed && !seen) {
            return new Description("process", null, true, null, ProcessSandbox.LABEL);
        }
        return new Description(
                "docker", host.toString(), false, null, "No Docker engine answers at " + host + ": " + problem() + ".");
    }

    /** What went wrong the last time that the engine was asked and did not answer. */
    synchronized String problem() {
        return lastProblem == null ? "no answer" : lastProblem;
    }

    StepFailure unavailable() {
        return new StepFailure(
                FailureKind.DOCKER_UNAVAILABLE, "No Docker engine answers at " + host + ": " + problem() + ".");
    }

    /**
     * Asks the engine for something that can only fail because of the engine.
     *
     * @param what to do, for the sentence: {@code start the container}
     */
    <T extends @Nullable Object> T ask(String what, Supplier<T> call) {
        try {
            return call.get();
        } catch (StepFailure e) {
            throw e;
        } catch (RuntimeException e) {
            throw new StepFailure(
                    FailureKind.DOCKER_UNAVAILABLE, "The Docker engine did not " + what + ": " + reasonOf(e) + ".", e);
        }
    }

    /** Whether the exception tells of an engine that is away rather than of one that refuses. */
    public static boolean isAway(Throwable thrown) {
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            if (each instanceof DockerException) {
                return false;
            }
            if (each instanceof IOException) {
                return true;
            }
        }
        return false;
    }

    public static String reasonOf(Throwable thrown) {
        Throwable root = thrown;
        while (root.getCause() != null && !(root instanceof DockerException)) {
            root = root.getCause();
        }
        var text = root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
        var message = text.replaceFirst("(?s).*\"message\"\\s*:\\s*\"((?:[^\"\\\\]|\\\\.)*)\".*", "$1");
        var line = message.replace("\\\"", "\"")
                .replaceAll("[\\s\\p{Cntrl}]+", " ")
                .strip();
        line = line.endsWith(".") ? line.substring(0, line.length() - 1) : line;
        return line.length() > 300 ? line.substring(0, 300) + "…" : line;
    }

    @Override
    public void close() {
        try {
            asking.close();
            streaming.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
