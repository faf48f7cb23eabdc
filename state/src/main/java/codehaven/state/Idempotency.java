package codehaven.state;

import java.util.Optional;

/** Which request was made with which Idempotency-Key, for 24 hours. */
public final class Idempotency {

    /**
     * @param fingerprint of the request's method, path and body
     * @param result what the request made, such as a deployment's id
     */
    public record Remembered(String key, String fingerprint, String result) {}

    /**
     * Claims the key for a result that the caller is about to make; if the key is known, returns what it stands for and
     * changes nothing.
     */
    public Optional<Remembered> claim(Remembered mine) {
        throw new UnsupportedOperationException();
    }

    /** Gives the key back, because the request was refused. */
    public void forget(String key) {
        throw new UnsupportedOperationException();
    }
}
