package codehaven.api.inspections;

import codehaven.api.problems.Problem;
import codehaven.api.projects.Refs;
import codehaven.api.projects.Repositories;
import codehaven.api.requests.Fields;
import codehaven.api.runs.Runs;
import codehaven.model.Failure;
import codehaven.model.GitSource;
import codehaven.model.Inspection;
import codehaven.workflows.InspectionRequest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.databind.node.ObjectNode;

/** Looks at repositories, and remembers for a while what it saw, for whoever fills in a form. */
@Component
public final class Inspections {

    private static final long FRESH_NANOS = Duration.ofMinutes(3).toNanos();
    private static final int REMEMBERED = 100;

    private final Runs runs;
    private final Repositories repositories;
    private final Map<Order, Remembered> remembered = new LinkedHashMap<>();

    Inspections(Runs runs, Repositories repositories) {
        this.runs = runs;
        this.repositories = repositories;
    }

    /**
     * What is to be looked at, right in its form.
     *
     * @param rootDirectory a folder that is wanted among the candidates
     */
    public record Order(
            String repository,
            @Nullable String ref,
            @Nullable String rootDirectory) {}

    /** @param took how long the look took */
    public record Seen(Order order, Inspection inspection, Duration took) {}

    private record Remembered(Seen seen, long at) {}

    /**
     * @throws Problem 422 that names the fields
     */
    public Order read(ObjectNode body) {
        var fields = Fields.of(body);
        var repository = fields.value("repository", 2_000, repositories::normalised);
        if (fields.isNull("repository")) {
            fields.wrong("repository", "Give the repository's address.");
        }
        var ref = fields.value("ref", 250, Refs::checked);
        var root = fields.textOrEmpty("rootDirectory", 300);
        fields.check();
        return new Order(repository == null ? "" : repository, ref, root == null || root.isBlank() ? null : root);
    }

    /**
     * Looks now.
     *
     * @throws Problem 404 if there is no such repository, or none that may be read; 422 if it is refused or has no such
     *     ref; 502 if its host does not answer; 504 if nobody looked in time; 503 if Temporal is away
     */
    public Seen look(Order order) {
        var start = System.nanoTime();
        Runs.Look look;
        try {
            look = runs.inspect(
                    "inspect-" + hash(order),
                    new InspectionRequest(new GitSource(order.repository(), order.ref()), order.rootDirectory()));
        } catch (Runs.TemporalAway e) {
            throw e.problem();
        }
        return switch (look) {
            case Runs.Look.Seen(var inspection) -> {
                var seen = new Seen(order, inspection, Duration.ofNanos(System.nanoTime() - start));
                remember(seen);
                yield seen;
            }
            case Runs.Look.Failed(var failure) -> throw problem(failure, order);
            case Runs.Look.Late() ->
                throw Problem.gatewayTimeout(
                        "No worker looked at the repository in time. Check that one runs; or deploy"
                                + " it without a look, which waits for one.");
        };
    }

    /** What was seen in the last minutes; looks where nothing was. */
    public Seen lately(Order order) {
        synchronized (remembered) {
            var known = remembered.get(order);
            if (known != null && System.nanoTime() - known.at() < FRESH_NANOS) {
                return known.seen();
            }
        }
        return look(order);
    }

    private void remember(Seen seen) {
        synchronized (remembered) {
            remembered.remove(seen.order());
            remembered.put(seen.order(), new Remembered(seen, System.nanoTime()));
            if (remembered.size() > REMEMBERED) {
                remembered.remove(remembered.keySet().iterator().next());
            }
        }
    }

    private static Problem problem(Failure failure, Order order) {
        var said = failure.message() + " " + failure.hint();
        return switch (failure.kind()) {
            case REPOSITORY_NOT_FOUND -> Problem.notFound(said);
            case REPOSITORY_REFUSED -> Problem.invalid("repository", said);
            case REF_NOT_FOUND ->
                order.ref() == null ? Problem.invalid("repository", failure.message()) : Problem.invalid("ref", said);
            case NO_PROJECT_FOUND -> Problem.invalid("rootDirectory", said);
            case UNEXPECTED -> Problem.gatewayTimeout(said);
            case REPOSITORY_UNREACHABLE,
                    INSTALL_FAILED,
                    BUILD_FAILED,
                    BUILD_OUT_OF_MEMORY,
                    BUILD_TIMED_OUT,
                    NO_OUTPUT,
                    HEALTH_CHECK_FAILED,
                    REGISTRY_REFUSED,
                    REGISTRY_UNAVAILABLE,
                    DOCKER_UNAVAILABLE,
                    STORAGE_UNAVAILABLE,
                    CANCELED,
                    TERMINATED -> Problem.badGateway(said);
        };
    }

    private static String hash(Order order) {
        try {
            var digest =
                    MessageDigest.getInstance("SHA-256").digest(order.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest).substring(0, 20);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
