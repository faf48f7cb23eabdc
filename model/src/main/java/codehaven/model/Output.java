package codehaven.model;

import org.jspecify.annotations.Nullable;

/**
 * What a build made, in figures.
 *
 * @param uploadedFiles how many blobs were not in storage yet; absent until published
 * @param uploadedBytes their size in bytes, without compressed variants
 * @param cache {@code hit} when a dependency cache was used, {@code miss} when there was none yet, {@code none} when
 *     the build has nothing to cache
 */
public record Output(
        int files,
        long bytes,
        @Nullable Integer uploadedFiles,
        @Nullable Long uploadedBytes,
        @Nullable String cache) {}
