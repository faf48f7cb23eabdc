package codehaven.cli;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.dev.DevGit;
import codehaven.dev.DevMongo;
import codehaven.dev.DevRedis;
import codehaven.dev.DevS3;
import codehaven.dev.DevTemporal;
import codehaven.workflows.SearchAttributes;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each backend away for 20 seconds in mid-deployment, one after the other: the deployment waits and goes on. */
final class BackendsAwayTest {

    private static final int AWAY_SECONDS = 20;

    @Test
    void deploymentRidesOutEachBackendsAbsence(@TempDir Path directory) throws Exception {
        var names = SearchAttributes.ALL.stream().map(key -> key.getName()).toList();
        var mongo = DevMongo.start(directory.resolve("mongo"));
        var redis = DevRedis.start(directory.resolve("redis"));
        var s3 = DevS3.start(directory.resolve("s3"), "access", "secret-of-the-test");
        try (var git = DevGit.start(directory.resolve("git"));
                var temporal = DevTemporal.start(directory.resolve("temporal"), names);
                var haven = Haven.up(
                        directory.resolve("data"),
                        Map.of(
                                "CODEHAVEN_TEMPORAL", temporal.address(),
                                "CODEHAVEN_MONGODB", mongo.uri("codehaven"),
                                "CODEHAVEN_REDIS", redis.uri(),
                                "CODEHAVEN_S3_ENDPOINT", s3.endpoint().toString(),
                                "CODEHAVEN_S3_BUCKET", "codehaven",
                                "CODEHAVEN_S3_REGION", "us-east-1",
                                "CODEHAVEN_S3_ACCESS_KEY", s3.accessKey(),
                                "CODEHAVEN_S3_SECRET_KEY", s3.secretKey()))) {
            var repository = git.create(
                            "patient",
                            FailuresTest.withBuild(
                                    "import { mkdirSync, writeFileSync } from 'node:fs';\nfor (let n = 0; n < 8; n++) { console.log('line', n); await new Promise((r) => setTimeout(r, 1000)); }\nmkdirSync('dist', { recursive: true });\nwriteFileSync('dist/index.html', 'patient');\n"))
                    .url();

            var flushed = building(haven, repository);
            Haven.run("redis-cli", "-u", redis.uri(), "FLUSHALL");
            assertReadyWithTheWholeLog(haven, flushed);

            var withoutTemporal = building(haven, repository);
            temporal.stop();
            TimeUnit.SECONDS.sleep(AWAY_SECONDS);
            temporal.start();
            assertReadyWithTheWholeLog(haven, withoutTemporal);

            var withoutMongo = building(haven, repository);
            var mongoPort = portOf(mongo.uri("codehaven"));
            mongo.close();
            var refused = haven.raw(haven.request("/v1/deployments/" + withoutMongo));
            assertThat(refused.statusCode()).as(refused.body()).isEqualTo(503);
            assertThat(refused.headers().firstValue("Retry-After")).isPresent();
            TimeUnit.SECONDS.sleep(AWAY_SECONDS);
            mongo = DevMongo.start(directory.resolve("mongo"), mongoPort);
            assertReadyWithTheWholeLog(haven, withoutMongo);

            var withoutRedis = building(haven, repository);
            var redisPort = portOf(redis.uri());
            redis.close();
            TimeUnit.SECONDS.sleep(AWAY_SECONDS);
            redis = DevRedis.start(directory.resolve("redis"), redisPort);
            assertReadyWithTheWholeLog(haven, withoutRedis);

            var withoutStorage = building(haven, repository);
            var s3Port = s3.endpoint().getPort();
            s3.close();
            TimeUnit.SECONDS.sleep(AWAY_SECONDS);
            s3 = DevS3.start(directory.resolve("s3"), s3Port, "access", "secret-of-the-test");
            // What was built could not be stored, so a later attempt built it again: lines come twice.
            awaitReady(haven, withoutStorage);
        } finally {
            s3.close();
            redis.close();
            mongo.close();
        }
    }

    private static String building(Haven haven, String repository) {
        var id = haven.deploy(Map.of("repository", repository));
        Haven.await("the build", Duration.ofMinutes(1), () -> haven.log(id).contains("line 1"));
        return id;
    }

    private static void awaitReady(Haven haven, String id) {
        Haven.await("READY", Duration.ofMinutes(2), () -> {
            var answer = haven.raw(haven.request("/v1/deployments/" + id));
            assertThat(answer.body()).doesNotContain("\"FAILED\"");
            return answer.statusCode() == 200 && answer.body().contains("\"READY\"");
        });
        assertThat(haven.visit(haven.deployment(id)
                                .path("urls")
                                .path("deployment")
                                .asText())
                        .body())
                .isEqualTo("patient");
    }

    private static void assertReadyWithTheWholeLog(Haven haven, String id) {
        awaitReady(haven, id);
        var log = haven.log(id);
        for (var n = 0; n < 8; n++) {
            assertThat(log.split("line " + n, -1)).as("line %s once", n).hasSize(2);
        }
    }

    private static int portOf(String uri) {
        return Integer.parseInt(uri.replaceFirst("^[a-z]+://[^:/]+:(\\d+).*", "$1"));
    }
}
