package codehaven.state;

import codehaven.model.DeploymentEvent;
import codehaven.model.DeploymentEvent.Placed;
import java.util.List;

/**
 * What happened to each deployment, in order: positions count from 1 without a gap, and an event never appears before
 * those with lower positions. Once archived, reads come from the archive without the caller noticing.
 */
public final class Timeline {

    /**
     * Appends in one write. At most a few hundred events and 1 MiB a call.
     *
     * @return the position of the last one
     */
    public long append(String deployment, List<? extends DeploymentEvent> events) {
        throw new UnsupportedOperationException();
    }

    /** The events with positions above {@code after}, at most {@code limit}, in order. */
    public List<Placed> read(String deployment, long after, int limit) {
        throw new UnsupportedOperationException();
    }

    /** The number of the last log line, 0 if there is none; what a writer goes on from. */
    public long lastLine(String deployment) {
        throw new UnsupportedOperationException();
    }

    /** Moves all that is live into {@code logs/<deployment>.ndjson.gz}, after what is there; may be repeated. */
    public void archive(String deployment) {
        throw new UnsupportedOperationException();
    }

    public void delete(String deployment) {
        throw new UnsupportedOperationException();
    }
}
