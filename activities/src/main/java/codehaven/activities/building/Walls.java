package codehaven.activities.building;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The firewall's rules around containers of strangers: from their bridges the Internet can be reached, but neither this
 * machine nor its neighbours nor other networks. Answers to those who ask the containers pass.
 *
 * @param chain what the names of the two chains begin with
 * @param bridges the bridge's device; one that ends in {@code +} means all that begin so
 * @param closedPorts of the Internet that are closed as well
 */
public record Walls(String chain, String bridges, List<Integer> closedPorts) {

    private static final Duration ASK = Duration.ofSeconds(20);
    private static final Path RESOLVERS = Path.of("/etc/resolv.conf");
    private static final Pattern RESOLVER = Pattern.compile("(?m)^nameserver\\s+(\\d+\\.\\d+\\.\\d+\\.\\d+)\\s*$");

    /** Everything that is not the public Internet (IANA's special-purpose registry). */
    private static final List<String> CLOSED = List.of(
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "224.0.0.0/4",
            "240.0.0.0/4");

    public Walls {
        closedPorts = List.copyOf(closedPorts);
    }

    /** Packets larger than the way out takes would vanish where nobody answers "too big". */
    public static @Nullable String uplinkMtu() {
        try {
            for (var line : Files.readAllLines(Path.of("/proc/net/route"))) {
                var fields = line.split("\\s+", -1);
                if (fields.length > 1 && fields[1].equals("00000000")) {
                    return Files.readString(Path.of("/sys/class/net", fields[0], "mtu"))
                            .strip();
                }
            }
            return null;
        } catch (IOException e) {
            return null;
        }
    }

    /** Sets the rules, or finds them. Returns why they could not be set, as the end of a sentence; absent when they stand. */
    public @Nullable String stand(DockerEngine engine) {
        if (!engine.onThisMachine()) {
            return "the Docker engine is on another machine, whose firewall is not ours to set.";
        }
        var iptables = HostProcess.find("iptables");
        var restore = HostProcess.find("iptables-restore");
        if (!"root".equals(System.getProperty("user.name")) || iptables.isEmpty() || restore.isEmpty()) {
            return "the rules that keep them away are set with iptables by root only.";
        }
        var tables = iptables.get().toString();
        try {
            if (!HostProcess.ask(ASK, null, List.of(tables, "-w", "10", "-n", "-L", "DOCKER-USER"))
                    .good()) {
                return "the Docker engine does not use this machine's iptables.";
            }
            var set = HostProcess.ask(
                    ASK, rules(resolvers()), List.of(restore.get().toString(), "-w", "10", "--noflush"));
            if (!set.good()) {
                return "iptables-restore said: " + firstLine(set.output());
            }
            for (var jump : List.of(List.of("DOCKER-USER", chain + "-OUT"), List.of("INPUT", chain + "-IN"))) {
                var rule = List.of(jump.getFirst(), "-i", bridges, "-j", jump.getLast());
                if (!run(tables, "-C", rule).good()) {
                    var placed = run(tables, "-I", rule);
                    if (!placed.good()) {
                        return "iptables said: " + firstLine(placed.output());
                    }
                }
            }
            return null;
        } catch (IOException e) {
            return DockerEngine.reasonOf(e) + ".";
        }
    }

    private static HostProcess.Answer run(String tables, String verb, List<String> rule) throws IOException {
        var command = new ArrayList<>(List.of(tables, "-w", "10", verb));
        command.addAll(rule);
        return HostProcess.ask(ASK, null, command);
    }

    /** Both chains at once, so that there is no moment without them. */
    private String rules(List<String> resolvers) {
        var out = chain + "-OUT";
        var in = chain + "-IN";
        var text = new StringBuilder("*filter\n:%s - [0:0]\n:%s - [0:0]\n".formatted(out, in));
        for (var each : List.of(out, in)) {
            text.append("-A %s -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN%n".formatted(each));
            for (var resolver : resolvers) {
                for (var protocol : List.of("udp", "tcp")) {
                    text.append("-A %s -d %s -p %s --dport 53 -j RETURN%n".formatted(each, resolver, protocol));
                }
            }
        }
        for (var each : CLOSED) {
            text.append("-A %s -d %s -j REJECT --reject-with icmp-admin-prohibited%n".formatted(out, each));
        }
        if (!closedPorts.isEmpty()) {
            text.append("-A %s -p tcp -m multiport --dports %s -j REJECT%n"
                    .formatted(
                            out,
                            String.join(
                                    ",",
                                    closedPorts.stream().map(String::valueOf).toList())));
        }
        text.append("-A %s -j RETURN%n".formatted(out));
        text.append("-A %s -j REJECT --reject-with icmp-admin-prohibited%n".formatted(in));
        return text.append("COMMIT\n").toString();
    }

    /** Names are often resolved by a private address; its port 53 stays open. */
    private static List<String> resolvers() throws IOException {
        var all = new ArrayList<String>();
        if (Files.isReadable(RESOLVERS)) {
            var found = RESOLVER.matcher(Files.readString(RESOLVERS));
            while (found.find()) {
                if (!InetAddress.ofLiteral(found.group(1)).isLoopbackAddress()) {
                    all.add(found.group(1));
                }
            }
        }
        return all;
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("nothing");
    }
}
