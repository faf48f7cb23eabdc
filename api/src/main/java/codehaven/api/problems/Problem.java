package codehaven.api.problems;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A refusal or fault that is told to the caller; thrown from anywhere within a request. */
public final class Problem extends RuntimeException {

    /** What the caller reads, RFC 9457. */
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record Body(
            String type, String title, int status, @Nullable String detail, List<FieldError> errors) {}

    /**
     * What is wrong with one field.
     *
     * @param field its name; with dots for fields within fields
     */
    public record FieldError(String field, String message) {}

    private final Body body;
    private final Map<String, String> headers;

    private Problem(
            String type,
            String title,
            int status,
            String detail,
            List<FieldError> errors,
            Map<String, String> headers) {
        super(detail);
        this.body = new Body("urn:codehaven:problem:" + type, title, status, detail, List.copyOf(errors));
        this.headers = Map.copyOf(headers);
    }

    public Body body() {
        return body;
    }

    public int status() {
        return body.status();
    }

    Map<String, String> headers() {
        return headers;
    }

    /** A request that cannot be read at all. */
    public static Problem malformed(String detail) {
        return new Problem("malformed", "The request cannot be read", 400, detail, List.of(), Map.of());
    }

    public static Problem forbidden(String detail) {
        return new Problem("forbidden", "Not allowed", 403, detail, List.of(), Map.of());
    }

    public static Problem notFound(String detail) {
        return new Problem("not-found", "Not found", 404, detail, List.of(), Map.of());
    }

    public static Problem methodNotAllowed(String detail, String allow) {
        return new Problem("method-not-allowed", "Method not allowed", 405, detail, List.of(), Map.of("Allow", allow));
    }

    static Problem notAcceptable(String detail) {
        return new Problem("not-acceptable", "Not acceptable", 406, detail, List.of(), Map.of());
    }

    /** The state of things forbids it. */
    public static Problem conflict(String detail) {
        return new Problem("conflict", "Conflict", 409, detail, List.of(), Map.of());
    }

    public static Problem tooLarge(String detail) {
        return new Problem("too-large", "Too large", 413, detail, List.of(), Map.of());
    }

    static Problem unsupportedMediaType(String detail) {
        return new Problem(
                "unsupported-media-type",
                "Unsupported media type",
                415,
                detail,
                List.of(),
                Map.of("Accept", "application/json"));
    }

    /** Fields that are wrong. */
    public static Problem invalid(List<FieldError> errors) {
        var one = errors.size() == 1 ? errors.getFirst().message() : errors.size() + " fields are not right.";
        return new Problem("invalid", "Not valid", 422, one, errors, Map.of());
    }

    public static Problem invalid(String field, String message) {
        return invalid(List.of(new FieldError(field, message)));
    }

    /** An Idempotency-Key that stands for another request already. */
    public static Problem keyReused() {
        return new Problem(
                "idempotency-key-reused",
                "Idempotency-Key used before",
                422,
                "This Idempotency-Key was used with a different request. Use a new key for a new request.",
                List.of(),
                Map.of());
    }

    /** What is here speaks WebSocket alone (RFC 9110, 15.5.22). */
    public static Problem upgradeRequired(String detail) {
        return new Problem(
                "upgrade-required",
                "Upgrade required",
                426,
                detail,
                List.of(),
                Map.of("Upgrade", "websocket", "Connection", "Upgrade"));
    }

    /** Part of the contract, but of a later version. */
    public static Problem notYet(String detail) {
        return new Problem("not-available", "Not available yet", 501, detail, List.of(), Map.of());
    }

    /** A backend is away; trying again later can help. */
    public static Problem unavailable(String detail) {
        return new Problem(
                "unavailable", "Temporarily unavailable", 503, detail, List.of(), Map.of("Retry-After", "5"));
    }

    /** What was asked of somebody else's server, which does not do it. */
    public static Problem badGateway(String detail) {
        return new Problem("elsewhere", "Not answered elsewhere", 502, detail, List.of(), Map.of());
    }

    /** What was asked of somebody else's server, and took too long. */
    public static Problem gatewayTimeout(String detail) {
        return new Problem("late", "Not answered in time", 504, detail, List.of(), Map.of());
    }

    static Problem other(int status, String title, String detail) {
        return new Problem("http-" + status, title, status, detail, List.of(), Map.of());
    }

    static Problem unexpected(String reference) {
        return new Problem(
                "unexpected",
                "Unexpected error",
                500,
                "The server failed at this. What happened is in its log under " + reference + ".",
                List.of(),
                Map.of());
    }
}
