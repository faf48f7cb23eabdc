package codehaven.edge;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How the edge is now.
 *
 * @param routes how many hosts it answers for
 * @param stateReachable whether the last look at the routes succeeded
 * @param routesReadAt when it did; absent before the first
 * @param connections open ones
 * @param memoryBytes of files held in memory
 * @param diskBytes of files held on disk
 * @param sitesToFetch whose files are not all on disk yet
 */
public record EdgeStatus(
        int routes,
        boolean stateReachable,
        @Nullable Instant routesReadAt,
        int connections,
        long memoryBytes,
        long diskBytes,
        int sitesToFetch) {}
