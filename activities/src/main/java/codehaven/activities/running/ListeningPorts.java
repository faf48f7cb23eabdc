package codehaven.activities.running;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The TCP ports that the processes of a container listen on, as the kernel tells this machine's root: so the image needs
 * no program that could tell.
 *
 * @param everywhere on all of the container's addresses, or its outer one
 * @param loopback on the container's own loopback alone
 */
record ListeningPorts(Set<Integer> everywhere, Set<Integer> loopback) {

    private static final Pattern LISTENING =
            Pattern.compile("(?m)^\\s*\\d+: ([0-9A-F]{8}(?:[0-9A-F]{24})?):([0-9A-F]{4}) \\S+ 0A ");
    private static final String LOOPBACK_6 = "00000000000000000000000001000000";

    /** Docker's own name server, which it runs in every container's network. */
    private static final String DOCKERS_RESOLVER = "0B00007F";

    /** Empty where this machine cannot be asked: the engine is elsewhere, or its root is somebody else. */
    static ListeningPorts of(Collection<Long> processes) {
        var everywhere = new TreeSet<Integer>();
        var loopback = new TreeSet<Integer>();
        for (var process : processes) {
            var text = new StringBuilder();
            for (var file : List.of("tcp", "tcp6")) {
                text.append(read(Path.of("/proc", process.toString(), "net", file)));
            }
            var found = LISTENING.matcher(text);
            while (found.find()) {
                var address = found.group(1);
                if (!address.equals(DOCKERS_RESOLVER)) {
                    var local = (address.length() == 8 && address.endsWith("7F")) || address.equals(LOOPBACK_6);
                    (local ? loopback : everywhere).add(Integer.parseInt(found.group(2), 16));
                }
            }
            if (!text.isEmpty()) {
                // They share one network.
                break;
            }
        }
        loopback.removeAll(everywhere);
        return new ListeningPorts(everywhere, loopback);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            // The process has ended, or may not be looked at.
            return "";
        }
    }

    /** What is wrong, in a sentence; empty when that cannot be told from here. */
    String comparedWith(int port) {
        if (everywhere.contains(port)) {
            return "";
        }
        if (loopback.contains(port)) {
            return "It listens on port " + port + " of 127.0.0.1 only, where nobody outside of its container comes; "
                    + "it has to listen on 0.0.0.0.";
        }
        if (!everywhere.isEmpty()) {
            return "It listens on " + named(everywhere) + ", not on " + port + " that PORT tells it.";
        }
        if (!loopback.isEmpty()) {
            return "It listens on " + named(loopback) + " of 127.0.0.1 only, not on 0.0.0.0 and port " + port
                    + " that PORT tells it.";
        }
        return "";
    }

    private static String named(Set<Integer> ports) {
        return (ports.size() == 1 ? "port " : "ports ")
                + ports.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }
}
