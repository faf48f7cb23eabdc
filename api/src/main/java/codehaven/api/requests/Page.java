package codehaven.api.requests;

import codehaven.api.problems.Problem;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A part of a list.
 *
 * @param next pass it as {@code after} to get what follows; absent at the end
 */
public record Page<T>(List<T> items, @Nullable String next) {

    /** How many there are on a page when nobody says. */
    public static final int USUAL = 20;

    /**
     * @param found one more than the limit, where there are more
     */
    public static <S, T> Page<T> of(List<S> found, int limit, Function<S, String> cursor, Function<S, T> view) {
        var more = found.size() > limit;
        var shown = more ? found.subList(0, limit) : found;
        return new Page<>(shown.stream().map(view).toList(), more ? cursor.apply(shown.getLast()) : null);
    }

    /** The {@code limit} parameter. */
    public static int limit(@Nullable String text, int usual, int most) {
        return (int) number("limit", text, usual, 1, most);
    }

    /**
     * A number of the query string.
     *
     * @throws Problem 422 if it is not within the bounds
     */
    public static long number(String name, @Nullable String text, long usual, long least, long most) {
        if (text == null) {
            return usual;
        }
        try {
            var value = Long.parseLong(text);
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw Problem.invalid(name, name + " is a whole number, not '" + text + "'.");
        }
        throw Problem.invalid(
                name,
                name + " is " + least + (most == Long.MAX_VALUE ? " or more" : " to " + most) + ", not " + text + ".");
    }
}
