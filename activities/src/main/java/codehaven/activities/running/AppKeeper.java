package codehaven.activities.running;

import codehaven.activities.Settings;
import codehaven.activities.building.DockerEngine;
import codehaven.activities.running.AppEngine.Seen;
import codehaven.model.App;
import codehaven.model.App.Instance;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Site;
import codehaven.model.Slug;
import codehaven.state.BackendUnavailable;
import codehaven.state.State;
import codehaven.state.StatusBus;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Event;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes true what is wanted of apps, on one Docker engine: looks when somebody wants an app otherwise, when something
 * happens to a container, and every second. Everything that it does may be done again, by it or by another one; what
 * runs goes on without it. Where the engine is a Swarm's manager, the apps are services of the Swarm, and one keeper of
 * all managers' looks after them; where it is a Swarm's worker, the keeper only walls off its host.
 */
public final class AppKeeper implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(AppKeeper.class);

    private static final Duration LOOK = Duration.ofSeconds(1);

    /** A keeper that is silent for so long is gone, and another worker beside the same engine takes its place. */
    private static final Duration LEASE = Duration.ofSeconds(8);

    private static final Duration SWEEP = Duration.ofMinutes(1);

    /** An engine may enter or leave a Swarm at any time. */
    private static final Duration ASK_AGAIN = Duration.ofSeconds(20);

    private static final Duration END = Duration.ofSeconds(5);

    private final State state;
    private final DockerEngine engine;
    private final RunningSettings settings;
    private final String holder;
    private final ExecutorService threads = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("apps-", 0).factory());
    private final Semaphore signals = new Semaphore(0);
    private final Map<String, Tending> tendings = new ConcurrentHashMap<>();
    private final Thread thread;
    private @Nullable Figures figures;
    private StatusBus.@Nullable Listening listening;

    /** Deployments that are known to have gone live. */
    private final Set<String> ready = new HashSet<>();

    private @Nullable Host host;
    private @Nullable SwarmRole toldOf;
    private boolean keeping;
    private long askedAt;
    private long keptAt;
    private long sweptAt;
    private @Nullable Events events;
    private volatile boolean closed;

    /**
     * What belongs to the engine that is there now.
     *
     * @param role absent outside of a Swarm
     * @param workshop absent where others decide what runs
     */
    private record Host(
            String engine,
            @Nullable SwarmRole role,
            AppNetworks networks,
            @Nullable Workshop workshop) {

        boolean isOf(String otherEngine, @Nullable SwarmRole otherRole) {
            return engine.equals(otherEngine) && Objects.equals(role, otherRole);
        }
    }

    /**
     * What works on apps.
     *
     * @param engineId of the engine, or of the Swarm that it manages
     * @param engine the engine's own, which it may have been known by before
     */
    private record Workshop(String engineId, String engine, AppNetworks networks, AppEngine containers) {
        boolean has(Instance instance) {
            return instance.engine().equals(engineId) || instance.engine().equals(engine);
        }
    }

    private AppKeeper(State state, Settings told, RunningSettings settings) {
        this.state = state;
        this.settings = settings;
        engine = DockerEngine.open(told);
        holder = machine() + ":" + told.data().toAbsolutePath().normalize();
        thread = Thread.ofPlatform().daemon().name("keeper of apps").unstarted(this::run);
    }

    /**
     * Starts to look; neither the engine nor the database need be there yet.
     *
     * @param told its directory is what tells this process from others beside the same engine
     */
    public static AppKeeper start(State state, Settings told, RunningSettings settings) {
        var keeper = new AppKeeper(state, told, settings);
        keeper.figures = new Figures(state.appFigures(), keeper.threads);
        keeper.listening = state.bus().onApps(keeper::wake);
        keeper.thread.start();
        return keeper;
    }

    private static String machine() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }

    private void wake() {
        signals.release();
    }

    private void run() {
        try {
            while (!closed) {
                try {
                    look();
                } catch (BackendUnavailable e) {
                    LOGGER.debug("apps wait for the database", e);
                } catch (RuntimeException e) {
                    if (closed || DockerEngine.isAway(e)) {
                        LOGGER.debug("apps wait for the Docker engine", e);
                    } else {
                        LOGGER.warn("apps could not be looked at; tried again in a second", e);
                    }
                    // The engine that comes back may be another one.
                    askedAt = 0;
                }
                if (signals.tryAcquire(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
                    signals.drainPermits();
                }
            }
        } catch (InterruptedException e) {
            // Closed.
            return;
        }
    }

    private void look() {
        var here = workshop();
        if (here == null || !keep(here.engineId())) {
            letGo();
            return;
        }
        listen();
        here.networks().wallOff();
        var apps = state.apps().all().stream().collect(Collectors.toMap(App::deployment, each -> each));
        var containers = here.containers().all().stream().collect(Collectors.groupingBy(Seen::deployment));
        for (var app : apps.values()) {
            if (isOurs(here, app, containers.containsKey(app.deployment()))) {
                tending(here, app.deployment()).turn(app, containers.getOrDefault(app.deployment(), List.of()));
                sleepWhenDue(app);
                endWithItsDeployment(app);
            }
        }
        containers.forEach((deployment, those) -> {
            if (!apps.containsKey(deployment)) {
                tending(here, deployment).turn(null, those);
            }
        });
        tendings.forEach((deployment, tending) -> {
            if (!apps.containsKey(deployment) && !containers.containsKey(deployment)) {
                if (tending.isOver()) {
                    end(deployment, tending);
                } else {
                    tending.turn(null, List.of());
                }
            }
        });
        ready.retainAll(apps.keySet());
        measure(here);
        sweep(here, apps, containers);
    }

    private @Nullable Workshop workshop() {
        var here = host();
        if (here.role() != null) {
            // Any host of a Swarm may be told to run an app.
            here.networks().wallOff();
        }
        return here.workshop();
    }

    private Host host() {
        if (host != null && askedAt != 0 && System.nanoTime() - askedAt < ASK_AGAIN.toNanos()) {
            return host;
        }
        var info = engine.json().get("/info");
        askedAt = System.nanoTime();
        var id = info.path("ID").asText();
        var role = SwarmRole.of(info).orElse(null);
        if (host == null || !host.isOf(id, role)) {
            letGo();
            keeping = false;
            host = host(id, role);
        }
        return host;
    }

    private Host host(String id, @Nullable SwarmRole role) {
        if (!Objects.equals(role, toldOf)) {
            LOGGER.info(
                    "the Docker engine is {}",
                    role == null ? "in no Swarm any more: apps run as its own containers" : role.described());
            toldOf = role;
        }
        var mark = state.keepers().installation();
        var networks = new AppNetworks(engine, new AddressPool(settings.networks()), mark, role != null);
        var containers = new AppContainers(engine, networks, settings, mark);
        if (role == null) {
            return new Host(id, null, networks, new Workshop(id, id, networks, containers));
        }
        if (!role.isManager()) {
            return new Host(id, role, networks, null);
        }
        var services = new AppServices(engine, containers, networks, settings, mark, role);
        return new Host(id, role, networks, new Workshop("swarm-" + role.cluster(), id, networks, services));
    }

    private boolean keep(String engineId) {
        if (keeping && System.nanoTime() - keptAt < LEASE.dividedBy(4).toNanos()) {
            return true;
        }
        keeping = state.keepers().keep(engineId, holder, LEASE);
        keptAt = System.nanoTime();
        return keeping;
    }

    private void letGo() {
        tendings.values().forEach(Tending::close);
        tendings.clear();
        if (events != null) {
            events.end();
            events = null;
        }
    }

    /** Whether the app's containers are this engine's to run; whoever has one runs all. */
    private boolean isOurs(Workshop here, App app, boolean hasContainers) {
        if (!app.instances().isEmpty()) {
            return app.instances().values().stream().anyMatch(here::has);
        }
        if (hasContainers) {
            return true;
        }
        return app.wanted() == App.Wanted.RUNNING
                && here.containers().canRun(app)
                && state.apps()
                        .claim(
                                app.deployment(),
                                new Instance(
                                        1,
                                        AppContainers.name(app.deployment(), 1, app.epoch()),
                                        here.engineId(),
                                        null,
                                        App.State.STARTING,
                                        Instant.now().truncatedTo(ChronoUnit.MILLIS),
                                        0,
                                        null));
    }

    private Tending tending(Workshop here, String deployment) {
        return tendings.computeIfAbsent(
                deployment,
                _ -> new Tending(
                        new Tending.Workplace(state, engine, here.containers(), here.engineId(), threads, this::wake),
                        deployment));
    }

    private void sleepWhenDue(App app) {
        var now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        if (app.wanted() == App.Wanted.RUNNING
                && app.usedAt().plusSeconds(5).isBefore(now)
                && SleepRule.isDue(app, state.sites().ofDeployment(app.deployment()), now)
                && state.apps().sleep(app, now)) {
            LOGGER.info("the app of {} sleeps: nobody asked for it since {}", app.deployment(), app.usedAt());
            state.bus().nudgeApps();
        }
    }

    /** The app is no more; what it printed goes with its deployment. */
    private void end(String deployment, Tending tending) {
        tending.close();
        tendings.remove(deployment);
        if (state.deployments().find(deployment).isEmpty()) {
            state.runtimeLogs().delete(deployment);
            state.appFigures().delete(deployment);
        }
    }

    /** A deployment that ended without going live leaves no app running: whoever ended it may not have been able to. */
    private void endWithItsDeployment(App app) {
        if (app.wanted() != App.Wanted.RUNNING || ready.contains(app.deployment())) {
            return;
        }
        var status = state.deployments().find(app.deployment()).map(Deployment::status);
        if (status.isEmpty() || !status.get().isFinal()) {
            return;
        }
        if (status.get() == DeploymentStatus.READY) {
            ready.add(app.deployment());
            return;
        }
        var shown = state.sites().ofDeployment(app.deployment()).stream()
                .anyMatch(each -> each.role() != Site.Role.DEPLOYMENT);
        if (shown) {
            return;
        }
        if (status.get() == DeploymentStatus.CANCELED) {
            state.apps().delete(app.deployment());
        } else {
            state.apps()
                    .want(app.deployment(), App.Wanted.STOPPED, Instant.now().truncatedTo(ChronoUnit.MILLIS));
        }
        state.bus().nudgeApps();
    }

    private void measure(Workshop here) {
        if (figures != null && figures.isDue()) {
            var running = new HashMap<String, Map<Integer, String>>();
            tendings.forEach((deployment, tending) -> running.put(deployment, tending.running()));
            figures.take(here.containers(), running);
        }
    }

    /** Networks of projects without apps, and the volumes of projects that are no more. */
    private void sweep(Workshop here, Map<String, App> apps, Map<String, List<Seen>> containers) {
        if (sweptAt != 0 && System.nanoTime() - sweptAt < SWEEP.toNanos()) {
            return;
        }
        sweptAt = System.nanoTime();
        var used = new HashSet<String>();
        apps.values().forEach(each -> used.add(each.project().text()));
        containers.values().forEach(those -> those.forEach(each -> used.add(each.project())));
        here.networks().removeAllBut(used);
        for (var project : here.containers().projectsWithVolumes()) {
            var there = Slug.of(project).flatMap(state.projects()::find).isPresent();
            if (there) {
                used.add(project);
            }
        }
        here.containers().removeVolumesBut(used);
    }

    // --- what happens on the engine ---

    private void listen() {
        if (events != null && !events.isOver()) {
            return;
        }
        tendings.values().forEach(Tending::heardNothing);
        events = new Events();
        engine.streaming()
                .eventsCmd()
                .withEventTypeFilter("container")
                .withLabelFilter(AppContainers.ROLE + "=" + AppContainers.APP)
                .exec(events);
    }

    private final class Events extends ResultCallback.Adapter<Event> {
        private volatile boolean over;

        @Override
        public void onNext(Event event) {
            var actor = event.getActor();
            if (actor == null || event.getAction() == null || actor.getAttributes() == null) {
                return;
            }
            switch (event.getAction()) {
                case "die", "oom", "start", "destroy" -> {
                    var deployment = actor.getAttributes().get(AppContainers.DEPLOYMENT);
                    var tending = deployment == null ? null : tendings.get(deployment);
                    if (tending != null) {
                        tending.heard(
                                actor.getAttributes()
                                        .getOrDefault(AppContainers.SERVICE, String.valueOf(actor.getId())),
                                event.getAction(),
                                actor.getAttributes().get("exitCode"));
                        wake();
                    }
                }
                default -> {
                    // Nothing that changes how an app is.
                }
            }
        }

        @Override
        public void onError(Throwable thrown) {
            LOGGER.debug("the engine's events broke off", thrown);
            end();
        }

        @Override
        public void onComplete() {
            over = true;
            super.onComplete();
        }

        boolean isOver() {
            return over;
        }

        void end() {
            over = true;
            try {
                close();
            } catch (IOException e) {
                LOGGER.debug("the connection for events does not close", e);
            }
        }
    }

    /** Lets go of the apps, which go on, and of the engine. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (listening != null) {
            listening.close();
        }
        thread.interrupt();
        try {
            if (!thread.join(END)) {
                LOGGER.warn("the keeper of apps does not end");
            }
            letGo();
            threads.shutdownNow();
            if (!threads.awaitTermination(END.toMillis(), TimeUnit.MILLISECONDS)) {
                LOGGER.debug("something of an app is still being done; the next keeper finds it");
            }
            if (host != null && host.workshop() != null && keeping) {
                state.keepers().leave(host.workshop().engineId(), holder);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (BackendUnavailable e) {
            LOGGER.debug("the engine is another keeper's when the lease is over", e);
        }
        engine.close();
    }
}
