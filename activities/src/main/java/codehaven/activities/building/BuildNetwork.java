package codehaven.activities.building;

import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import com.github.dockerjava.api.exception.DockerException;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The network of build containers: a bridge of its own from which the package registries can be reached, but neither
 * this machine nor its neighbours nor other builds. The engine cannot wall off its own machine, so the firewall's rules
 * are ours; where they cannot be set, {@link #warning} says so.
 */
final class BuildNetwork {

    static final String NAME = "codehaven-build";
    static final String BRIDGE = "chbuild0";

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

    private static final String OPEN_TO_THIS_MACHINE =
            "Builds can reach this machine's own network services and its neighbours: ";

    private final DockerEngine engine;
    private volatile @Nullable String warning;

    BuildNetwork(DockerEngine engine) {
        this.engine = engine;
    }

    /** What a person should know about the walls, after {@link #provide}; absent when they stand. */
    @Nullable
    String warning() {
        return warning;
    }

    /** Makes the network and its rules, or finds them. */
    synchronized void provide() {
        if (!exists()) {
            create();
        }
        warning = closeTheWay();
    }

    private boolean exists() {
        return engine.ask(
                "list its networks",
                () -> engine.client().listNetworksCmd().withNameFilter(NAME).exec().stream()
                        .anyMatch(each -> NAME.equals(each.getName())));
    }

    private void create() {
        var options = new HashMap<String, String>();
        options.put("com.docker.network.bridge.name", BRIDGE);
        options.put("com.docker.network.bridge.enable_icc", "false");
        var mtu = engine.onThisMachine() ? uplinkMtu() : null;
        if (mtu != null) {
            options.put("com.docker.network.driver.mtu", mtu);
        }
        try {
            engine.client()
                    .createNetworkCmd()
                    .withName(NAME)
                    .withDriver("bridge")
                    .withCheckDuplicate(true)
                    .withEnableIpv6(false)
                    .withOptions(options)
                    .withLabels(Map.of("codehaven.role", "build"))
                    .exec();
        } catch (RuntimeException e) {
            if (DockerEngine.isAway(e) || !(e instanceof DockerException) || !exists()) {
                throw new StepFailure(
                        FailureKind.DOCKER_UNAVAILABLE,
                        "The Docker engine did not make the network " + NAME + ": " + DockerEngine.reasonOf(e) + ".",
                        e);
            }
        }
    }

    /** Packets larger than the way out takes would vanish where nobody answers "too big". */
    private static @Nullable String uplinkMtu() {
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

    private @Nullable String closeTheWay() {
        if (!engine.onThisMachine()) {
            return OPEN_TO_THIS_MACHINE + "the Docker engine is on another machine, whose firewall is not ours to set.";
        }
        var iptables = HostProcess.find("iptables");
        var restore = HostProcess.find("iptables-restore");
        if (!"root".equals(System.getProperty("user.name")) || iptables.isEmpty() || restore.isEmpty()) {
            return OPEN_TO_THIS_MACHINE + "the rules that keep them away are set with iptables by root only.";
        }
        var tables = iptables.get().toString();
        try {
            if (!HostProcess.ask(ASK, null, List.of(tables, "-w", "10", "-n", "-L", "DOCKER-USER"))
                    .good()) {
                return OPEN_TO_THIS_MACHINE + "the Docker engine does not use this machine's iptables.";
            }
            var set = HostProcess.ask(
                    ASK, rules(resolvers()), List.of(restore.get().toString(), "-w", "10", "--noflush"));
            if (!set.good()) {
                return OPEN_TO_THIS_MACHINE + "iptables-restore said: " + firstLine(set.output());
            }
            for (var jump :
                    List.of(List.of("DOCKER-USER", "CODEHAVEN-BUILD-OUT"), List.of("INPUT", "CODEHAVEN-BUILD-IN"))) {
                var rule = List.of(jump.getFirst(), "-i", BRIDGE, "-j", jump.getLast());
                if (!run(tables, "-C", rule).good()) {
                    var placed = run(tables, "-I", rule);
                    if (!placed.good()) {
                        return OPEN_TO_THIS_MACHINE + "iptables said: " + firstLine(placed.output());
                    }
                }
            }
            return null;
        } catch (IOException e) {
            return OPEN_TO_THIS_MACHINE + DockerEngine.reasonOf(e) + ".";
        }
    }

    private static HostProcess.Answer run(String tables, String verb, List<String> rule) throws IOException {
        var command = new ArrayList<>(List.of(tables, "-w", "10", verb));
        command.addAll(rule);
        return HostProcess.ask(ASK, null, command);
    }

    /** Both chains at once, so that there is no moment without them. */
    private static String rules(List<String> resolvers) {
        var text = new StringBuilder("*filter\n:CODEHAVEN-BUILD-OUT - [0:0]\n:CODEHAVEN-BUILD-IN - [0:0]\n");
        for (var chain : List.of("CODEHAVEN-BUILD-OUT", "CODEHAVEN-BUILD-IN")) {
            for (var resolver : resolvers) {
                for (var protocol : List.of("udp", "tcp")) {
                    text.append("-A %s -d %s -p %s --dport 53 -j RETURN%n".formatted(chain, resolver, protocol));
                }
            }
        }
        for (var each : CLOSED) {
            text.append("-A CODEHAVEN-BUILD-OUT -d %s -j REJECT --reject-with icmp-admin-prohibited%n".formatted(each));
        }
        // Nobody's build sends mail.
        text.append("-A CODEHAVEN-BUILD-OUT -p tcp -m multiport --dports 25,465,587 -j REJECT\n");
        text.append("-A CODEHAVEN-BUILD-OUT -j RETURN\n");
        text.append("-A CODEHAVEN-BUILD-IN -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN\n");
        text.append("-A CODEHAVEN-BUILD-IN -j REJECT --reject-with icmp-admin-prohibited\n");
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
