package codehaven.edge;

import codehaven.model.Site;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** All hosts and where they lead; never changed, only replaced. */
final class RouteTable {

    static final RouteTable EMPTY = new RouteTable(Map.of());

    private final Map<String, Route> routes;

    private RouteTable(Map<String, Route> routes) {
        this.routes = routes;
    }

    static RouteTable of(Map<String, Route> routes) {
        return new RouteTable(new HashMap<>(routes));
    }

    static RouteTable of(Collection<Site> sites) {
        return EMPTY.with(sites);
    }

    /** This table with the sites in it, but for those that something newer is known of. */
    RouteTable with(Collection<Site> sites) {
        Map<String, Route> next = null;
        for (var site : sites) {
            var host = site.host().text();
            var route = Route.of(site);
            var known = (next == null ? routes : next).get(host);
            if (known == null || route.replaces(known)) {
                next = next == null ? new HashMap<>(routes) : next;
                next.put(host, route);
            }
        }
        return next == null ? this : new RouteTable(next);
    }

    @Nullable
    Route find(String host) {
        return routes.get(host);
    }

    int size() {
        return routes.size();
    }

    Map<String, Route> routes() {
        return java.util.Collections.unmodifiableMap(routes);
    }

    boolean leadsLike(RouteTable other) {
        return routes.equals(other.routes);
    }
}
