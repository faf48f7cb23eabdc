package codehaven.ui;

import codehaven.dev.DevMongo;
import codehaven.dev.DevRedis;
import codehaven.dev.DevS3;
import codehaven.state.State;
import codehaven.state.StateSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/** What a fixture of this module stands on: embedded backends of its own, and the state that is open on them. */
record Backends(DevMongo mongo, DevRedis redis, DevS3 s3, State state) {

    static Backends start(Path data) throws IOException, InterruptedException {
        var mongo = DevMongo.start(Files.createDirectories(data.resolve("mongodb")));
        var redis = DevRedis.start(Files.createDirectories(data.resolve("redis")));
        var s3 = DevS3.start(Files.createDirectories(data.resolve("s3")), "test", "test-secret");
        var settings = new StateSettings(
                mongo.uri("codehaven"),
                redis.uri(),
                s3.endpoint(),
                "us-east-1",
                "codehaven",
                s3.accessKey(),
                s3.secretKey(),
                Base64.getEncoder().encodeToString(new byte[32]));
        return new Backends(mongo, redis, s3, State.open(settings));
    }

    /** When the tests end: first what stands on them, then the backends. */
    void closeAtExit(Runnable before) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            before.run();
            state.close();
            s3.close();
            redis.close();
            mongo.close();
        }));
    }
}
