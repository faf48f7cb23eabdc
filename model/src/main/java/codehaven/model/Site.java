package codehaven.model;

import java.time.Instant;

/**
 * A host name and the deployment it points at.
 *
 * @param generation only grows: a pointer with a lower one never replaces a higher one
 * @param role what the host is for
 */
public record Site(
        Host host, Slug project, String deployment, Target target, long generation, Role role, Instant pointedAt) {

    /** What a host is for; only production and custom domains are indexed by search engines. */
    public enum Role {
        PRODUCTION,
        BRANCH,
        DEPLOYMENT,
        DOMAIN
    }
}
