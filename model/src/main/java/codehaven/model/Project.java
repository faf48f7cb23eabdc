package codehaven.model;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A repository and how to build it.
 *
 * @param productionBranch the branch whose deployments go to production; absent until the first clone has seen the
 *     remote's default branch
 */
public record Project(
        Slug slug, String repository, @Nullable String productionBranch, BuildSettings settings, Instant createdAt) {}
