package codehaven.dev;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.redisson.Redisson;
import org.redisson.api.RedissonClient;
import org.redisson.client.codec.StringCodec;
import org.redisson.config.Config;

class DevRedisTest {
    @TempDir
    Path directory;

    @Test
    void whatWasSetIsThereAfterStopAndStart() throws Exception {
        try (DevRedis redis = DevRedis.start(directory)) {
            withClient(redis, client -> client.getBucket("greeting").set("hello"));
            redis.stop();
            redis.start();
            withClient(
                    redis,
                    client -> assertThat(client.getBucket("greeting").get()).isEqualTo("hello"));
        }
    }

    @Test
    void serverInTheBoxServesWhereNoneIsInstalled() throws Exception {
        Path program = DevRedis.inTheBox(directory.resolve("bin"));
        try (DevRedis redis = DevRedis.start(directory.resolve("data"), 0, program)) {
            withClient(redis, client -> client.getBucket("greeting").set("hello"));
        }
        assertThat(directory.resolve("data/appendonly.aof")).isNotEmptyFile();
    }

    private static void withClient(DevRedis redis, Consumer<RedissonClient> use) {
        Config config = new Config();
        config.setCodec(StringCodec.INSTANCE);
        config.useSingleServer()
                .setAddress(redis.uri())
                .setConnectionPoolSize(2)
                .setConnectionMinimumIdleSize(1);
        RedissonClient client = Redisson.create(config);
        try {
            use.accept(client);
        } finally {
            client.shutdown();
        }
    }
}
