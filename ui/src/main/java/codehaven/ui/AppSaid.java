package codehaven.ui;

import codehaven.api.apps.AppState;
import codehaven.api.apps.AppView;
import codehaven.model.App;

/**
 * How an app is, for people: shape, word, and what it means for visitors.
 *
 * @param state the word of the API, which the style goes by
 * @param icon the shape
 */
record AppSaid(String state, String icon, String word, String sentence) {

    static AppSaid of(AppView app) {
        return new AppSaid(app.state().text(), icon(app.state()), word(app.state()), sentence(app));
    }

    /** The shape of a state. */
    static String icon(AppState state) {
        return switch (state) {
            case STARTING -> "starting";
            case RUNNING -> "READY";
            case ASLEEP -> "asleep";
            case STOPPED -> "stop";
            case CRASHING -> "FAILED";
            case UNHEALTHY -> "alert";
        };
    }

    /** A state as people say it. */
    static String word(AppState state) {
        return switch (state) {
            case STARTING -> "Starting";
            case RUNNING -> "Running";
            case ASLEEP -> "Asleep";
            case STOPPED -> "Stopped";
            case CRASHING -> "Crashing";
            case UNHEALTHY -> "Not healthy";
        };
    }

    private static String sentence(AppView app) {
        var all = app.replicas();
        var answering = app.instances().stream()
                .filter(each -> each.n() <= all && each.state() == App.State.HEALTHY)
                .count();
        var some = all == 1 ? "" : " " + answering + " of " + all + " containers answer.";
        return switch (app.state()) {
            case STARTING -> all == 1 ? "Visitors wait until it answers its health check." : some.strip();
            case RUNNING -> all == 1 ? "It answers." : "All " + all + " containers answer.";
            case ASLEEP -> "The next visitor wakes it.";
            case STOPPED -> "Visitors are told so until somebody starts it.";
            case CRASHING -> "It ended by itself and is started again after a pause." + some;
            case UNHEALTHY -> "It runs, but does not answer its health check." + some;
        };
    }

    /** The shape of a container's state. */
    static String icon(App.State state) {
        return switch (state) {
            case STARTING -> "starting";
            case HEALTHY -> "READY";
            case UNHEALTHY -> "alert";
            case CRASHED -> "FAILED";
            case STOPPED -> "stop";
        };
    }

    /** A container's state as people say it. */
    static String word(App.State state) {
        return switch (state) {
            case STARTING -> "Starting";
            case HEALTHY -> "Healthy";
            case UNHEALTHY -> "Not healthy";
            case CRASHED -> "Crashed";
            case STOPPED -> "Stopped";
        };
    }
}
