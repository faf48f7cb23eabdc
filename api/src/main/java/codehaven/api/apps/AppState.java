package codehaven.api.apps;

import codehaven.model.App;
import codehaven.model.App.Instance;
import codehaven.model.App.State;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** How an app is as a whole, in one word. */
public enum AppState {
    /** Not all of the containers that are wanted answer yet. */
    STARTING,
    /** All of the containers that are wanted answer. */
    RUNNING,
    /** Stopped for want of visitors; the next one wakes it. */
    ASLEEP,
    /** Stopped by a person. */
    STOPPED,
    /** A container ended by itself and is started again after a pause. */
    CRASHING,
    /** A container runs, but does not answer its health check any more. */
    UNHEALTHY;

    @JsonValue
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static AppState of(App app) {
        return switch (app.wanted()) {
            case STOPPED -> STOPPED;
            case ASLEEP -> ASLEEP;
            case RUNNING -> {
                if (answering(app) >= app.replicas()) {
                    yield RUNNING;
                }
                yield has(app, State.CRASHED) ? CRASHING : has(app, State.UNHEALTHY) ? UNHEALTHY : STARTING;
            }
        };
    }

    /** How many of the wanted containers answer. */
    public static int answering(App app) {
        return (int) app.instances().values().stream()
                .filter(each -> isWanted(app, each) && each.state() == State.HEALTHY)
                .count();
    }

    private static boolean has(App app, State state) {
        return app.instances().values().stream().anyMatch(each -> isWanted(app, each) && each.state() == state);
    }

    private static boolean isWanted(App app, Instance instance) {
        return instance.n() <= app.replicas();
    }
}
