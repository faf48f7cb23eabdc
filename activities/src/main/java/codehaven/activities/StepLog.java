package codehaven.activities;

import codehaven.model.DeploymentEvent.Level;
import java.util.Collection;

/**
 * The lines of one attempt of a step. Lines go to the timeline in batches, in order, with secrets masked. A log that
 * grows past its limit keeps its beginning and its end and says what it left out between. Never blocks for long and
 * never throws because the database is away: lines wait, within bounds.
 */
public interface StepLog {

    /** The platform's own words. */
    void say(String sentence);

    void say(Level level, String sentence);

    /**
     * Output of a program, as it comes: any cut, also within a line or a character.
     *
     * @param stream {@code stdout} or {@code stderr}
     */
    void output(String stream, byte[] bytes, int offset, int length);

    /** From now on these texts are shown as {@code ••••••}; ones shorter than 4 characters are left alone. */
    void mask(Collection<String> secrets);

    /** The number of the last line so far, 0 if there is none: for a failure's {@code lines}. */
    long lastLine();

    /** The last lines of output, at most {@code count}, oldest first, as they were logged (masked). */
    java.util.List<String> tail(int count);

    /** Sends what waits; called at the end of each attempt. */
    void flush();
}
