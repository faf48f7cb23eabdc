package codehaven.state;

/**
 * MongoDB or the object storage did not do what it was asked for; the same may succeed later. Nothing is known to have
 * been written; writes of this package may be repeated.
 */
public class BackendUnavailable extends RuntimeException {

    /**
     * @param message one sentence that names the backend and its setting, without credentials
     */
    public BackendUnavailable(String message, Throwable cause) {
        super(message, cause);
    }
}
