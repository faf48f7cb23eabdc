package codehaven.dev;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;
import org.jspecify.annotations.Nullable;

/**
 * An S3 server on a directory, on loopback, with signed requests (SigV4).
 *
 * <p>An object appears whole or not at all (written beside, then renamed), so what was acknowledged survives a killed program;
 * as it is not forced to the disk, a power cut may lose the last seconds. It cannot hold the keys {@code x} and {@code x/y} at
 * once, and has no tagging and no lifecycle rules.
 */
public final class DevS3 implements AutoCloseable {
    private final Path directory;
    private final String accessKey;
    private final String secretKey;
    private @Nullable S3Proxy proxy;
    private int port;

    private DevS3(Path directory, int port, String accessKey, String secretKey) {
        this.directory = directory.toAbsolutePath();
        this.port = port;
        this.accessKey = accessKey;
        this.secretKey = secretKey;
    }

    /** Starts one on a free port whose buckets are the sub-directories of the directory. */
    public static DevS3 start(Path directory, String accessKey, String secretKey) throws IOException {
        return start(directory, 0, accessKey, secretKey);
    }

    /**
     * Starts one whose buckets are the sub-directories of the directory.
     *
     * @param port 0 for a free one
     */
    public static DevS3 start(Path directory, int port, String accessKey, String secretKey) throws IOException {
        Files.createDirectories(directory);
        DevS3 s3 = new DevS3(directory, port, accessKey, secretKey);
        s3.start();
        return s3;
    }

    /** {@code http://127.0.0.1:port}; use path-style access and any region. */
    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + port);
    }

    public String accessKey() {
        return accessKey;
    }

    public String secretKey() {
        return secretKey;
    }

    /** Makes a bucket unless there is one of that name. */
    public void createBucket(String name) throws IOException {
        if (!name.matches("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")) {
            throw new IllegalArgumentException(
                    "Not a bucket name: \"" + name
                            + "\". Use 3 to 63 lower-case letters, digits, dots and hyphens, with a letter or digit at both ends.");
        }
        Files.createDirectories(directory.resolve(name));
    }

    /** Takes it away; {@link #start()} brings it back with its objects on the same port. */
    public synchronized void stop() {
        S3Proxy running = proxy;
        proxy = null;
        if (running != null) {
            try {
                running.stop();
            } catch (Exception e) {
                throw new IllegalStateException("The S3 server on " + directory + " does not stop", e);
            }
        }
    }

    /** Brings it back after {@link #stop()}. */
    public synchronized void start() throws IOException {
        if (proxy != null) {
            return;
        }
        S3Proxy starting = S3Proxy.builder()
                .blobStore(new FilesystemNio2BlobStore(directory.toString()))
                .endpoint(endpoint())
                .awsAuthentication(AuthenticationType.AWS_V2_OR_V4, accessKey, secretKey)
                // Newer SDKs send headers that it does not know; they change nothing about what is stored.
                .ignoreUnknownHeaders(true)
                .jettyMaxThreads(64)
                .stopTimeout(0)
                .build();
        try {
            starting.start();
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException("The S3 server on " + directory + " does not start: " + e.getMessage(), e);
        }
        port = starting.getPort();
        proxy = starting;
    }

    @Override
    public void close() {
        stop();
    }
}
