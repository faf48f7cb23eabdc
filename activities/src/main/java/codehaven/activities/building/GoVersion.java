package codehaven.activities.building;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Which Go 1 a module is built with.
 *
 * @param minor the one that is taken
 * @param least the oldest that the module can be built with
 */
record GoVersion(int minor, int least) {

    private static final int USUAL = 24;
    private static final int OLDEST = 21;

    /** Far above what there is: any newer Go builds what an older one does. */
    private static final int NEWEST = 60;

    private static final Pattern LINE = Pattern.compile("(?m)^go\\s+1\\.(\\d{1,3})");
    private static final Pattern TOOLCHAIN = Pattern.compile("(?m)^toolchain\\s+go1\\.(\\d{1,3})");

    /** @param mod the text of go.mod */
    static GoVersion of(String mod) {
        var toolchain = TOOLCHAIN.matcher(mod);
        var line = LINE.matcher(mod);
        var asked = line.find() ? Integer.parseInt(line.group(1)) : 0;
        var minor = toolchain.find() ? Integer.parseInt(toolchain.group(1)) : asked >= OLDEST ? asked : USUAL;
        return new GoVersion(minor, Math.min(minor, Math.max(OLDEST, asked)));
    }

    String image() {
        return image(minor);
    }

    /** Images that do as well: newer ones, the nearest first, then older ones that are new enough. */
    List<String> instead() {
        return Stream.concat(
                        IntStream.rangeClosed(minor + 1, NEWEST).boxed(),
                        IntStream.range(least, minor).boxed().sorted((a, b) -> Integer.compare(b, a)))
                .map(GoVersion::image)
                .toList();
    }

    private static String image(int minor) {
        return "golang:1." + minor + "-bookworm";
    }
}
