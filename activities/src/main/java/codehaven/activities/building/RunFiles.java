package codehaven.activities.building;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The small files by which a sandbox is told what to do, under {@code run/}: the script of every phase is ours and
 * constant, all that comes from elsewhere is data in files of their own, and variables never show in an argument, a
 * label or the container's configuration.
 *
 * @param files content by name
 */
record RunFiles(Map<String, String> files) {

    static final String SCRIPT = "phase.sh";
    static final String VARIABLES = "env";
    static final String CACHE = "cache";
    static final String LOOKS = "looks";
    static final String DIRECTORIES = "directories";

    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    /**
     * @param scripts what each phase runs in a shell
     * @param cache what an attempt that takes over should know about the cache
     */
    static RunFiles of(BuildOrder order, Map<BuildOrder.Phase.Name, String> scripts, String cache) {
        var files = new LinkedHashMap<String, String>();
        files.put(SCRIPT, resource(SCRIPT));
        files.put(VARIABLES, exports(order.variables()));
        files.put(CACHE, cache);
        files.put("outputs", lines(order.outputs()));
        for (var phase : order.phases()) {
            files.put(phase.name().text() + ".dir", phase.directory().isEmpty() ? "." : phase.directory());
            files.put(phase.name().text() + ".sh", scripts.getOrDefault(phase.name(), phase.command()));
        }
        return new RunFiles(files);
    }

    /** A text of ours that is put among a build's files. */
    static String resource(String name) {
        try (var in = RunFiles.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException(name + " is not in the program");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String exports(Map<String, String> variables) {
        var text = new StringBuilder();
        variables.forEach((name, value) -> {
            if (NAME.matcher(name).matches() && value.indexOf('\0') < 0) {
                text.append("export ")
                        .append(name)
                        .append("='")
                        .append(value.replace("'", "'\\''"))
                        .append("'\n");
            }
        });
        return text.toString();
    }

    private static String lines(List<String> all) {
        var text = new StringBuilder();
        all.forEach(each -> text.append(each.replace('\n', '?')).append('\n'));
        return text.toString();
    }
}
