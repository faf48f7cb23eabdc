package codehaven.activities.building;

import codehaven.activities.StepScope;
import codehaven.activities.building.BuildOrder.Walls;
import codehaven.activities.building.Sandbox.Ended;
import codehaven.activities.building.Sandbox.Exit;
import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.github.dockerjava.transport.DockerHttpClient.Request;
import com.github.dockerjava.transport.DockerHttpClient.Response;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One build by the engine's own builder, which gives the commands of a Dockerfile limits and a network; the client's
 * words for it lack processors and the size of files. Ends as soon as the step should stop: the engine removes the container
 * of the command that ran.
 */
final class EngineBuild {

    private static final Logger LOGGER = LoggerFactory.getLogger(EngineBuild.class);
    private static final ObjectMapper JSON = new JsonMapper();
    private static final Pattern STEP = Pattern.compile("Step (\\d+/\\d+) : (.*)", Pattern.DOTALL);
    private static final Pattern MADE = Pattern.compile(" ---> ([0-9a-f]{12})");
    private static final Pattern RUNS = Pattern.compile(" ---> Running in ([0-9a-f]{12})");
    private static final Pattern CODE = Pattern.compile("returned a non-zero code: (\\d+)");
    private static final int KILLED = 137;
    private static final int TERMINATED = 143;

    /** The engine hears of memory that was short from others, and may tell of it after the end. */
    private static final Duration LATEST_WORD = Duration.ofSeconds(1);

    private static final long MIB = 1 << 20;
    private static final long PERIOD = 100_000;

    private static final ScheduledExecutorService CLOCK = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("limits of image builds").factory());

    private final DockerEngine engine;
    private final StepScope scope;
    private final BuildOrder order;
    private final OutputFeed feed;
    private final boolean quiet;
    private final List<String> stages = new ArrayList<>();
    private @Nullable String last;
    private @Nullable String image;
    private @Nullable String container;
    private String step = "";
    private boolean cached;

    /**
     * @param dockerfile its name in the context
     * @param tag of the image
     * @param arguments for {@code ARG}
     * @param labels of the image
     */
    record Wish(String dockerfile, String tag, Map<String, String> arguments, Map<String, String> labels) {}

    /** @param quiet whether the builder's words are not for the log, as all commands are ours */
    EngineBuild(DockerEngine engine, StepScope scope, BuildOrder order, boolean quiet) {
        this.engine = engine;
        this.scope = scope;
        this.order = order;
        this.quiet = quiet;
        feed = new OutputFeed(scope.log(), 0);
    }

    /** The last image of each stage but the final one: what a later build may go on from. */
    List<String> stages() {
        return List.copyOf(stages);
    }

    /** The image after the last command that succeeded, if there was one. */
    @Nullable
    String last() {
        return last;
    }

    /** Whether any command was found done already. */
    boolean cached() {
        return cached;
    }

    /**
     * Builds.
     *
     * @return the id of the image
     * @throws StepFailure of one of the kinds that are about builds
     */
    String run(Wish wish, ContextTar context) throws IOException {
        var over = new AtomicReference<@Nullable Ended>();
        var open = new AtomicReference<@Nullable Response>();
        Runnable end = () -> {
            context.abort();
            var response = open.get();
            if (response != null) {
                response.close();
            }
        };
        var alarm = CLOCK.schedule(
                () -> {
                    over.set(Ended.TIME);
                    Thread.ofPlatform().daemon().start(end);
                },
                order.walls().time().toMillis(),
                TimeUnit.MILLISECONDS);
        try (var _ = scope.onStop(end)) {
            var request = Request.builder()
                    .method(Request.Method.POST)
                    .path("/build?" + query(wish))
                    .putHeader("Content-Type", "application/x-tar")
                    .body(context.stream())
                    .build();
            try (var response = engine.raw().execute(request)) {
                open.set(response);
                if (over.get() == null) {
                    scope.check();
                    read(response);
                }
            }
        } catch (IOException | RuntimeException e) {
            scope.check();
            if (e instanceof StepFailure || e instanceof StepScope.Stopped) {
                throw e;
            }
            if (over.get() == null) {
                context.throwFailure();
                throw new StepFailure(
                        FailureKind.DOCKER_UNAVAILABLE,
                        "The Docker engine went away while the image was built: " + DockerEngine.reasonOf(e) + ".",
                        e);
            }
        } finally {
            alarm.cancel(false);
            context.close();
        }
        scope.check();
        if (over.get() != null) {
            throw failed(new Exit(Ended.TIME, 137, false));
        }
        context.throwFailure();
        if (image == null) {
            throw new StepFailure(
                    FailureKind.DOCKER_UNAVAILABLE,
                    "The Docker engine ended the build of the image without a result, as happens when it restarts.",
                    "The build begins again by itself.",
                    null,
                    null,
                    null);
        }
        if (!quiet) {
            feed.end();
        }
        return image;
    }

    private String query(Wish wish) throws IOException {
        var walls = order.walls();
        var memory = walls.memoryMb() * MIB;
        var version = engine.version();
        var cpus = Math.min(walls.cpus(), version == null ? walls.cpus() : version.processors());
        var limits = List.of(
                Map.of("Name", "core", "Hard", 0, "Soft", 0),
                Map.of("Name", "fsize", "Hard", walls.diskMb() * MIB, "Soft", walls.diskMb() * MIB));
        var all = new StringBuilder("forcerm=1&rm=1&version=1");
        add(all, "dockerfile", wish.dockerfile);
        add(all, "t", wish.tag);
        add(all, "buildargs", JSON.writeValueAsString(wish.arguments));
        add(all, "labels", JSON.writeValueAsString(wish.labels));
        add(all, "memory", Long.toString(memory));
        add(all, "memswap", Long.toString(memory));
        add(all, "cpuperiod", Long.toString(PERIOD));
        add(all, "cpuquota", Long.toString((long) (cpus * PERIOD)));
        add(all, "ulimits", JSON.writeValueAsString(limits));
        add(all, "networkmode", BuildNetwork.NAME);
        return all.toString();
    }

    private static void add(StringBuilder query, String name, String value) {
        query.append('&').append(name).append('=').append(URLEncoder.encode(value, StandardCharsets.UTF_8));
    }

    private void read(Response response) throws IOException {
        if (response.getStatusCode() != 200) {
            var said = new String(response.getBody().readNBytes(8192), StandardCharsets.UTF_8);
            refused(DockerEngine.reasonOf(new IOException(said)), response.getStatusCode());
        }
        try (var lines = JSON.readerFor(JsonNode.class).<JsonNode>readValues(response.getBody())) {
            while (lines.hasNextValue()) {
                take(lines.nextValue());
            }
        }
    }

    private void take(JsonNode said) {
        if (said.hasNonNull("stream")) {
            say(said.get("stream").asText());
        } else if (said.path("aux").hasNonNull("ID")) {
            image = said.path("aux").get("ID").asText();
        } else if (said.hasNonNull("error")) {
            var message = said.path("errorDetail")
                    .path("message")
                    .asText(said.get("error").asText());
            var code = CODE.matcher(message);
            var number = said.path("errorDetail").path("code").asInt(code.find() ? Integer.parseInt(code.group(1)) : 0);
            if (number != 0) {
                throw failed(exit(number));
            }
            refused(DockerEngine.reasonOf(new IOException(message)), 0);
        } else if (said.hasNonNull("status") && !said.hasNonNull("progress") && !quiet) {
            print(said.get("status").asText() + "\n");
        }
    }

    /** The builder itself removes the container, so that only what the engine told of it says why it ended. */
    private Exit exit(int code) {
        var signalled = code == KILLED || code == TERMINATED;
        var outOfMemory = ranOutOfMemory(signalled ? LATEST_WORD : Duration.ZERO);
        return new Exit(signalled && !outOfMemory ? Ended.FROM_OUTSIDE : Ended.BY_ITSELF, code, outOfMemory);
    }

    private boolean ranOutOfMemory(Duration wait) {
        if (container == null) {
            return false;
        }
        try {
            var until = OffsetDateTime.parse(
                            engine.json().get("/info").path("SystemTime").asText())
                    .plus(wait);
            var query = new StringBuilder(
                    String.format(Locale.ROOT, "since=1&until=%d.%09d", until.toEpochSecond(), until.getNano()));
            add(
                    query,
                    "filters",
                    JSON.writeValueAsString(Map.of("event", List.of("oom"), "container", List.of(container))));
            return engine.json().get("/events?" + query).isObject();
        } catch (IOException | RuntimeException e) {
            LOGGER.debug("whether the memory of {} was short is not known", container, e);
            return false;
        }
    }

    private void say(String text) {
        var begins = STEP.matcher(text.strip());
        if (begins.matches()) {
            step = begins.group(2).replaceAll("\\s+", " ");
            if (step.regionMatches(true, 0, "FROM ", 0, 5) && last != null) {
                stages.add(last);
            }
        }
        var runs = RUNS.matcher(text.stripTrailing());
        if (runs.matches()) {
            container = runs.group(1);
        }
        var made = MADE.matcher(text.stripTrailing());
        if (made.matches()) {
            last = made.group(1);
        }
        // What only sets a word is done at once anyway.
        cached |= text.contains(" ---> Using cache") && step.matches("(?i)(?:RUN|COPY|ADD) .*");
        if (!quiet) {
            print(text);
        }
    }

    private void print(String text) {
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        feed.take(false, bytes, 0, bytes.length);
    }

    private StepFailure failed(Exit exit) {
        feed.end();
        var command = step.isEmpty() ? "docker build" : step;
        var phase = new BuildOrder.Phase(BuildOrder.Phase.Name.BUILD, "", command);
        return Diagnosis.of(order, phase, exit, Running.HOME, feed, scope);
    }

    private void refused(String why, int status) {
        feed.end();
        var said = (step.isEmpty() ? "The Dockerfile" : "`" + cut(step) + "`") + " failed: " + why + ".";
        if (why.contains("dial tcp")
                || why.contains("Client.Timeout")
                || why.contains("TLS handshake")
                || why.contains("connection refused")) {
            throw new StepFailure(
                    FailureKind.DOCKER_UNAVAILABLE,
                    said,
                    "Let the Docker engine reach the image's registry; the build goes on by itself then.",
                    null,
                    null,
                    null);
        }
        if (status >= 500 && !why.toLowerCase(Locale.ROOT).contains("dockerfile")) {
            throw new StepFailure(FailureKind.DOCKER_UNAVAILABLE, said);
        }
        throw new StepFailure(
                FailureKind.BUILD_FAILED,
                said,
                "Run docker build locally with the same Dockerfile; fix what the log names, commit and push.",
                null,
                null,
                null);
    }

    private static String cut(String text) {
        return text.length() > 120 ? text.substring(0, 120) + "…" : text;
    }

    /** The limits of a build that runs no command of anybody's. */
    static Walls ofOurs(Walls walls) {
        return new Walls(
                walls.memoryMb(), walls.cpus(), walls.pids(), walls.diskMb(), walls.files(), Duration.ofMinutes(10));
    }
}
