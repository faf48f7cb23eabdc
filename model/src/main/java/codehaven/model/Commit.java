package codehaven.model;

import java.time.Instant;

/**
 * The commit that a deployment is of.
 *
 * @param message the first line of its message
 */
public record Commit(CommitSha sha, String message, String author, Instant at) {}
