package codehaven.edge;

import codehaven.model.Site;
import codehaven.model.Target;
import java.time.Instant;

/** What a host leads to. */
record Route(String deployment, Target target, Site.Role role, long generation, Instant pointedAt) {

    static Route of(Site site) {
        return new Route(site.deployment(), site.target(), site.role(), site.generation(), site.pointedAt());
    }

    /**
     * A higher generation does, and so does the same deployment in another form. With the same generation another
     * deployment is what the host was given back to, or a retry after that: the later one counts.
     */
    boolean replaces(Route known) {
        return generation > known.generation()
                || (generation == known.generation()
                        && (deployment.equals(known.deployment())
                                ? !equals(known)
                                : pointedAt.isAfter(known.pointedAt())));
    }

    /** The sha256 of the deployment's manifest. */
    String manifest() {
        return target.manifest();
    }

    /** Whether it is meant for the public: search engines may list it, and visitors come without being told. */
    boolean isPublic() {
        return switch (role) {
            case PRODUCTION, DOMAIN -> true;
            case BRANCH, DEPLOYMENT -> false;
        };
    }
}
