package codehaven.activities.uploading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import codehaven.activities.LoneScope;
import codehaven.activities.Settings;
import codehaven.activities.StepScope;
import codehaven.activities.WorkFiles;
import codehaven.dev.DevGit;
import codehaven.dev.DevMongo;
import codehaven.dev.DevRedis;
import codehaven.dev.DevS3;
import codehaven.model.BuildSettings;
import codehaven.model.Checkpoint;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.Checkpoint.StoredSource;
import codehaven.model.Commit;
import codehaven.model.CommitSha;
import codehaven.model.Environment;
import codehaven.model.GitSource;
import codehaven.model.Slug;
import codehaven.model.Step;
import codehaven.state.Blobs;
import codehaven.state.State;
import codehaven.state.StateSettings;
import codehaven.workflows.DeploymentRequest;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SourceStoreTest {

    @TempDir
    static Path backends;

    @TempDir
    Path data;

    static DevMongo mongo;
    static DevRedis redis;
    static DevS3 s3;
    static DevGit git;
    static State state;

    @BeforeAll
    static void start() throws Exception {
        mongo = DevMongo.start(Files.createDirectory(backends.resolve("mongo")));
        redis = DevRedis.start(Files.createDirectory(backends.resolve("redis")));
        s3 = DevS3.start(Files.createDirectory(backends.resolve("s3")), "access", "secret-secret");
        git = DevGit.start(Files.createDirectory(backends.resolve("git")));
        state = State.open(new StateSettings(
                mongo.uri(),
                redis.uri(),
                s3.endpoint(),
                "us-east-1",
                "codehaven",
                s3.accessKey(),
                s3.secretKey(),
                Base64.getEncoder().encodeToString(new byte[32])));
    }

    @AfterAll
    static void stop() throws Exception {
        state.close();
        git.close();
        s3.close();
        redis.close();
        mongo.close();
    }

    private SourceStore sources() {
        var settings = new Settings(
                data,
                null,
                false,
                1,
                true,
                "sites.localhost",
                URI.create("http://sites.localhost:8081"),
                Settings.Limits.DEFAULT);
        return new SourceStore(settings, state.blobs(), state.leases());
    }

    private static DeploymentRequest request(String url) {
        return new DeploymentRequest(
                "k3v9x2mq",
                new Slug("site"),
                Environment.PRODUCTION,
                new GitSource(url, "main"),
                BuildSettings.DETECTED,
                1,
                Checkpoint.NONE);
    }

    private static ClonedTree tree(String commit) {
        return new ClonedTree(
                new Commit(new CommitSha(commit), "First commit", "Ada", Instant.EPOCH), "main", "main", "0", 2, 3);
    }

    private static LoneScope scope() {
        return new LoneScope("k3v9x2mq", Step.UPLOADING);
    }

    @Test
    void treeIsStoredOnceAndFoundAgain() throws Exception {
        try (var site = git.create("site", Map.of("index.html", "<h1>hi</h1>", "a/b.css", "x"))) {
            var scope = scope();
            var stored = sources().store(request(site.url()), tree(site.head()), scope);
            assertThat(stored.sent()).isTrue();
            assertThat(state.blobs().size(Blobs.source(stored.sha256()))).contains(stored.bytes());
            assertThat(WorkFiles.of(data, "k3v9x2mq"))
                    .as("nothing stays on the machine")
                    .doesNotExist();

            var back = Files.createDirectory(data.resolve("back"));
            try (var in = state.blobs().open(Blobs.source(stored.sha256()))) {
                SourceArchive.unpack(in, back, new SourceArchive.Bounds(10, 1_000));
            }
            assertThat(back.resolve("a/b.css")).hasContent("x");

            var again = scope();
            assertThat(sources().store(request(site.url()), tree(site.head()), again))
                    .isEqualTo(new StoredSource(stored.sha256(), stored.bytes(), false));
            assertThat(again.said).anyMatch(line -> line.contains("nothing is sent"));
        }
    }

    @Test
    void attemptAfterOneWhoseAnswerWasLostDoesNothing() throws Exception {
        try (var site = git.create("again", Map.of("index.html", "again"))) {
            var scope = scope();
            var stored = sources().store(request(site.url()), tree(site.head()), scope);
            git.stop();
            try {
                assertThat(sources().store(request(site.url()), tree(site.head()), scope))
                        .isEqualTo(stored);
            } finally {
                git.start();
            }
        }
    }

    @Test
    void cancelledUploadLeavesNothing() throws Exception {
        try (var site = git.create("cancelled", Map.of("index.html", "cancelled"))) {
            var scope = scope();
            scope.stop();
            assertThat(catchThrowable(() -> sources().store(request(site.url()), tree(site.head()), scope)))
                    .isInstanceOf(StepScope.Stopped.class);
            assertThat(WorkFiles.of(data, "k3v9x2mq")).doesNotExist();
        }
    }

    @Test
    void storageThatIsAwayIsSaidToBe() throws Exception {
        try (var site = git.create("away", Map.of("index.html", "away"))) {
            s3.stop();
            try {
                assertThat(catchThrowable(() -> sources().store(request(site.url()), tree(site.head()), scope())))
                        .isInstanceOf(Blobs.Unavailable.class);
            } finally {
                s3.start();
            }
            assertThat(sources()
                            .store(request(site.url()), tree(site.head()), scope())
                            .sent())
                    .isTrue();
        }
    }
}
