package codehaven.activities.cloning;

import java.time.Duration;

/**
 * How long a remote may take.
 *
 * @param connect to one address
 * @param silence without a single byte, such as while the server counts objects
 * @param window over which fewer than {@code windowBytes} are too slow: a server that drips holds a worker no longer
 * @param whole for one clone with all that is in it; below the activity's own limit, so that the reason is told
 */
record Pace(Duration connect, Duration silence, Duration window, long windowBytes, Duration whole) {

    static final Pace DEFAULT = new Pace(
            Duration.ofSeconds(10), Duration.ofSeconds(60), Duration.ofSeconds(60), 1_024, Duration.ofMinutes(12));

    /** Somebody sits before it. */
    static final Pace HASTY = new Pace(
            Duration.ofSeconds(5), Duration.ofSeconds(10), Duration.ofSeconds(10), 1_024, Duration.ofSeconds(18));
}
