package codehaven.ui;

import codehaven.api.problems.Problem;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Why a form was not taken.
 *
 * @param whole what is wrong where it is of no one field
 * @param errors what is wrong with each field, by its name
 */
record Refusal(int status, @Nullable String whole, Map<String, String> errors) {

    static final Refusal NONE = new Refusal(200, null, Map.of());

    /** A field of something in a list, for which the form has one field. */
    private static final Pattern LISTED = Pattern.compile("(.+)\\[(\\d{1,3})]\\.(\\w+)");

    static Refusal of(Problem problem) {
        var errors = new LinkedHashMap<String, String>();
        for (var each : problem.body().errors()) {
            var listed = LISTED.matcher(each.field());
            if (listed.matches()) {
                var message = sentence(each.field(), each.message());
                errors.putIfAbsent(
                        listed.group(1),
                        "In number " + (Integer.parseInt(listed.group(2)) + 1) + ": "
                                + message.replaceFirst("^This is", "the " + listed.group(3) + " is"));
            } else {
                errors.putIfAbsent(each.field(), sentence(each.field(), each.message()));
            }
        }
        return new Refusal(problem.status(), errors.isEmpty() ? problem.body().detail() : null, errors);
    }

    /** What is said at the field, if anything is. */
    public @Nullable String at(String field) {
        return errors.get(field);
    }

    /** Whether it is the field to go to first. */
    public boolean first(String field) {
        return errors.keySet().stream().findFirst().filter(field::equals).isPresent();
    }

    /** At the field itself its name for programs says nothing. */
    private static String sentence(String field, String message) {
        var name = field.substring(field.lastIndexOf('.') + 1);
        for (var each : new String[] {field, name}) {
            if (message.regionMatches(true, 0, each + " ", 0, each.length() + 1)) {
                return "This" + message.substring(each.length());
            }
        }
        return message;
    }
}
