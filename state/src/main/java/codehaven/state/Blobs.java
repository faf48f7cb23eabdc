package codehaven.state;

import java.io.InputStream;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;

/** The bytes, in S3. Keys are made by the methods of this class from digests and ids, never from user text. */
public final class Blobs {

    public static String source(String sha256) {
        return "sources/" + sha256 + ".tar.zst";
    }

    public static String output(String deployment) {
        return "outputs/" + deployment + ".tar.zst";
    }

    public static String blob(String sha256) {
        return "blobs/" + sha256;
    }

    /** @param suffix {@code br}, {@code gz} or {@code zst} */
    public static String variant(String sha256, String suffix) {
        return "blobs/" + sha256 + "." + suffix;
    }

    public static String log(String deployment) {
        return "logs/" + deployment + ".ndjson.gz";
    }

    public static String cache(String project, String key) {
        return "caches/" + project + "/" + key + ".tar.zst";
    }

    /** The size in bytes, if the key is there. */
    public Optional<Long> size(String key) {
        throw new UnsupportedOperationException();
    }

    /** Which of the keys are there; asks for many at once. */
    public Set<String> present(Collection<String> keys) {
        throw new UnsupportedOperationException();
    }

    public void put(String key, Path file) {
        throw new UnsupportedOperationException();
    }

    public void put(String key, byte[] bytes) {
        throw new UnsupportedOperationException();
    }

    /**
     * @throws NotThere if there is no such key
     */
    public InputStream open(String key) {
        throw new UnsupportedOperationException();
    }

    /** Writes to a temporary file beside the target and renames it when whole. */
    public void download(String key, Path target) {
        throw new UnsupportedOperationException();
    }

    public void delete(String key) {
        throw new UnsupportedOperationException();
    }

    /** The key is not in storage. */
    public static final class NotThere extends RuntimeException {
        public NotThere(String key) {
            super("storage has no " + key);
        }
    }

    /** Storage did not do what it was asked for; may succeed later. */
    public static final class Unavailable extends RuntimeException {
        public Unavailable(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
