package codehaven.state;

import codehaven.model.DeploymentEvent;
import codehaven.model.DeploymentEvent.LogLine;

/**
 * A run of events.
 *
 * @param first position
 * @param last position; below the first for none
 * @param lineFrom the lowest number of a log line in it; 0 if it has no lines
 * @param lineTo the highest
 */
record Span(long first, long last, long lineFrom, long lineTo) {

    static final Span NONE = new Span(1, 0, 0, 0);

    Span with(long position, DeploymentEvent event) {
        var from = last < first ? position : first;
        if (!(event instanceof LogLine line)) {
            return new Span(from, position, lineFrom, lineTo);
        }
        return new Span(
                from, position, lineTo == 0 ? line.n() : Math.min(lineFrom, line.n()), Math.max(lineTo, line.n()));
    }

    boolean hasLines(long from, long to) {
        return lineTo >= from && lineFrom <= to && lineTo > 0;
    }
}
