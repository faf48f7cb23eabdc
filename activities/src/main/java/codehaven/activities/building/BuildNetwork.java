package codehaven.activities.building;

import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import com.github.dockerjava.api.exception.DockerException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The network of build containers: a bridge of its own from which the package registries can be reached, but neither
 * this machine nor its neighbours nor other builds. The engine cannot wall off its own machine, so the firewall's rules
 * are ours; where they cannot be set, {@link #warning} says so.
 */
final class BuildNetwork {

    static final String NAME = "codehaven-build";
    static final String BRIDGE = "chbuild0";

    private static final String OPEN_TO_THIS_MACHINE =
            "Builds can reach this machine's own network services and its neighbours: ";

    /** Nobody's build sends mail. */
    private static final Walls WALLS = new Walls("CODEHAVEN-BUILD", BRIDGE, List.of(25, 465, 587));

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
        var problem = WALLS.stand(engine);
        warning = problem == null ? null : OPEN_TO_THIS_MACHINE + problem;
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
        var mtu = engine.onThisMachine() ? Walls.uplinkMtu() : null;
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
}
