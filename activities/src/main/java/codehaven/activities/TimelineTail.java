package codehaven.activities;

import codehaven.model.DeploymentEvent;
import codehaven.state.Timeline;

/** Looks whether an event of which nobody knows is in the timeline. */
public final class TimelineTail {

    private static final int PAGE = 1_000;

    private TimelineTail() {}

    /**
     * The position of the first event above {@code after} that equals the one given; 0 if there is none. Times must be
     * whole milliseconds, as the database keeps no more.
     */
    public static long positionOf(Timeline timeline, String deployment, long after, DeploymentEvent event) {
        var from = after;
        while (true) {
            var page = timeline.read(deployment, from, PAGE);
            for (var placed : page) {
                if (placed.event().equals(event)) {
                    return placed.position();
                }
            }
            if (page.isEmpty()) {
                return 0;
            }
            from = page.getLast().position();
        }
    }
}
