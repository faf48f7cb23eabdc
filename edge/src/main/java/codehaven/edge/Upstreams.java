package codehaven.edge;

import codehaven.model.Target;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** All addresses of apps, and the connections to them: each event loop has its own, so that no request changes threads. */
final class Upstreams {

    /** To one address at once: far below the number of ports that one machine can call another from. */
    private static final int CONNECTIONS = 8_192;

    private final Class<? extends Channel> transport;
    private final EdgeSettings.AppTimes times;
    private final ConcurrentHashMap<String, AppAddress> addresses = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<EventLoop, UpstreamPool> pools = new ConcurrentHashMap<>();
    private volatile Set<String> routed = Set.of();

    Upstreams(Class<? extends Channel> transport, EdgeSettings.AppTimes times) {
        this.transport = transport;
        this.times = times;
    }

    UpstreamPool pool(EventLoop loop) {
        var pool = pools.get(loop);
        return pool != null
                ? pool
                : pools.computeIfAbsent(loop, it -> new UpstreamPool(it, transport, times, this::isRouted));
    }

    private boolean isRouted(AppAddress address) {
        return routed.contains(address.text());
    }

    /**
     * The address with the fewest outstanding requests; any of these, if several have as many. One that is set aside
     * only if there is no other.
     *
     * @param tried not to be chosen
     * @return null if none is left
     */
    @Nullable
    AppAddress choose(List<String> among, Collection<AppAddress> tried) {
        AppAddress best = null;
        var bestAside = true;
        var size = among.size();
        var start = size < 2 ? 0 : ThreadLocalRandom.current().nextInt(size);
        for (var i = 0; i < size; i++) {
            var address = addresses.computeIfAbsent(among.get((start + i) % size), AppAddress::new);
            if (address.outstanding() >= CONNECTIONS || tried.contains(address)) {
                continue;
            }
            var aside = address.isAside();
            if (best == null
                    || (bestAside && !aside)
                    || (bestAside == aside && address.outstanding() < best.outstanding())) {
                best = address;
                bestAside = aside;
            }
        }
        return best;
    }

    /** Lets go of idle connections to addresses that no route leads to any more. */
    void retain(RouteTable table) {
        var now = new HashSet<String>();
        for (var route : table.routes().values()) {
            if (route.target() instanceof Target.Container app) {
                now.addAll(app.addresses());
            }
        }
        routed = now;
        addresses.values().removeIf(each -> !now.contains(each.text()) && each.outstanding() == 0);
        pools.forEach((loop, pool) -> {
            try {
                loop.execute(pool::sweep);
            } catch (RejectedExecutionException e) {
                pools.remove(loop);
            }
        });
    }
}
