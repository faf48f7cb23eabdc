package codehaven.state;

/**
 * Nudges between processes: "look again". Losing one costs a short delay, so every listener polls as well, and no
 * method here blocks or throws because Redis is away.
 */
public final class StatusBus {

    /** Ends a listening; may be called twice. */
    public interface Listening extends AutoCloseable {
        @Override
        void close();
    }

    /** The deployment's timeline has grown. */
    public void nudge(String deployment) {
        throw new UnsupportedOperationException();
    }

    /** Some host points elsewhere. */
    public void nudgeRoutes() {
        throw new UnsupportedOperationException();
    }

    public Listening onDeployment(String deployment, Runnable look) {
        throw new UnsupportedOperationException();
    }

    public Listening onRoutes(Runnable look) {
        throw new UnsupportedOperationException();
    }
}
