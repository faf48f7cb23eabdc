package codehaven.activities.running;

import codehaven.activities.building.DockerEngine;
import codehaven.activities.building.Walls;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Network;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The networks of apps, one for each project: bridges whose devices have a beginning in common, so that one rule of the
 * firewall walls all of them off from this machine, its neighbours and each other. Addresses come from a pool of ours,
 * since the engine's own ends at some thirty networks.
 *
 * <p>In a Swarm a project's network is an overlay of the Swarm's own, so that projects do not see each other on any host.
 * The way out, and in by a published port, is a bridge of each host that all services there share; it has its own walls.
 */
final class AppNetworks {

    static final String PREFIX = "codehaven-app-";
    private static final String BRIDGES = "chva";

    private static final Logger LOGGER = LoggerFactory.getLogger(AppNetworks.class);

    /** The rules are looked at again so often: a firewall that is loaded anew forgets them. */
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(10);

    private static final int TRIES = 20;
    private static final String HERE = "local";
    private static final String SWARM = "swarm";

    /** Between containers that share it Docker lets nothing pass. */
    private static final Walls SWARMS_WALLS = new Walls("CODEHAVEN-SWARM", "docker_gwbridge", List.of());

    private static final Walls WALLS = new Walls("CODEHAVEN-APP", BRIDGES + "+", List.of());

    private final DockerEngine engine;
    private final AddressPool pool;
    private final String installation;
    private final boolean inSwarm;
    private long stoodAt;
    private @Nullable String warning;

    /** A project's network. */
    record Home(String name, AddressPool.Range range) {}

    /** @param inSwarm whether the engine takes part in one */
    AppNetworks(DockerEngine engine, AddressPool pool, String installation, boolean inSwarm) {
        this.inSwarm = inSwarm;
        this.engine = engine;
        this.pool = pool;
        this.installation = installation;
    }

    /** Makes the rules, or finds them, unless that was done just now. */
    synchronized void wallOff() {
        if (stoodAt != 0 && System.nanoTime() - stoodAt < LOOK_AGAIN.toNanos()) {
            return;
        }
        var problem = WALLS.stand(engine);
        if (problem == null && inSwarm) {
            problem = SWARMS_WALLS.stand(engine);
        }
        if (problem != null && !Objects.equals(problem, warning)) {
            LOGGER.warn("Apps can reach this machine's own network services and its neighbours: {}", problem);
        }
        warning = problem;
        stoodAt = System.nanoTime();
    }

    /** The project's network; made where it is missing. */
    synchronized Home of(String project) {
        for (var attempt = 1; ; attempt++) {
            var all = engine.client().listNetworksCmd().exec();
            var found = find(all, project);
            if (found.isPresent()) {
                return found.get();
            }
            try {
                create(project, all, attempt);
            } catch (DockerException e) {
                // Somebody else may have made it, or have taken these addresses, between our look and now.
                if (DockerEngine.isAway(e) || attempt == TRIES) {
                    throw e;
                }
            }
        }
    }

    /**
     * The project's network of the whole Swarm, for services; made where it is missing.
     *
     * @return its id
     */
    synchronized String ofSwarm(String project) {
        for (var attempt = 1; ; attempt++) {
            var all = engine.client().listNetworksCmd().exec();
            var found = all.stream()
                    .filter(each -> SWARM.equals(each.getScope()) && isOf(each, project))
                    .findFirst();
            if (found.isPresent()) {
                return found.get().getId();
            }
            try {
                engine.client()
                        .createNetworkCmd()
                        .withName(freeName(project, all))
                        .withDriver("overlay")
                        .withCheckDuplicate(true)
                        .withEnableIpv6(false)
                        .withAttachable(false)
                        .withLabels(labels(project))
                        .exec();
            } catch (DockerException e) {
                // Another manager's keeper may have made it.
                if (DockerEngine.isAway(e) || attempt == TRIES) {
                    throw e;
                }
            }
        }
    }

    private Optional<Home> find(List<Network> all, String project) {
        return all.stream()
                .filter(each -> HERE.equals(each.getScope()) && isOf(each, project))
                .findFirst()
                .flatMap(each -> ranges(each).stream()
                        .findFirst()
                        .map(range -> new Home(String.valueOf(each.getName()), range)));
    }

    private boolean isOf(Network network, String project) {
        return isOurs(network) && project.equals(label(network, AppContainers.PROJECT));
    }

    private boolean isOurs(Network network) {
        return installation.equals(label(network, AppContainers.INSTALLATION))
                && AppContainers.APP.equals(label(network, AppContainers.ROLE));
    }

    private static @Nullable String label(Network network, String name) {
        return network.getLabels() == null ? null : network.getLabels().get(name);
    }

    private static List<AddressPool.Range> ranges(Network network) {
        var ranges = new ArrayList<AddressPool.Range>();
        if (network.getIpam() != null && network.getIpam().getConfig() != null) {
            for (var each : network.getIpam().getConfig()) {
                if (each.getSubnet() != null) {
                    AddressPool.range(each.getSubnet()).ifPresent(ranges::add);
                }
            }
        }
        return ranges;
    }

    private void create(String project, List<Network> all, int attempt) {
        var taken = new ArrayList<>(routes());
        all.forEach(each -> taken.addAll(ranges(each)));
        var subnet = pool.free(taken);
        for (var skipped = 1; skipped < attempt && subnet.isPresent(); skipped++) {
            taken.add(AddressPool.range(subnet.get()).orElseThrow());
            subnet = pool.free(taken);
        }
        if (subnet.isEmpty()) {
            throw new DockerException("there are no addresses left for another network (CODEHAVEN_APP_NETWORKS)", 500);
        }
        create(freeName(project, all), project, subnet.get());
    }

    private String freeName(String project, List<Network> all) {
        var name = PREFIX + project;
        // Another installation on this engine may have a project of that name.
        return all.stream().anyMatch(each -> name.equals(each.getName())) ? name + "-" + installation : name;
    }

    private Map<String, String> labels(String project) {
        return Map.of(
                AppContainers.PROJECT,
                project,
                AppContainers.ROLE,
                AppContainers.APP,
                AppContainers.INSTALLATION,
                installation);
    }

    private void create(String name, String project, String subnet) {
        var range = AddressPool.range(subnet).orElseThrow();
        var options = new HashMap<String, String>();
        options.put("com.docker.network.bridge.name", BRIDGES + hash(name));
        options.put("com.docker.network.bridge.enable_icc", "false");
        var mtu = engine.onThisMachine() ? Walls.uplinkMtu() : null;
        if (mtu != null) {
            options.put("com.docker.network.driver.mtu", mtu);
        }
        engine.client()
                .createNetworkCmd()
                .withName(name)
                .withDriver("bridge")
                .withCheckDuplicate(true)
                .withEnableIpv6(false)
                .withIpam(new Network.Ipam()
                        .withDriver("default")
                        .withConfig(
                                new Network.Ipam.Config().withSubnet(subnet).withGateway(AddressPool.gateway(range))))
                .withOptions(options)
                .withLabels(labels(project))
                .exec();
    }

    /** Where this machine's packets already go elsewhere. */
    private List<AddressPool.Range> routes() {
        var routes = new ArrayList<AddressPool.Range>();
        if (!engine.onThisMachine()) {
            return routes;
        }
        try {
            for (var line : Files.readAllLines(Path.of("/proc/net/route"))) {
                var fields = line.split("\\s+", -1);
                if (fields.length > 7 && fields[1].matches("[0-9A-F]{8}") && !fields[1].equals("00000000")) {
                    var first = Integer.toUnsignedLong(Integer.reverseBytes(Integer.parseUnsignedInt(fields[1], 16)));
                    var mask = Integer.reverseBytes(Integer.parseUnsignedInt(fields[7], 16));
                    routes.add(new AddressPool.Range(first, first + Integer.toUnsignedLong(~mask)));
                }
            }
        } catch (IOException e) {
            LOGGER.debug("this machine's routes cannot be read", e);
        }
        return routes;
    }

    /** Removes the networks of projects that have no app any more; one that is in use stays. */
    synchronized void removeAllBut(java.util.Set<String> projects) {
        for (var each : engine.client().listNetworksCmd().exec()) {
            var project = label(each, AppContainers.PROJECT);
            if (isOurs(each) && project != null && !projects.contains(project)) {
                try {
                    engine.client().removeNetworkCmd(each.getId()).exec();
                    LOGGER.info("removed the network {}: its project has no app any more", each.getName());
                } catch (NotFoundException | ConflictException e) {
                    LOGGER.debug("{} is gone, or still in use", each.getName(), e);
                } catch (DockerException e) {
                    if (DockerEngine.isAway(e)) {
                        throw e;
                    }
                    LOGGER.debug("{} is still in use", each.getName(), e);
                }
            }
        }
    }

    private static String hash(String text) {
        try {
            var digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest).substring(0, 10);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
