package codehaven.activities.running;

import codehaven.activities.Masks;
import codehaven.activities.SecretValues;
import codehaven.activities.building.DockerEngine;
import codehaven.activities.running.AppEngine.Condition;
import codehaven.activities.running.AppEngine.NotStarted;
import codehaven.activities.running.AppEngine.Seen;
import codehaven.model.App;
import codehaven.model.App.Instance;
import codehaven.model.Target;
import codehaven.state.BackendUnavailable;
import codehaven.state.RuntimeLogs;
import codehaven.state.State;
import codehaven.state.Variables.Variable;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after the containers of one app: each turn compares how it is wanted with what is there, does what is missing,
 * and says how it is. A turn may break off anywhere: the next one goes on from what it finds.
 */
final class Tending implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(Tending.class);

    /** Events tell of what happens; this is for those that got lost. */
    private static final Duration LOOK = Duration.ofSeconds(10);

    /** Edges learn within this time that an address is no longer to be asked. */
    private static final Duration HEAR = Duration.ofSeconds(1);

    private static final Duration LAST_OUTPUT = Duration.ofSeconds(5);

    private final Workplace at;
    private final String deployment;
    private final Map<String, Kept> kept = new ConcurrentHashMap<>();
    private final Map<Integer, Trouble> troubles = new HashMap<>();
    private final AtomicBoolean busy = new AtomicBoolean();
    /** Whether somebody called while a turn was being taken. */
    private final AtomicBoolean missed = new AtomicBoolean();

    private volatile boolean closed;

    /** What all of them work with. */
    record Workplace(
            State state, DockerEngine engine, AppEngine containers, String engineId, Executor threads, Runnable wake) {}

    /** Of one number: its container cannot be made or started. */
    private static final class Trouble {
        private static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);

        int failures;
        Instant again = Instant.EPOCH;
        String why = "";

        /** Pauses 1, 2, 4 … 60 seconds. */
        void failed(String reason) {
            failures++;
            why = reason;
            var pause = Duration.ofSeconds(1L << Math.min(failures - 1, 10));
            again = Instant.now().plus(pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause);
        }
    }

    Tending(Workplace at, String deployment) {
        this.at = at;
        this.deployment = deployment;
    }

    /** Takes a turn on another thread, unless one is being taken. */
    void turn(@Nullable App app, List<Seen> seen) {
        if (!busy.compareAndSet(false, true)) {
            missed.set(true);
            return;
        }
        at.threads().execute(() -> {
            try {
                if (!closed) {
                    take(app, seen);
                }
            } catch (BackendUnavailable e) {
                LOGGER.debug("the app of {} waits for the database", deployment, e);
            } catch (RuntimeException e) {
                if (DockerEngine.isAway(e)) {
                    LOGGER.debug("the app of {} waits for the Docker engine", deployment, e);
                } else {
                    LOGGER.warn("a turn of the app of {} failed; the next one goes on", deployment, e);
                }
            } finally {
                busy.set(false);
                if (missed.getAndSet(false)) {
                    at.wake().run();
                }
            }
        });
    }

    /** Whether nothing is left to look after. */
    boolean isOver() {
        return kept.isEmpty() && !busy.get();
    }

    /**
     * Something happened to a container.
     *
     * @param exit what it ended with, if it did
     */
    void heard(String container, String what, @Nullable String exit) {
        var each = kept.get(container);
        if (each != null) {
            each.outOfMemory |= what.equals("oom");
            each.exit = exit == null ? each.exit : exit;
            each.dirty = true;
        }
    }

    /** Nobody knows what happened meanwhile. */
    void heardNothing() {
        kept.values().forEach(each -> each.dirty = true);
    }

    /** The containers that run, by number. */
    Map<Integer, String> running() {
        var running = new TreeMap<Integer, String>();
        kept.values().forEach(each -> {
            var condition = each.condition;
            if (condition != null && condition.running() && !each.leaving) {
                running.put(each.seen().n(), each.seen().id());
            }
        });
        return running;
    }

    private void take(@Nullable App app, List<Seen> seen) {
        var now = seen.stream().collect(Collectors.toMap(Seen::id, each -> each, (one, other) -> one));
        kept.entrySet().removeIf(entry -> {
            if (now.containsKey(entry.getKey()) || entry.getValue().leaving) {
                return false;
            }
            entry.getValue().close();
            return true;
        });
        now.forEach((id, each) -> kept.computeIfAbsent(id, _ -> new Kept(each)).see(each));
        if (app == null) {
            kept.values().forEach(each -> leave(each, AppContainers.STOP_SECONDS, true, null));
            return;
        }
        for (var each : kept.values()) {
            if (!each.leaving && each.isUnclear(LOOK)) {
                look(app, each);
            }
        }
        switch (app.wanted()) {
            case RUNNING -> run(app);
            case ASLEEP -> rest(app, app.wantedAt().plus(SleepRule.KEPT).isBefore(Instant.now()), "It sleeps now.");
            case STOPPED -> rest(app, true, "Stopped.");
        }
    }

    // --- looking ---

    private void look(App app, Kept each) {
        each.dirty = false;
        var before = each.condition;
        var found = at.containers().look(each.seen(), app.image().port());
        each.looked(found.orElse(null));
        if (found.isEmpty()) {
            each.dirty = true;
            return;
        }
        var now = found.get();
        var more = before != null && now.restarts() > before.restarts();
        if (app.wanted() == App.Wanted.RUNNING
                && (more || (now.restarting() && (before == null || before.running())))) {
            each.fault = reason(app, each, now);
            each.outOfMemory = false;
            say(each.seen().n(), each.fault + " It is started again.");
        }
        if (now.coming() && now.problem() != null && !now.problem().equals(each.fault)) {
            each.fault = now.problem();
            say(each.seen().n(), each.fault);
        }
        if (!now.running()) {
            each.forgetHealth();
        } else if (each.health == null || before == null || !before.run().equals(now.run())) {
            begin(app, each, now);
        }
    }

    private String reason(App app, Kept each, Condition now) {
        if (now.outOfMemory() || each.outOfMemory) {
            return "It was killed at its memory limit of " + at.containers().memoryMb(app) + " MiB.";
        }
        if (now.problem() != null) {
            return now.problem();
        }
        var exit = now.exit() == null ? each.exit : Long.toString(now.exit());
        if (exit == null) {
            return "It ended by itself.";
        }
        return exit.equals("137") ? "It was killed (exit code 137)." : "It ended with exit code " + exit + ".";
    }

    /** A process runs that was not looked after yet. */
    private void begin(App app, Kept each, Condition now) {
        each.forgetHealth();
        var seen = each.seen();
        var address = now.address();
        var known = app.instances().get(Integer.toString(seen.n()));
        var wasHealthy = known != null
                && known.state() == App.State.HEALTHY
                && seen.name().equals(known.container())
                && text(address).equals(known.address())
                && !now.started().isAfter(known.since());
        var variables = at.state().apps().variables(deployment);
        each.health = new HealthWatch(
                seen.name(),
                new HealthWatch.Question(address, path(app), host(variables), startPeriod(app)),
                now.started(),
                wasHealthy,
                () -> at.engine().onThisMachine()
                        ? ListeningPorts.of(at.containers().processes(seen.id()))
                                .comparedWith(app.image().port())
                        : "",
                at.wake());
        if (each.feed == null) {
            each.feed = new RuntimeFeed(
                    at.containers(), at.state(), deployment, seen.n(), seen.id(), masks(app, variables));
        } else {
            each.feed.poke();
        }
    }

    private Masks masks(App app, Map<String, String> variables) {
        var sensitive = at.state().variables().list(app.project()).stream()
                .filter(Variable::sensitive)
                .map(Variable::key)
                .collect(Collectors.toSet());
        return new Masks(SecretValues.of(variables, sensitive));
    }

    private static String text(InetSocketAddress address) {
        return address.getHostString() + ":" + address.getPort();
    }

    private static @Nullable String path(App app) {
        var check = app.settings().healthCheck();
        return check == null ? null : check.path();
    }

    private static Duration startPeriod(App app) {
        var check = app.settings().healthCheck();
        return check == null || check.startPeriodSeconds() == null
                ? HealthWatch.START_PERIOD
                : Duration.ofSeconds(check.startPeriodSeconds());
    }

    private static String host(Map<String, String> variables) {
        try {
            var authority =
                    URI.create(variables.getOrDefault("CODEHAVEN_URL", "")).getAuthority();
            return authority == null ? "localhost" : authority;
        } catch (IllegalArgumentException e) {
            return "localhost";
        }
    }

    // --- doing ---

    private void run(App app) {
        var told = new TreeMap<Integer, Instance>();
        var ready = true;
        for (var n = 1; n <= app.replicas(); n++) {
            var current = current(app, n);
            var older = older(app, n);
            // One after the other: of a restart nobody is to notice anything.
            if (current == null && (ready || older.isEmpty())) {
                create(app, n);
            } else if (current != null) {
                start(app, current);
            }
            var healthy = current != null && isHealthy(current);
            if (healthy) {
                troubles.remove(n);
                older.forEach(each -> leave(each, AppContainers.stopSeconds(app), true, "Replaced."));
            }
            ready &= healthy && older.isEmpty();
            var serving = older.stream().filter(Tending::isHealthy).findFirst();
            var shown = healthy || serving.isEmpty() ? current : serving.get();
            told.put(n, shown == null ? absent(app, n) : instance(shown));
        }
        for (var each : kept.values()) {
            if (each.seen().n() > app.replicas()) {
                leave(each, AppContainers.stopSeconds(app), true, "No longer wanted.");
            }
        }
        report(app, told);
        reach(addresses(told));
    }

    private @Nullable Kept current(App app, int n) {
        return kept.values().stream()
                .filter(each -> each.seen().n() == n && each.seen().isOf(app))
                .findFirst()
                .orElse(null);
    }

    private List<Kept> older(App app, int n) {
        return kept.values().stream()
                .filter(each -> each.seen().n() == n && !each.seen().isOf(app) && !each.leaving)
                .sorted(Comparator.comparingInt((Kept each) -> each.seen().epoch())
                        .reversed())
                .toList();
    }

    private static boolean isHealthy(Kept each) {
        return !each.leaving && each.health != null && each.health.state() == App.State.HEALTHY;
    }

    private void create(App app, int n) {
        var trouble = troubles.get(n);
        if (trouble != null && trouble.again.isAfter(Instant.now())) {
            return;
        }
        var name = AppContainers.name(deployment, n, app.epoch());
        // Of another image with the same name: there cannot be two.
        kept.values().stream()
                .filter(each -> each.seen().name().equals(name) && each.seen().epoch() == app.epoch())
                .forEach(each -> leave(each, AppContainers.stopSeconds(app), true, "Replaced."));
        try {
            at.containers().create(app, at.state().apps().variables(deployment), n);
            at.wake().run();
        } catch (NotStarted e) {
            failed(n, e);
        }
    }

    private void start(App app, Kept each) {
        var n = each.seen().n();
        var condition = each.condition;
        if (each.leaving || condition == null || condition.restarting() || condition.coming()) {
            return;
        }
        if (condition.running()) {
            if (each.health != null && each.health.isLost()) {
                restart(app, each);
            }
            return;
        }
        var trouble = troubles.get(n);
        if (trouble != null && trouble.again.isAfter(Instant.now())) {
            return;
        }
        try {
            if (at.containers().start(app, each.seen())) {
                say(n, each.seen().state().equals("created") ? "Started." : "Started again.");
            }
            each.dirty = true;
            at.wake().run();
        } catch (NotStarted e) {
            failed(n, e);
            // What keeps it from starting may be its network or its address: it is made anew, and loses nothing.
            at.containers().remove(each.seen().id());
        }
    }

    private void failed(int n, NotStarted e) {
        LOGGER.debug("{}-{} is not started", deployment, n, e);
        var trouble = troubles.computeIfAbsent(n, _ -> new Trouble());
        trouble.failed(String.valueOf(e.getMessage()));
        say(n, trouble.why);
    }

    /** It runs, but is not healthy and does not become so. */
    private void restart(App app, Kept each) {
        each.leaving = true;
        each.lost++;
        each.fault = each.health == null ? null : each.health.reason();
        each.forgetHealth();
        say(each.seen().n(), (each.fault == null ? "" : each.fault + " ") + "It is started again.");
        at.threads()
                .execute(() -> ending(each, () -> {
                    at.containers().restart(each.seen().id(), AppContainers.stopSeconds(app));
                }));
    }

    private void rest(App app, boolean remove, String sentence) {
        troubles.clear();
        reach(List.of());
        for (var each : kept.values()) {
            var condition = each.condition;
            if (remove || (condition != null && condition.isUp())) {
                leave(each, AppContainers.stopSeconds(app), remove, sentence);
            }
        }
        var told = new TreeMap<Integer, Instance>();
        for (var each : app.instances().values()) {
            told.put(
                    each.n(),
                    new Instance(
                            each.n(),
                            each.container(),
                            at.engineId(),
                            null,
                            App.State.STOPPED,
                            each.since(),
                            each.restarts(),
                            null));
        }
        report(app, told);
    }

    /** Stops it, on a thread of its own, once nobody is sent to it any more. */
    private void leave(Kept each, int seconds, boolean remove, @Nullable String sentence) {
        if (each.leaving) {
            return;
        }
        each.leaving = true;
        each.forgetHealth();
        var ran = each.condition != null && each.condition.isUp();
        at.threads()
                .execute(() -> ending(each, () -> {
                    if (ran) {
                        Thread.sleep(HEAR);
                    }
                    at.containers().stop(each.seen().id(), seconds);
                    var feed = each.feed;
                    if (feed != null) {
                        feed.finish(LAST_OUTPUT);
                        each.feed = null;
                    }
                    if (ran && sentence != null) {
                        say(each.seen().n(), sentence);
                    }
                    if (remove) {
                        at.containers().remove(each.seen().id());
                    }
                }));
    }

    private interface End {
        void run() throws InterruptedException;
    }

    private void ending(Kept each, End end) {
        try {
            end.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOGGER.debug(
                    "{} does not end yet; the next turn tries again",
                    each.seen().name(),
                    e);
        } finally {
            each.looked(null);
            each.dirty = true;
            each.leaving = false;
            at.wake().run();
        }
    }

    // --- telling ---

    private Instance absent(App app, int n) {
        var trouble = troubles.get(n);
        return new Instance(
                n,
                AppContainers.name(deployment, n, app.epoch()),
                at.engineId(),
                null,
                trouble == null ? App.State.STARTING : App.State.CRASHED,
                Instant.now(),
                trouble == null ? 0 : trouble.failures,
                trouble == null ? null : trouble.why);
    }

    private Instance instance(Kept each) {
        var n = each.seen().n();
        var condition = each.condition;
        var trouble = troubles.get(n);
        var restarts =
                (condition == null ? 0 : condition.restarts()) + each.lost + (trouble == null ? 0 : trouble.failures);
        var state = App.State.STARTING;
        var reason = each.fault;
        String address = null;
        if (each.leaving || condition == null) {
            reason = each.fault;
        } else if (condition.restarting()) {
            state = App.State.CRASHED;
        } else if (!condition.running()) {
            if (trouble != null) {
                state = App.State.CRASHED;
                reason = trouble.why;
            }
        } else if (each.health != null) {
            state = each.health.state();
            address = text(condition.address());
            reason = switch (state) {
                case HEALTHY -> null;
                case UNHEALTHY -> each.health.reason();
                case STARTING, CRASHED, STOPPED -> each.fault;
            };
        }
        return new Instance(n, each.seen().name(), at.engineId(), address, state, Instant.now(), restarts, reason);
    }

    private void report(App app, Map<Integer, Instance> told) {
        var changed = false;
        for (var each : told.values()) {
            var known = app.instances().get(Integer.toString(each.n()));
            if (known != null && same(known, each)) {
                continue;
            }
            var since = known != null && known.state() == each.state() && known.restarts() == each.restarts()
                    ? known.since()
                    : Instant.now().truncatedTo(ChronoUnit.MILLIS);
            at.state()
                    .apps()
                    .report(
                            deployment,
                            new Instance(
                                    each.n(),
                                    each.container(),
                                    each.engine(),
                                    each.address(),
                                    each.state(),
                                    since,
                                    each.restarts(),
                                    each.reason()));
            changed = true;
        }
        for (var known : app.instances().values()) {
            if (!told.containsKey(known.n())) {
                at.state().apps().removed(deployment, known.n());
                changed = true;
            }
        }
        if (changed) {
            at.state().bus().nudgeApps();
        }
    }

    private static boolean same(Instance one, Instance other) {
        return one.container().equals(other.container())
                && one.engine().equals(other.engine())
                && Objects.equals(one.address(), other.address())
                && one.state() == other.state()
                && one.restarts() == other.restarts()
                && Objects.equals(one.reason(), other.reason());
    }

    /** Of the healthy ones; where there is none, of those that were so before: better a slow answer than none. */
    private List<String> addresses(Map<Integer, Instance> told) {
        var healthy = told.values().stream()
                .filter(each -> each.state() == App.State.HEALTHY)
                .flatMap(each -> Optional.ofNullable(each.address()).stream())
                .sorted()
                .toList();
        if (!healthy.isEmpty()) {
            return healthy;
        }
        return told.values().stream()
                .filter(each -> each.state() == App.State.UNHEALTHY && wasHealthy(each))
                .flatMap(each -> Optional.ofNullable(each.address()).stream())
                .sorted()
                .toList();
    }

    private boolean wasHealthy(Instance instance) {
        return kept.values().stream()
                .filter(each -> each.seen().name().equals(instance.container()))
                .anyMatch(each -> each.health != null && each.health.wasHealthy());
    }

    /** Hosts may also have been pointed here by somebody who knew other addresses. */
    private void reach(List<String> addresses) {
        var behind = at.state().sites().ofDeployment(deployment).stream()
                .anyMatch(each -> each.target() instanceof Target.Container container
                        && !container.addresses().equals(addresses));
        if (behind && at.state().sites().reach(deployment, addresses)) {
            at.state().bus().nudgeRoutes();
        }
    }

    private void say(int n, String sentence) {
        try {
            at.state()
                    .runtimeLogs()
                    .append(
                            deployment,
                            List.of(new RuntimeLogs.Line(
                                    0, Instant.now().truncatedTo(ChronoUnit.MILLIS), n, "system", sentence)));
            at.state().bus().nudgeRuntimeLog(deployment);
        } catch (BackendUnavailable e) {
            LOGGER.info("{}-{}: {}", deployment, n, sentence, e);
        }
    }

    /** Lets go of the containers, which go on. */
    @Override
    public void close() {
        closed = true;
        kept.values().forEach(Kept::close);
        kept.clear();
    }
}
