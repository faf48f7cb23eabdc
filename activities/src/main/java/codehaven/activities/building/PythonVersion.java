package codehaven.activities.building;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Which Python 3 a project is built and run with.
 *
 * @param minor the one that is taken
 * @param others those that it leaves the choice of besides, newest first; none where it names one
 */
record PythonVersion(int minor, List<Integer> others) {

    private static final int NEWEST = 14;
    private static final int USUAL = 12;
    private static final int OLDEST = 9;

    private static final Pattern MINOR = Pattern.compile("(?:^|[^\\d.])3\\.(\\d{1,2})(\\.\\d{1,3})?(?=$|[^\\d])");
    private static final Pattern REQUIRES =
            Pattern.compile("(?m)^(?:requires-python|python)\\s*=\\s*[\"']([^\"'\\n]{1,60})[\"']");
    private static final Pattern PIPFILE = Pattern.compile("(?m)^python_(?:full_)?version\\s*=\\s*[\"'](3\\.\\d{1,2})");

    PythonVersion {
        others = List.copyOf(others);
    }

    /** The usual one, where nobody asks for any. */
    static PythonVersion any() {
        return between(OLDEST, NEWEST, List.of());
    }

    /** What a project asks for: in {@code .python-version}, {@code runtime.txt}, its Pipfile or its pyproject.toml. */
    static PythonVersion of(AppDirectory at) {
        for (var text :
                List.of(at.text(".python-version"), at.text("runtime.txt").replace("python-", ""))) {
            var found = MINOR.matcher(text.strip());
            if (found.find()) {
                return only(Integer.parseInt(found.group(1)));
            }
        }
        var pipfile = PIPFILE.matcher(at.text("Pipfile"));
        if (pipfile.find()) {
            return only(Integer.parseInt(pipfile.group(1).substring(2)));
        }
        var requires = REQUIRES.matcher(at.text("pyproject.toml"));
        return requires.find() ? fitting(requires.group(1)) : any();
    }

    private static PythonVersion only(int minor) {
        return new PythonVersion(supported(minor), List.of());
    }

    private static PythonVersion fitting(String range) {
        var least = 0;
        var most = NEWEST;
        var without = new ArrayList<Integer>();
        for (var each : range.split(",", -1)) {
            var found = MINOR.matcher(each);
            if (!found.find()) {
                continue;
            }
            var minor = Integer.parseInt(found.group(1));
            var hasPatch = found.group(2) != null;
            var sign = each.strip().replaceFirst("[\\s\\d.*].*", "");
            switch (sign) {
                case "<" -> most = Math.min(most, hasPatch ? minor : minor - 1);
                case "<=" -> most = Math.min(most, minor);
                case ">", ">=", "^" -> least = Math.max(least, minor);
                case "~=" -> {
                    least = Math.max(least, minor);
                    most = hasPatch ? Math.min(most, minor) : most;
                }
                case "!=" -> {
                    if (!hasPatch) {
                        without.add(minor);
                    }
                }
                default -> {
                    least = minor;
                    most = minor;
                }
            }
        }
        return between(least, most, without);
    }

    private static PythonVersion between(int least, int most, List<Integer> without) {
        var allowed = IntStream.rangeClosed(Math.max(OLDEST, least), Math.min(NEWEST, most))
                .boxed()
                .filter(each -> !without.contains(each))
                .sorted((a, b) -> Integer.compare(b, a))
                .toList();
        var taken = supported(Math.min(most, Math.max(least, USUAL)));
        var minor = allowed.isEmpty() || allowed.contains(taken) ? taken : allowed.getFirst();
        return new PythonVersion(
                minor, allowed.stream().filter(each -> each != minor).toList());
    }

    private static int supported(int minor) {
        return Math.max(OLDEST, Math.min(NEWEST, minor));
    }

    String image() {
        return image(minor);
    }

    /** Images that do as well. */
    List<String> instead() {
        return others.stream().map(PythonVersion::image).toList();
    }

    private static String image(int minor) {
        return "python:3." + minor + "-slim-bookworm";
    }
}
