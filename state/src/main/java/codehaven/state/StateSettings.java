package codehaven.state;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * Where the state is kept.
 *
 * @param mongodb {@code mongodb://…/database}
 * @param redis {@code redis://[:password@]host:port} or {@code rediss://…}
 * @param s3Endpoint absent means AWS's own for the region
 * @param secretKey 32 bytes in Base64: encrypts variables
 */
public record StateSettings(
        String mongodb,
        String redis,
        @Nullable URI s3Endpoint,
        String s3Region,
        String s3Bucket,
        String s3AccessKey,
        String s3SecretKey,
        String secretKey) {}
