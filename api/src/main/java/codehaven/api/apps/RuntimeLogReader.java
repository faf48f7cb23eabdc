package codehaven.api.apps;

import codehaven.api.problems.Problem;
import codehaven.state.RuntimeLogs;
import codehaven.state.RuntimeLogs.Line;
import codehaven.state.State;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** What apps printed lately: the newest lines, those after a number, and those with a text in them. */
@Component
public final class RuntimeLogReader {

    /** How many lines are kept. */
    public static final int MOST_KEPT = RuntimeLogs.MOST_LINES;

    /** How long a text may be that is looked for. */
    public static final int LONGEST_TEXT = 200;

    private final State state;

    RuntimeLogReader(State state) {
        this.state = state;
    }

    /** The number of the last line so far, 0 if there is none. */
    public long last(String deployment) {
        return state.runtimeLogs().last(deployment);
    }

    /**
     * Lines in order.
     *
     * @param after only those with numbers above it, the first ones; without it the newest ones
     * @param find only those with this text in them, in any case, the newest ones
     * @throws Problem 422 if the text is blank or too long
     */
    public List<RuntimeLine> lines(String deployment, @Nullable Long after, int limit, @Nullable String find) {
        if (find == null) {
            return lines(
                    after == null
                            ? state.runtimeLogs().tail(deployment, limit)
                            : state.runtimeLogs().read(deployment, after, limit),
                    0);
        }
        if (find.isBlank() || find.length() > LONGEST_TEXT) {
            throw Problem.invalid("find", "find is a text of 1 to " + LONGEST_TEXT + " characters.");
        }
        return lines(state.runtimeLogs().find(deployment, find, limit), after == null ? 0 : after);
    }

    private static List<RuntimeLine> lines(List<Line> lines, long after) {
        return lines.stream()
                .filter(each -> each.n() > after)
                .map(RuntimeLine::of)
                .toList();
    }
}
