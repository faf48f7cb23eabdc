package codehaven.edge;

import codehaven.model.Manifest;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The files of a deployment, ready for looking up. */
final class SiteFiles {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final BlobKey key;
    private final Map<String, Manifest.File> files;
    private final boolean spa;
    private final boolean cleanUrls;

    private SiteFiles(BlobKey key, Manifest manifest) {
        this.key = key;
        this.files = HashMap.newHashMap(manifest.files().size());
        manifest.files().forEach((path, file) -> {
            if (!SitePath.hidden(path)) {
                files.put(path, file);
            }
        });
        this.spa = manifest.spa();
        this.cleanUrls = manifest.cleanUrls();
    }

    /**
     * @throws IOException if this is no manifest
     */
    static SiteFiles parse(BlobKey key, byte[] manifest) throws IOException {
        return new SiteFiles(key, JSON.readValue(manifest, Manifest.class));
    }

    Manifest.@Nullable File find(String path) {
        return files.get(path);
    }

    Map<String, Manifest.File> all() {
        return java.util.Collections.unmodifiableMap(files);
    }

    /** Of the manifest. */
    BlobKey key() {
        return key;
    }

    boolean spa() {
        return spa;
    }

    boolean cleanUrls() {
        return cleanUrls;
    }
}
