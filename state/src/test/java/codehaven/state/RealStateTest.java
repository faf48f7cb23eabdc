package codehaven.state;

import codehaven.dev.DevMongo;
import codehaven.dev.DevRedis;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The contract on real servers: those that CODEHAVEN_MONGODB, CODEHAVEN_REDIS and CODEHAVEN_S3_ENDPOINT (with _REGION,
 * _BUCKET, _ACCESS_KEY and _SECRET_KEY) name, else MinIO and Redis as child processes. There is no MongoDB to start, so
 * without its setting the embedded one stands in.
 */
final class RealStateTest extends StateContract {

    private final List<AutoCloseable> started = new ArrayList<>();

    @Override
    StateSettings start(Path directory) throws Exception {
        return withStorage(directory, mongodb(directory), redis(directory));
    }

    private String mongodb(Path directory) throws Exception {
        var named = System.getenv("CODEHAVEN_MONGODB");
        if (named != null) {
            return named;
        }
        var mongo = DevMongo.start(directory.resolve("mongo"));
        started.add(mongo);
        return mongo.uri("codehaven");
    }

    private String redis(Path directory) throws Exception {
        var named = System.getenv("CODEHAVEN_REDIS");
        if (named != null) {
            return named;
        }
        var redis = DevRedis.start(directory.resolve("redis"));
        started.add(redis);
        return redis.uri();
    }

    private StateSettings withStorage(Path directory, String mongodb, String redis) throws Exception {
        var named = System.getenv("CODEHAVEN_S3_ENDPOINT");
        if (named != null) {
            return new StateSettings(
                    mongodb,
                    redis,
                    URI.create(named),
                    System.getenv().getOrDefault("CODEHAVEN_S3_REGION", "us-east-1"),
                    System.getenv().getOrDefault("CODEHAVEN_S3_BUCKET", "codehaven-tests"),
                    System.getenv().getOrDefault("CODEHAVEN_S3_ACCESS_KEY", ""),
                    System.getenv().getOrDefault("CODEHAVEN_S3_SECRET_KEY", ""),
                    KEY);
        }
        var minio = Minio.start(directory.resolve("minio"));
        started.add(minio);
        return new StateSettings(
                mongodb, redis, minio.endpoint(), "us-east-1", "codehaven", Minio.USER, Minio.PASSWORD, KEY);
    }

    @Override
    void stop() throws Exception {
        for (var each : started.reversed()) {
            each.close();
        }
    }
}
