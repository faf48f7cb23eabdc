package codehaven.activities.building;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Which port the app of an image listens on, as far as the image tells.
 *
 * @param guess what is to be said in the log where the image tells no single one; absent otherwise
 */
record ImagePort(int port, Optional<String> guess) {

    /** Of several, those that browsers and proxies are meant to reach; an app's others are for metrics and the like. */
    private static final List<Integer> USUAL = List.of(80, 8080, 3000, 8000);

    private static final int HIGHEST = 65_535;

    /**
     * @param command what the image is started with, entry point and all
     * @param exposed its TCP ports
     * @param environment its own
     */
    static ImagePort of(List<String> command, Collection<Integer> exposed, Map<String, String> environment) {
        var named = StartCommand.port(String.join(" ", command));
        if (named > 0) {
            return new ImagePort(named, Optional.empty());
        }
        if (exposed.size() == 1) {
            return new ImagePort(exposed.iterator().next(), Optional.empty());
        }
        var port = told(environment)
                .or(() -> likely(new TreeSet<>(exposed)))
                .orElseGet(() -> environment.containsKey("NODE_VERSION")
                        ? Running.NODE_PORT
                        : environment.containsKey("PYTHON_VERSION") ? Running.PYTHON_PORT : Running.OTHER_PORT);
        var said = exposed.isEmpty() ? "no port" : "the ports " + new TreeSet<>(exposed);
        return new ImagePort(
                port,
                Optional.of("The image exposes " + said + "; taking " + port
                        + ", which the app is told by PORT. The project's app.port says another."));
    }

    private static Optional<Integer> told(Map<String, String> environment) {
        return Optional.ofNullable(environment.get("PORT"))
                .filter(each -> each.matches("\\d{2,5}"))
                .map(Integer::valueOf)
                .filter(each -> each <= HIGHEST);
    }

    private static Optional<Integer> likely(TreeSet<Integer> exposed) {
        return USUAL.stream()
                .filter(exposed::contains)
                .findFirst()
                .or(() -> exposed.stream().findFirst());
    }
}
