package codehaven.api.apps;

import codehaven.api.problems.Problem;
import codehaven.model.App;
import codehaven.model.App.Instance;
import codehaven.model.App.State;
import codehaven.model.App.Wanted;
import codehaven.model.BuildSettings.HealthCheck;
import codehaven.model.Deployment;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.springframework.stereotype.Component;

/** Has an app run before visitors are sent to it. */
@Component
public final class AppReadiness {

    /** How long an app may take to be up, where its project does not say. */
    static final Duration START_PERIOD = Duration.ofSeconds(60);

    /** On top of that: for the container to be made, and the last check to be reported. */
    private static final Duration GRACE = Duration.ofSeconds(10);

    /** Nudges shorten it. */
    private static final long LOOK_MILLIS = 500;

    /**
     * An app that was to stop may be stopping just now, although nobody has seen it yet: it has to be seen so much
     * longer.
     */
    private static final Duration SETTLED = Duration.ofSeconds(1);

    private final codehaven.state.State state;

    AppReadiness(codehaven.state.State state) {
        this.state = state;
    }

    /**
     * Returns at once if all wanted containers answer; otherwise wants them to run and waits for it, up to the start
     * period and some seconds. An app that does not come up is wanted as it was before.
     *
     * @return the app as it was when all of its containers answered
     * @throws Problem 409 if it has no app any more, or one that fails, with its reason; 504 if it is not up in time
     */
    public App await(Deployment deployment) {
        var id = deployment.id();
        var before = state.apps().find(id).orElseThrow(() -> AppActions.gone(deployment));
        state.apps().want(id, Wanted.RUNNING, now());
        var settled =
                before.wanted() == Wanted.RUNNING ? Instant.MIN : Instant.now().plus(SETTLED);
        if (settled.equals(Instant.MIN) && AppState.of(before) == AppState.RUNNING) {
            return before;
        }
        var nudged = new Semaphore(0);
        try (var _ = state.bus().onApps(nudged::release)) {
            state.bus().nudgeApps();
            var deadline = Instant.now().plus(patience(before));
            while (true) {
                var app = state.apps().find(id).orElseThrow(() -> AppActions.gone(deployment));
                if (AppState.of(app) == AppState.RUNNING && Instant.now().isAfter(settled)) {
                    return app;
                }
                if (Instant.now().isAfter(deadline)) {
                    giveUp(before);
                    throw late(app);
                }
                if (app.wanted() != Wanted.RUNNING) {
                    throw Problem.conflict("The app was stopped by somebody else meanwhile.");
                }
                wait(nudged);
            }
        }
    }

    private static void wait(Semaphore nudged) {
        try {
            var _ = nudged.tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            nudged.drainPermits();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Problem.unavailable("The server is about to stop. Nothing was changed; try again.");
        }
    }

    private void giveUp(App before) {
        if (before.wanted() != Wanted.RUNNING) {
            state.apps().want(before.deployment(), before.wanted(), now());
            state.bus().nudgeApps();
        }
    }

    private static Problem late(App app) {
        var answering = AppState.answering(app);
        var seconds = patience(app).toSeconds();
        var untouched = " What production shows is untouched.";
        var worst = app.instances().values().stream()
                .filter(each -> each.n() <= app.replicas())
                .filter(each -> each.state() == State.CRASHED || each.state() == State.UNHEALTHY)
                .min(Comparator.comparing(Instance::state).reversed());
        if (worst.isPresent()) {
            return Problem.conflict(
                    "The app did not come up within " + seconds + " s: " + reason(worst.get()) + untouched);
        }
        var seen = app.instances().isEmpty()
                ? "no worker with a Docker engine has started it."
                : answering + " of " + app.replicas() + " containers answer.";
        return Problem.gatewayTimeout("The app was not up within " + seconds + " s: " + seen + untouched);
    }

    private static String reason(Instance instance) {
        var known = Optional.ofNullable(instance.reason()).map(String::strip).filter(each -> !each.isEmpty());
        var sentence = known.orElse(
                instance.state() == State.CRASHED ? "it ended by itself" : "it does not answer its health check");
        return sentence.endsWith(".") ? sentence : sentence + ".";
    }

    private static Duration patience(App app) {
        return Optional.ofNullable(app.settings().healthCheck())
                .map(HealthCheck::startPeriodSeconds)
                .map(Duration::ofSeconds)
                .orElse(START_PERIOD)
                .plus(GRACE);
    }

    private static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }
}
