package codehaven.state;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.redisson.Redisson;
import org.redisson.api.RedissonClient;
import org.redisson.client.codec.StringCodec;
import org.redisson.config.Config;
import org.redisson.config.ConstantDelay;

/** How Redis is reached. */
final class Redis {

    private Redis() {}

    /** The address without user or password. */
    static String address(String uri) {
        var parsed = parse(uri);
        return parsed.getHost() + ":" + port(parsed);
    }

    /**
     * Connects.
     *
     * @throws org.redisson.client.RedisException if it cannot be reached now
     */
    static RedissonClient connect(String text) {
        var uri = parse(text);
        var config = new Config();
        // Texts that a person can read, and that any version of any codec can.
        config.setCodec(StringCodec.INSTANCE);
        config.setThreads(4);
        config.setNettyThreads(4);
        // A lease outlives its process by at most so long.
        config.setTcpKeepAlive(true);
        config.setLockWatchdogTimeout(Duration.ofSeconds(15).toMillis());
        var server = config.useSingleServer()
                .setAddress(uri.getScheme() + "://" + uri.getHost() + ":" + port(uri))
                .setConnectionMinimumIdleSize(1)
                .setConnectionPoolSize(8)
                .setSubscriptionConnectionMinimumIdleSize(1)
                .setSubscriptionConnectionPoolSize(4)
                // Nobody waits for a nudge or a lock that Redis does not answer: short, and tried once more.
                .setConnectTimeout(1_500)
                .setTimeout(1_000)
                .setRetryAttempts(1)
                .setRetryDelay(new ConstantDelay(Duration.ofMillis(200)))
                .setReconnectionDelay(new ConstantDelay(Duration.ofMillis(500)))
                .setPingConnectionInterval(5_000);
        var path = uri.getPath();
        if (path != null && path.matches("/\\d{1,4}")) {
            server.setDatabase(Integer.parseInt(path.substring(1)));
        }
        var credentials = uri.getRawUserInfo();
        if (credentials != null) {
            var colon = credentials.indexOf(':');
            if (colon > 0) {
                config.setUsername(decoded(credentials.substring(0, colon)));
            }
            config.setPassword(decoded(credentials.substring(colon + 1)));
        }
        return Redisson.create(config);
    }

    private static URI parse(String text) {
        URI uri = null;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            // Its message would quote the address, and with it a password.
        }
        if (uri == null || uri.getHost() == null || !isKnown(uri.getScheme())) {
            throw new IllegalStateException("CODEHAVEN_REDIS is not an address such as redis://localhost:6379"
                    + " or rediss://:password@host:6380.");
        }
        return uri;
    }

    private static boolean isKnown(@Nullable String scheme) {
        return "redis".equals(scheme) || "rediss".equals(scheme);
    }

    private static int port(URI uri) {
        return uri.getPort() < 0 ? 6379 : uri.getPort();
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }
}
