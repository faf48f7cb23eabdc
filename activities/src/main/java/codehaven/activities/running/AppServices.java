package codehaven.activities.running;

import codehaven.activities.building.DockerEngine;
import codehaven.model.App;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.Statistics;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The containers of apps as services of a Swarm, one service for each container: so each has its own name, its own
 * address and its own health, as on one engine, while the Swarm chooses its host and brings back what ends. A service
 * that sleeps has no container.
 *
 * <p>What ran on this engine before it was a Swarm's is shown as of an epoch long past: it goes on until a service has
 * taken its place.
 */
final class AppServices implements AppEngine {

    private static final Logger LOGGER = LoggerFactory.getLogger(AppServices.class);
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private static final int BEFORE_ALL = -1;

    /** Of an id: containers' are longer than services'. */
    private static final int CONTAINERS = 64;

    /** The Swarm takes no change of what somebody changed since we looked. */
    private static final int TRIES = 5;

    private static final Duration LOOK_AGAIN = Duration.ofMillis(200);

    /** On top of the time that an app may take to end: the Swarm's managers and hosts tell each other. */
    private static final Duration TO_HEAR = Duration.ofSeconds(10);

    private static final long KILLED = 137;

    private final DockerEngine engine;
    private final AppContainers local;
    private final AppNetworks networks;
    private final RunningSettings settings;
    private final String installation;
    private final SwarmRole role;
    private final SwarmHosts hosts;
    private final Map<String, Ends> ends = new ConcurrentHashMap<>();

    /** Whether hosts can give as many open files as are asked for. */
    private volatile boolean openFiles = true;

    /** How often a service's containers ended by themselves: the Swarm itself remembers the last few. */
    private static final class Ends {
        private Set<String> known = Set.of();
        private int count;

        synchronized int with(Set<String> tasks) {
            var fresh = new HashSet<>(tasks);
            fresh.removeAll(known);
            count += fresh.size();
            known = tasks;
            return count;
        }
    }

    /** @param local what is done on this engine itself, and what ran there before */
    AppServices(
            DockerEngine engine,
            AppContainers local,
            AppNetworks networks,
            RunningSettings settings,
            String installation,
            SwarmRole role) {
        this.engine = engine;
        this.local = local;
        this.networks = networks;
        this.settings = settings;
        this.installation = installation;
        this.role = role;
        hosts = new SwarmHosts(engine, role);
    }

    @Override
    public List<Seen> all() {
        var words = tasks(Map.of("desired-state", List.of("running", "ready"))).stream()
                .sorted(SwarmTask.BY_AGE)
                .collect(Collectors.toMap(SwarmTask::service, SwarmTask::word, (older, newer) -> newer));
        var all = new ArrayList<Seen>();
        var services = services();
        services.forEach(each -> seen(each, words.get(each.path("ID").asText())).ifPresent(all::add));
        ends.keySet()
                .retainAll(
                        services.stream().map(each -> each.path("ID").asText()).collect(Collectors.toSet()));
        local.all().forEach(each -> all.add(former(each)));
        return all;
    }

    private List<JsonNode> services() {
        var labels =
                List.of(AppContainers.ROLE + "=" + AppContainers.APP, AppContainers.INSTALLATION + "=" + installation);
        return StreamSupport.stream(
                        engine.json().list("/services", Map.of("label", labels)).spliterator(), false)
                .toList();
    }

    private List<SwarmTask> tasks(Map<String, List<String>> filters) {
        return StreamSupport.stream(engine.json().list("/tasks", filters).spliterator(), false)
                .map(SwarmTask::of)
                .toList();
    }

    private List<SwarmTask> tasksOf(String service) {
        return tasks(Map.of("service", List.of(service))).stream()
                .sorted(SwarmTask.BY_AGE)
                .toList();
    }

    private static Optional<Seen> seen(JsonNode service, @Nullable String word) {
        var spec = service.path("Spec");
        var labels = spec.path("Labels");
        try {
            return Optional.of(new Seen(
                    service.path("ID").asText(),
                    spec.path("Name").asText(),
                    labels.path(AppContainers.DEPLOYMENT).asText(),
                    labels.path(AppContainers.PROJECT).asText(),
                    Integer.parseInt(labels.path(AppContainers.INSTANCE).asText()),
                    Integer.parseInt(labels.path(AppContainers.EPOCH).asText()),
                    labels.path(AppContainers.IMAGE).asText(),
                    null,
                    starts(service) == 0 ? "created" : word == null ? "exited" : word,
                    AppContainers.instant(service.path("CreatedAt").asText())));
        } catch (NumberFormatException e) {
            // Somebody else's idea of such a label.
            return Optional.empty();
        }
    }

    private static Seen former(Seen container) {
        return new Seen(
                container.id(),
                container.name(),
                container.deployment(),
                container.project(),
                container.n(),
                BEFORE_ALL,
                container.image(),
                container.ip(),
                container.state(),
                container.madeAt());
    }

    private static boolean isFormer(String id) {
        return id.length() == CONTAINERS;
    }

    private static int replicas(JsonNode service) {
        return service.path("Spec")
                .path("Mode")
                .path("Replicated")
                .path("Replicas")
                .asInt();
    }

    /** The Swarm gives each task a number that we count up: so it is clear which start one belongs to. */
    private static int starts(JsonNode service) {
        return service.path("Spec").path("TaskTemplate").path("ForceUpdate").asInt();
    }

    @Override
    public boolean canRun(App app) {
        return local.canRun(app);
    }

    // --- making ---

    @Override
    public void create(App app, Map<String, String> variables, int n) throws NotStarted {
        var image = local.provideImage(app.image().reference());
        var node = node(app);
        if (role.node().equals(node)) {
            local.readyVolumes(app, image);
        }
        var network = networks.ofSwarm(app.project().text());
        var form = new ServiceForm(local, app, n, variables, image, network, node, openFiles);
        try {
            engine.json().post("/services/create", form.told(), login(app));
        } catch (ConflictException e) {
            // It is there already.
            return;
        } catch (DockerException e) {
            throw new NotStarted("The Swarm does not take it: " + DockerEngine.reasonOf(e) + ".", e);
        }
    }

    /** The only host that can run it, if there is one: that has its data, or its image. */
    private @Nullable String node(App app) {
        var hasVolumes = !app.settings().app().volumes().isEmpty();
        if (!hasVolumes && app.image().reference().contains("@")) {
            return null;
        }
        LOGGER.info(
                "the app of {} runs on one host of the Swarm only: {}",
                app.deployment(),
                hasVolumes ? "its volumes are there" : "its image is in no registry");
        return hasVolumes ? nodeOfVolumes(app).orElse(role.node()) : role.node();
    }

    private Optional<String> nodeOfVolumes(App app) {
        return services().stream()
                .map(each -> each.path("Spec").path("Labels"))
                .filter(each -> each.path(AppContainers.PROJECT)
                        .asText()
                        .equals(app.project().text()))
                .map(each -> each.path(ServiceForm.NODE).asText())
                .filter(each -> !each.isEmpty())
                .findFirst();
    }

    /** For the hosts that pull the image. */
    private Map<String, String> login(App app) {
        var registry = settings.registry();
        if (registry == null || !app.image().reference().startsWith(registry.repository(""))) {
            return Map.of();
        }
        try {
            var told = JSON.writeValueAsString(registry.auth());
            return Map.of(
                    "X-Registry-Auth", Base64.getUrlEncoder().encodeToString(told.getBytes(StandardCharsets.UTF_8)));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a login is a few texts", e);
        }
    }

    // --- starting and stopping ---

    @Override
    public boolean start(App app, Seen container) throws NotStarted {
        if (isFormer(container.id())) {
            return local.start(app, container);
        }
        return scale(container.id(), 1);
    }

    /** @return whether there is such a service */
    private boolean scale(String id, int replicas) {
        for (var attempt = 1; ; attempt++) {
            try {
                var service = engine.json().get("/services/" + id);
                if (replicas(service) != replicas) {
                    scale(service, replicas);
                }
                return true;
            } catch (NotFoundException e) {
                return false;
            } catch (DockerException e) {
                if (attempt == TRIES) {
                    throw e;
                }
            }
        }
    }

    private void scale(JsonNode service, int replicas) {
        var spec = (ObjectNode) service.path("Spec");
        ((ObjectNode) spec.path("Mode").path("Replicated")).put("Replicas", replicas);
        if (replicas > 0) {
            ((ObjectNode) spec.path("TaskTemplate")).put("ForceUpdate", starts(service) + 1);
        }
        engine.json()
                .post(
                        "/services/" + service.path("ID").asText() + "/update?version="
                                + service.path("Version").path("Index").asLong(),
                        spec,
                        Map.of());
    }

    @Override
    public void stop(String id, int seconds) {
        if (isFormer(id)) {
            local.stop(id, seconds);
            return;
        }
        if (!scale(id, 0)) {
            return;
        }
        var until =
                System.nanoTime() + Duration.ofSeconds(seconds).plus(TO_HEAR).toNanos();
        try {
            while (System.nanoTime() < until && isAnyAlive(id)) {
                Thread.sleep(LOOK_AGAIN);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isAnyAlive(String service) {
        try {
            return tasksOf(service).stream().anyMatch(each -> !each.isOver());
        } catch (NotFoundException e) {
            return false;
        }
    }

    @Override
    public void restart(String id, int seconds) {
        if (isFormer(id)) {
            local.restart(id, seconds);
            return;
        }
        stop(id, seconds);
        scale(id, 1);
    }

    @Override
    public void remove(String id) {
        if (isFormer(id)) {
            local.remove(id);
            return;
        }
        try {
            engine.json().delete("/services/" + id);
        } catch (NotFoundException e) {
            // Somebody else removed it.
            return;
        }
    }

    // --- looking ---

    @Override
    public Optional<Condition> look(Seen container, int port) {
        var id = container.id();
        if (isFormer(id)) {
            return local.look(container, port);
        }
        try {
            var service = engine.json().get("/services/" + id);
            var tasks = tasksOf(id).stream()
                    .filter(each -> each.start() == starts(service))
                    .toList();
            return condition(id, service, tasks);
        } catch (NotFoundException e) {
            return Optional.empty();
        }
    }

    /** @param tasks since the last start, the oldest first */
    private Optional<Condition> condition(String id, JsonNode service, List<SwarmTask> tasks) {
        var wanted = replicas(service) > 0;
        var current = tasks.stream()
                .filter(SwarmTask::isWanted)
                .reduce((older, newer) -> newer)
                .orElse(null);
        var ended = tasks.stream()
                .filter(SwarmTask::endedByItself)
                .reduce((older, newer) -> newer)
                .orElse(null);
        var problem = current != null && current.isRunning() ? null : problem(current, ended);
        if (problem != null && problem.contains("rlimit") && ServiceForm.hasOpenFiles(service.path("Spec"))) {
            // Made anew without.
            openFiles = false;
            remove(id);
            return Optional.empty();
        }
        var running = wanted && current != null && current.isRunning();
        var exit = ended == null ? Optional.<Long>empty() : ended.exited();
        return Optional.of(new Condition(
                running,
                wanted && !running && ended != null,
                wanted && !running && ended == null,
                current == null ? "" : current.id(),
                current == null ? Instant.EPOCH : current.at(),
                exit.orElse(null),
                ended != null && exit.equals(Optional.of(KILLED)) && local.endedForMemory(ended.container()),
                ends.computeIfAbsent(id, _ -> new Ends())
                        .with(tasks.stream()
                                .filter(SwarmTask::endedByItself)
                                .map(SwarmTask::id)
                                .collect(Collectors.toSet())),
                problem,
                address(running ? current : null)));
    }

    private static @Nullable String problem(@Nullable SwarmTask current, @Nullable SwarmTask ended) {
        if (current != null
                && current.state().equals("pending")
                && !current.error().isEmpty()) {
            return "No host of the Swarm takes it now: " + line(current.error()) + ".";
        }
        return ended != null && ended.exited().isEmpty()
                ? "It could not be started: " + line(ended.error()) + "."
                : null;
    }

    private static String line(String text) {
        return DockerEngine.reasonOf(new IOException(text));
    }

    private InetSocketAddress address(@Nullable SwarmTask running) {
        return running == null || running.published() == null
                ? new InetSocketAddress(engine.machine(), 1)
                : new InetSocketAddress(hosts.address(running.node()), running.published());
    }

    private Optional<String> runningContainer(String id) {
        return isFormer(id)
                ? Optional.of(id)
                : tasksOf(id).stream()
                        .filter(each -> each.isWanted() && each.isRunning())
                        .reduce((older, newer) -> newer)
                        .map(SwarmTask::container);
    }

    @Override
    public List<Long> processes(String id) {
        return runningContainer(id).map(local::processes).orElse(List.of());
    }

    @Override
    public Optional<Statistics> figures(String id) {
        return runningContainer(id).flatMap(local::figures);
    }

    @Override
    public void output(String id, Instant since, boolean follow, ResultCallback<Frame> to) {
        if (isFormer(id)) {
            local.output(id, since, follow, to);
            return;
        }
        engine.streaming()
                .logServiceCmd(id)
                .withStdout(true)
                .withStderr(true)
                .withTimestamps(true)
                .withSince((int) since.getEpochSecond())
                .withFollow(follow)
                .exec(to);
    }

    @Override
    public int memoryMb(App app) {
        return local.memoryMb(app);
    }

    @Override
    public Set<String> projectsWithVolumes() {
        return local.projectsWithVolumes();
    }

    @Override
    public void removeVolumesBut(Collection<String> projects) {
        local.removeVolumesBut(projects);
    }
}
