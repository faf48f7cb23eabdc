package codehaven.api.requests;

import codehaven.api.problems.Problem;
import codehaven.state.Idempotency.Remembered;
import codehaven.state.State;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Does a change once for one Idempotency-Key, however often and however many at a time ask for it. */
@Component
public final class Once {

    private static final String HEADER = "Idempotency-Key";
    private static final Pattern FORM = Pattern.compile("[\\x21-\\x7e]{1,200}");

    private final State state;

    Once(State state) {
        this.state = state;
    }

    /** A change that is to lead to the same result each time it is made. */
    @FunctionalInterface
    public interface Change<T> {
        /**
         * @param result what identifies what the change makes: the caller's when it is made for the first time, and
         *     the first caller's on every repetition. A repetition may find nothing made yet, when the first caller
         *     is still at work or has died: it makes it then.
         * @param repeated whether the key was known
         */
        T make(String result, boolean repeated);
    }

    /**
     * @param result minted before anything is done; remembered with the key
     * @throws Problem 422 if the key stands for another request, or whatever the change throws
     */
    public <T> T make(HttpServletRequest request, String result, Change<T> change) {
        var key = request.getHeader(HEADER);
        if (key == null) {
            return change.make(result, false);
        }
        if (!FORM.matcher(key).matches()) {
            throw Problem.invalid(HEADER, HEADER + " is 1 to 200 visible ASCII characters, such as a UUID.");
        }
        return make(new Remembered(key, fingerprint(request), result), change);
    }

    /**
     * As {@link #make(HttpServletRequest, String, Change)}, for a page's form that carries its key in a field, so that a
     * button pressed twice does once what it says.
     *
     * @param key what the form was given when it was shown; one of another form makes no harm, none is no key
     */
    public <T> T make(HttpServletRequest request, @Nullable String key, String result, Change<T> change) {
        if (key == null || !FORM.matcher(key).matches()) {
            return change.make(result, false);
        }
        // Filled in differently, the form is another one: whoever goes back to it is not told of keys.
        var fingerprint = fingerprint(request);
        return make(new Remembered("form:" + key + ":" + fingerprint, fingerprint, result), change);
    }

    private <T> T make(Remembered mine, Change<T> change) {
        var known = state.idempotency().claim(mine);
        if (known.isPresent()) {
            if (!known.get().fingerprint().equals(mine.fingerprint())) {
                throw Problem.keyReused();
            }
            return change.make(known.get().result(), true);
        }
        try {
            return change.make(mine.result(), false);
        } catch (Problem refused) {
            // Nothing was made, so the key is free again. After any other fault nobody knows: the key stays, and a
            // repetition completes what may have been begun.
            if (refused.status() < 500) {
                state.idempotency().forget(mine.key());
            }
            throw refused;
        }
    }

    private static String fingerprint(HttpServletRequest request) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            var query = request.getQueryString();
            var line = request.getMethod() + " " + request.getRequestURI() + (query == null ? "" : "?" + query) + "\n";
            digest.update(line.getBytes(StandardCharsets.UTF_8));
            if (request.getAttribute(Bodies.BYTES) instanceof byte[] body) {
                digest.update(body);
            } else if (Bodies.isForm(request)) {
                for (var each : new TreeMap<>(request.getParameterMap()).entrySet()) {
                    if (each.getKey().startsWith("_")) {
                        // The page's own, such as its token, not what was filled in.
                        continue;
                    }
                    var field = each.getKey() + "=" + String.join("&", each.getValue()) + "\n";
                    digest.update(field.getBytes(StandardCharsets.UTF_8));
                }
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
