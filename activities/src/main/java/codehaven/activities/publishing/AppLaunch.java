package codehaven.activities.publishing;

import codehaven.activities.SecretValues;
import codehaven.activities.StepScope;
import codehaven.model.App;
import codehaven.model.App.Instance;
import codehaven.model.AppImage;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.Failure;
import codehaven.model.FailureKind;
import codehaven.model.Host;
import codehaven.model.Site;
import codehaven.state.RuntimeLogs;
import codehaven.state.State;
import codehaven.state.Variables.Variable;
import codehaven.workflows.DeploymentRequest;
import codehaven.workflows.StepFailure;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has an app's containers started, waits until they are healthy, and watches them while they are new. The containers
 * themselves are a keeper's; here is only asked for them and looked how they are, so that all of it may be done again.
 */
final class AppLaunch {

    /** A keeper looks every second; one whose worker is being restarted is back within this time. */
    private static final Duration NOBODY = Duration.ofSeconds(30);

    /**
     * What dies of its first visitors, or of a connection that it makes late, does so within seconds; whoever waits for
     * the deployment waits for this too.
     */
    static final Duration PROBATION = Duration.ofSeconds(10);

    /** Above all else: pulling a large image, then the longest start period that anybody would choose. */
    private static final Duration LONGEST = Duration.ofMinutes(25);

    /** An app that ended twice by itself does so again. */
    private static final int CRASHES = 2;

    private static final Duration LOOK = Duration.ofMillis(500);
    private static final Duration SIGN_OF_USE = Duration.ofSeconds(5);
    private static final Duration LAST_OUTPUT = Duration.ofSeconds(2);
    private static final int LAST_LINES = 10;

    /** What programs, and SQLite in its own words, say where they may not write. */
    private static final Pattern WRITES = Pattern.compile(
            "(?i)\\bEROFS\\b|read-only file system|unable to open database file|attempt to write a readonly database"
                    + "|\\bSQLITE_(?:CANTOPEN|READONLY)");

    private static final Logger LOGGER = LoggerFactory.getLogger(AppLaunch.class);

    private final State state;
    private final DeploymentRequest request;
    private final StepScope scope;

    AppLaunch(State state, DeploymentRequest request, StepScope scope) {
        this.state = state;
        this.request = request;
        this.scope = scope;
    }

    /**
     * Wants the app to run and waits until all of its containers are healthy.
     *
     * @param url the deployment's own address
     * @return where it answers
     * @throws StepFailure if it does not come up; then it is no longer wanted
     */
    List<String> start(AppImage image, ClonedTree tree, String url) throws InterruptedException {
        var variables = variables(tree, url);
        var sensitive = state.variables().list(request.project()).stream()
                .filter(Variable::sensitive)
                .map(Variable::key)
                .collect(Collectors.toSet());
        scope.log().mask(SecretValues.of(variables, sensitive));
        var there = state.apps().find(request.deployment());
        if (there.isEmpty()
                || there.get().wanted() != App.Wanted.RUNNING
                || !there.get().image().reference().equals(image.reference())
                || !there.get().settings().equals(request.settings())) {
            var replicas = request.settings().app().replicas();
            var now = now();
            state.apps()
                    .put(
                            new App(
                                    request.deployment(),
                                    request.project(),
                                    request.environment(),
                                    image,
                                    request.settings(),
                                    App.Wanted.RUNNING,
                                    replicas == null ? 1 : replicas,
                                    0,
                                    now,
                                    now,
                                    Map.of()),
                            variables);
            scope.log().say("Starting the app on port " + image.port() + ".");
        }
        state.bus().nudgeApps();
        var healthy = await();
        scope.log()
                .say(
                        healthy.size() == 1
                                ? "The app is healthy."
                                : "All " + healthy.size() + " replicas of the app are healthy.");
        return healthy;
    }

    private Map<String, String> variables(ClonedTree tree, String url) {
        var all = new LinkedHashMap<>(state.variables().resolve(request.project(), request.environment()));
        all.put("CODEHAVEN_ENV", request.environment().text());
        all.put("CODEHAVEN_URL", url);
        all.put("CODEHAVEN_DEPLOYMENT_ID", request.deployment());
        all.put("CODEHAVEN_GIT_COMMIT_SHA", tree.commit().sha().text());
        all.put("CODEHAVEN_GIT_BRANCH", tree.branch() == null ? "" : tree.branch());
        all.put("CODEHAVEN_GIT_REPOSITORY", request.source().repository());
        return all;
    }

    private List<String> await() throws InterruptedException {
        var begun = System.nanoTime();
        var usedAt = begun;
        var changes = new Semaphore(0);
        try (var _ = state.bus().onApps(changes::release)) {
            while (true) {
                scope.check();
                var app = app();
                var healthy = healthy(app);
                if (healthy.size() == app.replicas()) {
                    return healthy;
                }
                var broken = broken(app);
                if (broken.isPresent()) {
                    throw failed(
                            broken.get().n(),
                            "The app does not come up: " + reason(broken.get()),
                            broken.get().reason());
                }
                var waited = Duration.ofNanos(System.nanoTime() - begun);
                if (app.instances().isEmpty() && waited.compareTo(NOBODY) > 0) {
                    throw new StepFailure(
                            FailureKind.DOCKER_UNAVAILABLE,
                            "No worker with a Docker engine that has the image took the app up within "
                                    + NOBODY.toSeconds() + " s.");
                }
                if (waited.compareTo(LONGEST) > 0) {
                    throw failed(1, "The app was not healthy within " + LONGEST.toMinutes() + " minutes.", null);
                }
                if (System.nanoTime() - usedAt > SIGN_OF_USE.toNanos()) {
                    usedAt = System.nanoTime();
                    state.apps().used(request.deployment(), now());
                }
                if (changes.tryAcquire(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
                    changes.drainPermits();
                }
            }
        } catch (InterruptedException e) {
            scope.check();
            throw e;
        }
    }

    private App app() {
        return state.apps()
                .find(request.deployment())
                .orElseThrow(
                        () -> new StepFailure(FailureKind.UNEXPECTED, "The app was deleted while it was waited for."));
    }

    private static List<String> healthy(App app) {
        var addresses = new ArrayList<String>();
        for (var n = 1; n <= app.replicas(); n++) {
            var each = app.instances().get(Integer.toString(n));
            if (each != null && each.state() == App.State.HEALTHY && each.address() != null) {
                addresses.add(each.address());
            }
        }
        return addresses.stream().sorted().toList();
    }

    /** What was seen before the app was wanted this time says nothing. */
    private static Optional<Instance> broken(App app) {
        return app.instances().values().stream()
                .filter(each -> !each.since().isBefore(app.wantedAt()))
                .filter(each -> switch (each.state()) {
                    case UNHEALTHY -> true;
                    case CRASHED, STARTING -> each.restarts() >= CRASHES;
                    case HEALTHY, STOPPED -> false;
                })
                .findFirst();
    }

    private static String reason(Instance instance) {
        return instance.reason() == null
                ? "it ended " + instance.restarts() + " times by itself."
                : Character.toLowerCase(instance.reason().charAt(0))
                        + instance.reason().substring(1);
    }

    /**
     * Watches the app while it is new, whether or not the deployment is cancelled: it is live.
     *
     * @param hosts that show it now, and that are given back to what they showed before if it dies
     * @throws StepFailure if it died; then it is no longer wanted
     */
    void watch(Collection<Host> hosts) {
        var restarts = new HashMap<Integer, Integer>();
        app().instances().values().forEach(each -> restarts.put(each.n(), each.restarts()));
        var begun = System.nanoTime();
        var until = begun + PROBATION.toNanos();
        var changes = new Semaphore(0);
        try (var _ = state.bus().onApps(changes::release)) {
            while (System.nanoTime() < until) {
                if (scope.handingOver()) {
                    scope.check();
                }
                for (var each : app().instances().values()) {
                    var died = each.restarts() > restarts.getOrDefault(each.n(), 0)
                            || each.state() == App.State.CRASHED
                            || each.state() == App.State.UNHEALTHY;
                    if (died) {
                        throw diedLive(each, Duration.ofNanos(System.nanoTime() - begun), hosts);
                    }
                }
                try {
                    if (changes.tryAcquire(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
                        changes.drainPermits();
                    }
                } catch (InterruptedException e) {
                    LOGGER.debug("{} was asked to stop: handed over, or too late", request.deployment(), e);
                }
            }
        }
    }

    private StepFailure diedLive(Instance instance, Duration after, Collection<Host> hosts) {
        var message = new StringBuilder(
                "The app died " + Math.max(1, after.toSeconds()) + " s after it went live: " + reason(instance));
        for (var each : giveBack(hosts)) {
            message.append(' ')
                    .append(each.host())
                    .append(" shows ")
                    .append(each.deployment())
                    .append(" again.");
        }
        return failed(instance.n(), message.toString(), instance.reason());
    }

    /** Has hosts that still show this deployment show what they showed before. */
    List<Site> giveBack(Collection<Host> hosts) {
        var given = new ArrayList<Site>();
        for (var host : hosts) {
            state.sites()
                    .giveBack(host, request.deployment(), request.generation())
                    .ifPresent(site -> {
                        given.add(site);
                        state.apps().wake(site.deployment(), now());
                        state.apps()
                                .find(site.deployment())
                                .ifPresent(app -> state.sites().reach(app.deployment(), app.addresses()));
                        scope.log().say(Level.warn, site.host() + " shows " + site.deployment() + " again.");
                    });
        }
        if (!given.isEmpty()) {
            state.bus().nudgeRoutes();
            state.bus().nudgeApps();
        }
        return given;
    }

    /** It is stopped, and its last lines are in the deployment's log. */
    private StepFailure failed(int instance, String message, @Nullable String reason) {
        var tail = tail(instance);
        state.apps().want(request.deployment(), App.Wanted.STOPPED, now());
        state.bus().nudgeApps();
        Failure.Lines lines = null;
        if (!tail.isEmpty()) {
            scope.log().say("The app's last lines:");
            scope.log().flush();
            var before = scope.log().lastLine();
            for (var each : tail) {
                var bytes = (each.text() + "\n").getBytes(StandardCharsets.UTF_8);
                scope.log().output(each.stream().equals("stderr") ? "stderr" : "stdout", bytes, 0, bytes.length);
            }
            scope.log().flush();
            var after = scope.log().lastLine();
            lines = after > before ? new Failure.Lines(before + 1, after) : null;
        }
        var printed = tail.stream().map(RuntimeLogs.Line::text).collect(Collectors.joining("\n"));
        return new StepFailure(
                FailureKind.HEALTH_CHECK_FAILED,
                message,
                hint(reason == null ? "" : reason, printed),
                lines,
                null,
                null);
    }

    /** What it printed last comes a moment after it ended. */
    private List<RuntimeLogs.Line> tail(int instance) {
        var until = System.nanoTime() + LAST_OUTPUT.toNanos();
        while (true) {
            var printed = state.runtimeLogs().tail(request.deployment(), 20 * LAST_LINES).stream()
                    .filter(each ->
                            each.instance() == instance && !each.stream().equals("system"))
                    .toList();
            if (System.nanoTime() > until || (printed.size() >= LAST_LINES && System.nanoTime() > until - 1e9)) {
                return printed.subList(Math.max(0, printed.size() - LAST_LINES), printed.size());
            }
            try {
                Thread.sleep(100);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return printed.subList(Math.max(0, printed.size() - LAST_LINES), printed.size());
            }
        }
    }

    static String hint(String reason, String printed) {
        if (reason.contains("memory limit")) {
            return "Raise the project's limits.memoryMb, or make the app use less memory, then retry.";
        }
        if (WRITES.matcher(printed).find()) {
            return "The app writes where it may not: set the project's app.writable to true, or have it write to /tmp"
                    + " or a volume.";
        }
        if (reason.contains("exit code 127")) {
            return "The start command names a program that is not there: add it to the dependencies, or set the project's"
                    + " startCommand.";
        }
        if (reason.contains("exit code 0.")) {
            return "The app ended without waiting for requests. One that only exports what answers them has to start a"
                    + " server: have it listen on the port that PORT tells it.";
        }
        if (reason.contains("127.0.0.1")) {
            return "Have the app listen on 0.0.0.0, as HOST tells it, then deploy again.";
        }
        if (reason.contains("that PORT tells it")) {
            return "Have the app listen on the port that PORT tells it, or set the project's app.port to the port that"
                    + " it listens on.";
        }
        return FailureKind.HEALTH_CHECK_FAILED.hint();
    }

    private static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }
}
