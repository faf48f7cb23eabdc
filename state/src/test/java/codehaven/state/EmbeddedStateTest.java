package codehaven.state;

import codehaven.dev.DevMongo;
import codehaven.dev.DevRedis;
import codehaven.dev.DevS3;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The contract on what a laptop has. */
final class EmbeddedStateTest extends StateContract {

    private final List<AutoCloseable> started = new ArrayList<>();

    @Override
    StateSettings start(Path directory) throws Exception {
        var mongo = DevMongo.start(directory.resolve("mongo"));
        started.add(mongo);
        var redis = DevRedis.start(directory.resolve("redis"));
        started.add(redis);
        var s3 = DevS3.start(directory.resolve("s3"), "access", "secret-of-tests");
        started.add(s3);
        return new StateSettings(
                mongo.uri("codehaven"),
                redis.uri(),
                s3.endpoint(),
                "us-east-1",
                "codehaven",
                s3.accessKey(),
                s3.secretKey(),
                KEY);
    }

    @Override
    void stop() throws Exception {
        for (var each : started.reversed()) {
            each.close();
        }
    }
}
