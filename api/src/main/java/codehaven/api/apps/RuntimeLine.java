package codehaven.api.apps;

import codehaven.state.RuntimeLogs.Line;
import java.time.Instant;

/**
 * A line that an app printed.
 *
 * @param n its number, from 1
 * @param instance which container printed it, from 1
 * @param stream {@code stdout}, {@code stderr}, or {@code system} for what the platform itself says
 * @param text with its ANSI sequences
 */
public record RuntimeLine(long n, Instant at, int instance, String stream, String text) {

    static RuntimeLine of(Line line) {
        return new RuntimeLine(line.n(), line.at(), line.instance(), line.stream(), line.text());
    }
}
