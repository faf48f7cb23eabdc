package codehaven.edge;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Manifests, parsed once; those in use stay in memory up to a number of files in all. */
final class Manifests {

    private static final int FILES = 500_000;

    private final BlobCache blobs;
    private final Cache<String, SiteFiles> parsed = Caffeine.newBuilder()
            .maximumWeight(FILES)
            .weigher((String sha256, SiteFiles files) -> files.all().size() + 5)
            .build();

    Manifests(BlobCache blobs) {
        this.blobs = blobs;
    }

    /** Never waits. */
    @Nullable
    SiteFiles ready(String sha256) {
        var files = parsed.getIfPresent(sha256);
        if (files != null) {
            blobs.touch(files.key());
        }
        return files;
    }

    /** Blocks.
     *
     * @throws Away if it is not here and storage does not give it
     */
    SiteFiles load(String sha256) throws Away {
        var known = ready(sha256);
        if (known != null) {
            return known;
        }
        var key = BlobKey.of(sha256);
        try {
            var files = SiteFiles.parse(key, blobs.manifest(key));
            parsed.put(sha256, files);
            return files;
        } catch (IOException e) {
            throw new Away("the blob " + sha256 + " is no manifest", e);
        }
    }
}
