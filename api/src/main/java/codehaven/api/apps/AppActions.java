package codehaven.api.apps;

import codehaven.api.problems.Problem;
import codehaven.model.App;
import codehaven.model.App.Wanted;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Kind;
import codehaven.state.State;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.springframework.stereotype.Component;

/**
 * What people do with a running app. Only what is wanted is written; whoever runs containers makes it true, and a
 * repetition changes nothing.
 */
@Component
public final class AppActions {

    private final State state;

    AppActions(State state) {
        this.state = state;
    }

    /** What can be asked for. */
    public enum Action {
        START,
        STOP,
        RESTART,
        WAKE
    }

    /**
     * @throws Problem 409 if the deployment has no app, or the state of its app forbids it
     */
    public AppView perform(Deployment deployment, Action action) {
        return perform(deployment, action, of(deployment).epoch(), false);
    }

    /**
     * @param epoch of the app when it was first asked for: a restart after that was this one
     * @param repeated whether the same request was made before: then what is as it is wanted is no conflict
     * @throws Problem 409 if the deployment has no app, or the state of its app forbids it
     */
    public AppView perform(Deployment deployment, Action action, int epoch, boolean repeated) {
        var app = of(deployment);
        if (!repeated) {
            check(app, action);
        }
        var id = app.deployment();
        switch (action) {
            case START -> state.apps().want(id, Wanted.RUNNING, now());
            case STOP -> state.apps().want(id, Wanted.STOPPED, now());
            case WAKE -> state.apps().wake(id, now());
            case RESTART -> {
                if (app.epoch() <= epoch) {
                    state.apps().restart(id);
                }
            }
        }
        state.bus().nudgeApps();
        return view(deployment);
    }

    /**
     * Wants another number of containers, of this deployment alone.
     *
     * @throws Problem 409 if the deployment has no app
     */
    public AppView replicas(Deployment deployment, int replicas) {
        state.apps().replicas(of(deployment).deployment(), replicas);
        state.bus().nudgeApps();
        return view(deployment);
    }

    /**
     * The app of a deployment, for what needs one.
     *
     * @throws Problem 409 with the reason if it has none
     */
    public App of(Deployment deployment) {
        if (deployment.status() != DeploymentStatus.READY) {
            throw Problem.conflict("The deployment " + deployment.id() + " is " + deployment.status()
                    + "; only a READY one has an app to run.");
        }
        if (deployment.kind() != Kind.DYNAMIC) {
            throw Problem.conflict("The deployment " + deployment.id()
                    + " is static: its files are served as they are, and there is no app to run.");
        }
        return state.apps().find(deployment.id()).orElseThrow(() -> gone(deployment));
    }

    static Problem gone(Deployment deployment) {
        return Problem.conflict("The image of the deployment " + deployment.id()
                + " is no longer kept. Redeploy it to build it again.");
    }

    private static void check(App app, Action action) {
        var refusal = switch (action) {
            case START ->
                app.wanted() == Wanted.RUNNING
                        ? "The app is started already. Restart it to have its containers replaced."
                        : null;
            case STOP -> app.wanted() == Wanted.STOPPED ? "The app is stopped already." : null;
            case RESTART ->
                switch (app.wanted()) {
                    case RUNNING -> null;
                    case ASLEEP -> "The app is asleep. Wake it: it begins anew then.";
                    case STOPPED -> "The app is stopped. Start it: it begins anew then.";
                };
            case WAKE ->
                switch (app.wanted()) {
                    case ASLEEP -> null;
                    case RUNNING -> "The app is awake.";
                    case STOPPED -> "The app was stopped by a person, so it does not wake. Start it.";
                };
        };
        if (refusal != null) {
            throw Problem.conflict(refusal);
        }
    }

    private AppView view(Deployment deployment) {
        return state.apps()
                .find(deployment.id())
                .map(app -> AppView.of(app, null))
                .orElseThrow(() -> gone(deployment));
    }

    private static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }
}
