package codehaven.activities.running;

import codehaven.model.App;
import com.fasterxml.jackson.databind.JsonNode;
import com.github.dockerjava.api.command.InspectImageResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * What a Swarm is told of a service for one of an app's containers, in the engine's JSON. It says what
 * {@link AppContainers} says of a container, as far as Swarm has words for it.
 *
 * @param network the id of the project's
 * @param node the only one that may run it; absent for any
 * @param openFiles whether hosts can give as many open files as are asked for
 */
record ServiceForm(
        AppContainers own,
        App app,
        int n,
        Map<String, String> variables,
        InspectImageResponse image,
        String network,
        @Nullable String node,
        boolean openFiles) {

    /** The node that a service is bound to. */
    static final String NODE = "codehaven.node";

    /** Swarm knows no growing pause; this one keeps an app that ends at once from busying its host. */
    private static final Duration PAUSE = Duration.ofSeconds(2);

    private static final int OPEN_TO_ALL = 01777;
    private static final String FILES = "nofile";

    /** With no container yet: making is not starting. */
    Map<String, Object> told() {
        return Map.of(
                "Name", AppContainers.name(app.deployment(), n, app.epoch()),
                "Labels", labels(),
                "TaskTemplate", task(),
                "Mode", Map.of("Replicated", Map.of("Replicas", 0)),
                "EndpointSpec", endpoint());
    }

    /** Whether a service asks for a number of open files. */
    static boolean hasOpenFiles(JsonNode told) {
        var limits = told.path("TaskTemplate").path("ContainerSpec").path("Ulimits");
        return StreamSupport.stream(limits.spliterator(), false)
                .anyMatch(each -> each.path("Name").asText().equals(FILES));
    }

    private Map<String, String> labels() {
        var labels = new HashMap<>(own.labels(app, n));
        if (node != null) {
            labels.put(NODE, node);
        }
        return labels;
    }

    private Map<String, Object> task() {
        return Map.of(
                "ContainerSpec", container(),
                "Resources", Map.of("Limits", limits()),
                "RestartPolicy", Map.of("Condition", "any", "Delay", PAUSE.toNanos()),
                "Placement", Map.of("Constraints", node == null ? List.of() : List.of("node.id==" + node)),
                "Networks", List.of(Map.of("Target", network)),
                "LogDriver", Map.of("Name", "json-file", "Options", Map.of("max-size", "10m", "max-file", "3")));
    }

    private Map<String, Object> limits() {
        return Map.of(
                "MemoryBytes",
                own.memoryMb(app) * AppContainers.MIB,
                "NanoCPUs",
                own.nanoCpus(app),
                "Pids",
                AppContainers.PIDS);
    }

    private Map<String, Object> container() {
        var told = new HashMap<String, Object>();
        told.put("Image", app.image().reference());
        told.put("Labels", own.labels(app, n));
        told.put("Hostname", "app-" + n);
        told.put(
                "Env",
                AppContainers.environment(app, variables, image).stream()
                        .map(ServiceForm::literally)
                        .toList());
        told.put("Init", true);
        told.put("ReadOnly", !Boolean.TRUE.equals(app.settings().app().writable()));
        told.put("Mounts", mounts());
        told.put("StopSignal", AppContainers.stopSignal(app, image));
        told.put(
                "StopGracePeriod",
                Duration.ofSeconds(AppContainers.stopSeconds(app)).toNanos());
        told.put("CapabilityDrop", List.of("ALL"));
        if (AppContainers.isRoot(AppContainers.user(image))) {
            told.put(
                    "CapabilityAdd",
                    Arrays.stream(AppContainers.OF_ROOT)
                            .map(each -> "CAP_" + each.name())
                            .toList());
        }
        told.put("Ulimits", ulimits());
        // Engines since 25 obey, older ones pass over it.
        told.put("Privileges", Map.of("NoNewPrivileges", true));
        return told;
    }

    private List<Map<String, Object>> ulimits() {
        var all = new ArrayList<Map<String, Object>>();
        all.add(Map.of("Name", "core", "Soft", 0, "Hard", 0));
        if (openFiles) {
            all.add(Map.of("Name", FILES, "Soft", AppContainers.OPEN_FILES, "Hard", AppContainers.OPEN_FILES));
        }
        return all;
    }

    private List<Map<String, Object>> mounts() {
        var all = new ArrayList<Map<String, Object>>();
        all.add(Map.of(
                "Type",
                "tmpfs",
                "Target",
                "/tmp",
                "TmpfsOptions",
                Map.of("SizeBytes", own.tmpBytes(app), "Mode", OPEN_TO_ALL)));
        for (var each : app.settings().app().volumes()) {
            all.add(Map.of("Type", "volume", "Source", AppContainers.volume(app, each), "Target", each.path()));
        }
        return all;
    }

    /** A port of the node itself: each container is asked by itself, and no request passes Swarm's mesh. */
    private Map<String, Object> endpoint() {
        return Map.of(
                "Mode",
                "dnsrr",
                "Ports",
                List.of(Map.of("Protocol", "tcp", "TargetPort", app.image().port(), "PublishMode", "host")));
    }

    /** Swarm takes what is in double braces for its own; a variable's value is nobody's but the app's. */
    private static String literally(String text) {
        return text.replace("{{", "{{\"{{\"}}");
    }
}
