package codehaven.state;

/** Everything that outlives a process, opened once and shared. */
public final class State implements AutoCloseable {

    /**
     * Opens the clients; creates indexes and the bucket where they are missing.
     *
     * @throws IllegalStateException with one sentence that names the setting of the backend that cannot be reached or
     *     refuses
     */
    public static State open(StateSettings settings) {
        throw new UnsupportedOperationException();
    }

    public Projects projects() {
        throw new UnsupportedOperationException();
    }

    public Variables variables() {
        throw new UnsupportedOperationException();
    }

    public Deployments deployments() {
        throw new UnsupportedOperationException();
    }

    public Sites sites() {
        throw new UnsupportedOperationException();
    }

    public Timeline timeline() {
        throw new UnsupportedOperationException();
    }

    public StatusBus bus() {
        throw new UnsupportedOperationException();
    }

    public Leases leases() {
        throw new UnsupportedOperationException();
    }

    public Blobs blobs() {
        throw new UnsupportedOperationException();
    }

    public Idempotency idempotency() {
        throw new UnsupportedOperationException();
    }

    /** How each backend is, by asking it now; at most two seconds each, side by side. */
    public java.util.List<Health> health() {
        throw new UnsupportedOperationException();
    }

    /**
     * @param backend {@code mongodb}, {@code redis} or {@code s3}
     * @param detail one sentence, where it is not up
     */
    public record Health(
            String backend,
            boolean up,
            long millis,
            @org.jspecify.annotations.Nullable String detail) {}

    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
