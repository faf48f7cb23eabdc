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
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The networks of apps, one for each project: bridges whose devices have a beginning in common, so that one rule of the
 * firewall walls all of them off from this machine, its neighbours and each other. Addresses come from a pool of ours,
 * since the engine's own ends at some thirty networks.
 *
 * <p>In a Swarm a project has one network as well, which is such a bridge on each host: what it is like there, the
 * host's own keeper says by a configuration that the engine takes when a service's first container comes. So an app never
 * runs on a host whose keeper has not been there to wall it off.
 */
final class AppNetworks {

    static final String PREFIX = "codehaven-app-";
    private static final String CONFIGURATIONS = "codehaven-bridge-";
    private static final String BRIDGES = "chva";
    private static final String HERE = "local";
    private static final String SWARM = "swarm";

    private static final Logger LOGGER = LoggerFactory.getLogger(AppNetworks.class);

    /** The rules are looked at again so often: a firewall that is loaded anew forgets them. */
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(10);

    private static final int TRIES = 20;
    private static final Walls WALLS = new Walls("CODEHAVEN-APP", BRIDGES + "+", List.of());

    private final DockerEngine engine;
    private final AddressPool pool;
    private final String installation;
    private long stoodAt;
    private @Nullable String warning;
    private Set<String> configured = Set.of();
    private long configuredAt;

    /** How a project's network is there: as a bridge, or as what Swarm is to make one from. */
    private enum Form {
        BRIDGE(PREFIX),
        CONFIGURATION(CONFIGURATIONS);

        private final String prefix;

        Form(String prefix) {
            this.prefix = prefix;
        }
    }

    /** A project's network. */
    record Home(String name, AddressPool.Range range) {}

    AppNetworks(DockerEngine engine, AddressPool pool, String installation) {
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
        if (problem != null && !Objects.equals(problem, warning)) {
            LOGGER.warn("Apps can reach this machine's own network services and its neighbours: {}", problem);
        }
        warning = problem;
        stoodAt = System.nanoTime();
    }

    /** The project's network; made where it is missing. */
    synchronized Home of(String project) {
        return provide(project, Form.BRIDGE);
    }

    /** Says what the networks of these projects are like on this host of a Swarm, where that is not said yet. */
    synchronized void configure(Set<String> projects) {
        if (configured.containsAll(projects) && System.nanoTime() - configuredAt < LOOK_AGAIN.toNanos()) {
            return;
        }
        var all = engine.client().listNetworksCmd().exec();
        for (var each : projects) {
            if (find(all, each, Form.CONFIGURATION).isEmpty()) {
                provide(each, Form.CONFIGURATION);
            }
        }
        configured = Set.copyOf(projects);
        configuredAt = System.nanoTime();
    }

    /**
     * The project's network of the whole Swarm, for services; made where it is missing.
     *
     * @return its id
     */
    synchronized String ofSwarm(String project) {
        configure(union(configured, project));
        for (var attempt = 1; ; attempt++) {
            var found = ofSwarm().entrySet().stream()
                    .filter(each -> each.getValue().equals(project))
                    .findFirst();
            if (found.isPresent()) {
                return found.get().getKey();
            }
            try {
                // It may have no labels of its own.
                engine.json()
                        .post(
                                "/networks/create",
                                Map.of(
                                        "Name",
                                        freeName(project, engine.client().listNetworksCmd().exec()),
                                        "Driver",
                                        "bridge",
                                        "Scope",
                                        SWARM,
                                        "CheckDuplicate",
                                        true,
                                        "ConfigFrom",
                                        Map.of("Network", configuration(project))),
                                Map.of());
            } catch (DockerException e) {
                if (attempt == 2) {
                    throw e;
                }
            }
        }
    }

    /** The projects of the Swarm's networks that are ours, by the networks' ids: those made from configurations of ours. */
    private Map<String, String> ofSwarm() {
        var ours = new HashMap<String, String>();
        for (var each : engine.json().get("/networks")) {
            var from = each.path("ConfigFrom").path("Network").asText();
            if (SWARM.equals(each.path("Scope").asText()) && from.startsWith(configuration(""))) {
                ours.put(each.path("Id").asText(), from.substring(configuration("").length()));
            }
        }
        return ours;
    }

    private static Set<String> union(Set<String> some, String other) {
        var all = new HashSet<>(some);
        all.add(other);
        return all;
    }

    private Home provide(String project, Form form) {
        for (var attempt = 1; ; attempt++) {
            var all = engine.client().listNetworksCmd().exec();
            var found = find(all, project, form);
            if (found.isPresent()) {
                return found.get();
            }
            try {
                create(project, all, attempt, form);
            } catch (DockerException e) {
                // Somebody else may have made it, or have taken these addresses, between our look and now.
                if (DockerEngine.isAway(e) || attempt == TRIES) {
                    throw e;
                }
            }
        }
    }

    private Optional<Home> find(List<Network> all, String project, Form form) {
        return all.stream()
                .filter(each -> HERE.equals(each.getScope())
                        && String.valueOf(each.getName()).startsWith(form.prefix)
                        && isOf(each, project))
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

    private void create(String project, List<Network> all, int attempt, Form form) {
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
        switch (form) {
            case BRIDGE -> createBridge(freeName(project, all), project, subnet.get());
            case CONFIGURATION -> createConfiguration(configuration(project), project, subnet.get());
        }
    }

    private String freeName(String project, List<Network> all) {
        var name = PREFIX + project;
        // Another installation on this engine may have a project of that name.
        return all.stream().anyMatch(each -> name.equals(each.getName())) ? name + "-" + installation : name;
    }

    /** The same on every host, and no other installation's. */
    private String configuration(String project) {
        return CONFIGURATIONS + installation + "-" + project;
    }

    private void createBridge(String name, String project, String subnet) {
        engine.client()
                .createNetworkCmd()
                .withName(name)
                .withDriver("bridge")
                .withCheckDuplicate(true)
                .withEnableIpv6(false)
                .withIpam(new Network.Ipam()
                        .withDriver("default")
                        .withConfig(
                                new Network.Ipam.Config().withSubnet(subnet).withGateway(gateway(subnet))))
                .withOptions(options(name))
                .withLabels(labels(project))
                .exec();
    }

    private void createConfiguration(String name, String project, String subnet) {
        engine.json()
                .post(
                        "/networks/create",
                        Map.of(
                                "Name",
                                name,
                                "ConfigOnly",
                                true,
                                "CheckDuplicate",
                                true,
                                "IPAM",
                                Map.of("Driver", "default", "Config", List.of(Map.of("Subnet", subnet, "Gateway", gateway(subnet)))),
                                "Options",
                                options(name),
                                "Labels",
                                labels(project)),
                        Map.of());
    }

    private static String gateway(String subnet) {
        return AddressPool.gateway(AddressPool.range(subnet).orElseThrow());
    }

    private Map<String, String> options(String name) {
        var options = new HashMap<String, String>();
        options.put("com.docker.network.bridge.name", BRIDGES + hash(name));
        options.put("com.docker.network.bridge.enable_icc", "false");
        var mtu = engine.onThisMachine() ? Walls.uplinkMtu() : null;
        if (mtu != null) {
            options.put("com.docker.network.driver.mtu", mtu);
        }
        return options;
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
    synchronized void removeAllBut(Set<String> projects) {
        configured = Set.of();
        ofSwarm().forEach((id, project) -> {
            if (!projects.contains(project)) {
                remove(id, project);
            }
        });
        for (var each : engine.client().listNetworksCmd().exec()) {
            var project = label(each, AppContainers.PROJECT);
            if (HERE.equals(each.getScope()) && isOurs(each) && project != null && !projects.contains(project)) {
                remove(each.getId(), String.valueOf(each.getName()));
            }
        }
    }

    private void remove(String id, String name) {
        try {
            engine.client().removeNetworkCmd(id).exec();
            LOGGER.info("removed the network {}: its project has no app any more", name);
        } catch (NotFoundException | ConflictException e) {
            LOGGER.debug("{} is gone, or still in use", name, e);
        } catch (DockerException e) {
            if (DockerEngine.isAway(e)) {
                throw e;
            }
            LOGGER.debug("{} is still in use", name, e);
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
