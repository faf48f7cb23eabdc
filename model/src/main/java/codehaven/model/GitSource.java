package codehaven.model;

import org.jspecify.annotations.Nullable;

/**
 * Where the code is.
 *
 * @param repository a URL without user, password or token
 * @param ref a branch, a tag, or a full or short commit; absent means the remote's default branch
 */
public record GitSource(String repository, @Nullable String ref) {}
