package codehaven.state;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * Where the state is kept.
 *
 * @param mongodb {@code mongodb://…/database}
 * @param redis {@code redis://[:password@]host:port} or {@code rediss://…}
 * @param s3Endpoint absent means AWS's own for the region
 * @param s3AccessKey blank means what AWS's own tools would use: the environment, a profile, the machine's role
 * @param secretKey 32 bytes in Base64: encrypts variables; blank for a process that has nothing to do with them
 */
public record StateSettings(
        String mongodb,
        String redis,
        @Nullable URI s3Endpoint,
        String s3Region,
        String s3Bucket,
        String s3AccessKey,
        String s3SecretKey,
        String secretKey) {

    /** Without addresses and keys: they may hold passwords, and settings end up in logs. */
    @Override
    public String toString() {
        return "StateSettings[s3Bucket=" + s3Bucket + ", s3Region=" + s3Region + ", …]";
    }
}
