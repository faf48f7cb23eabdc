package codehaven.edge;

import codehaven.model.Host;
import codehaven.model.Site;
import codehaven.state.Sites;
import codehaven.state.State;
import java.io.InputStream;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.function.LongFunction;

/**
 * What the edge asks of the rest of the platform. Each may take its time, and throws when there is no answer.
 *
 * @param changedSince the sites changed after a change number; after 0, all there are
 * @param find one site
 * @param open the bytes of a key in storage
 * @param wake has an app started that sleeps; whether it runs or is about to
 * @param used says that an app is used
 * @param listen calls back when routes may have changed
 * @param release called when the edge needs nothing more
 */
record Source(
        LongFunction<Sites.Changes> changedSince,
        Function<Host, Optional<Site>> find,
        Function<String, InputStream> open,
        BiPredicate<String, Instant> wake,
        BiConsumer<String, Instant> used,
        Function<Runnable, AutoCloseable> listen,
        AutoCloseable release) {

    static Source of(State state) {
        return new Source(
                state.sites()::changedSince,
                state.sites()::find,
                state.blobs()::open,
                (deployment, now) -> wake(state, deployment, now),
                state.apps()::used,
                state.bus()::onRoutes,
                state);
    }

    private static boolean wake(State state, String deployment, Instant now) {
        var runs = state.apps().wake(deployment, now);
        state.bus().nudgeApps();
        return runs;
    }
}
