package codehaven.state;

import static codehaven.state.Examples.AT;
import static codehaven.state.Examples.line;
import static codehaven.state.Examples.lines;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import codehaven.model.App;
import codehaven.model.AppImage;
import codehaven.model.BuildSettings;
import codehaven.model.Checkpoint;
import codehaven.model.Deployment;
import codehaven.model.DeploymentEvent;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.DeploymentEvent.Placed;
import codehaven.model.DeploymentEvent.StatusChanged;
import codehaven.model.DeploymentEvent.StepChanged;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.Failure;
import codehaven.model.FailureKind;
import codehaven.model.GitSource;
import codehaven.model.Kind;
import codehaven.model.Outcome;
import codehaven.model.Output;
import codehaven.model.Project;
import codehaven.model.Site;
import codehaven.model.Slug;
import codehaven.model.Step;
import codehaven.model.StepRun;
import codehaven.model.Target;
import codehaven.model.Trigger;
import codehaven.state.Idempotency.Remembered;
import com.mongodb.ConnectionString;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Updates;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.zip.GZIPInputStream;
import org.bson.Document;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What holds whatever the state is kept in: run once on the embedded backends and once on real ones. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
abstract class StateContract {

    static final String KEY =
            Base64.getEncoder().encodeToString("0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII));

    private Path directory;
    private StateSettings settings;
    private State state;
    private MongoClient raw;

    /** Starts the backends. */
    abstract StateSettings start(Path directory) throws Exception;

    abstract void stop() throws Exception;

    @BeforeAll
    void open(@TempDir Path directory) throws Exception {
        this.directory = directory;
        settings = start(directory);
        state = State.open(settings);
        raw = MongoClients.create(settings.mongodb());
    }

    @AfterAll
    void close() throws Exception {
        if (raw != null) {
            raw.close();
        }
        if (state != null) {
            state.close();
        }
        stop();
    }

    private MongoCollection<Document> collection(String name) {
        var database = Objects.requireNonNull(new ConnectionString(settings.mongodb()).getDatabase());
        return raw.getDatabase(database).getCollection(name);
    }

    @Test
    void allBackendsAreUp() {
        assertThat(state.health()).hasSize(3).allMatch(State.Health::up);
    }

    @Nested
    class OfProjects {

        @Test
        void comeBackAsTheyWereStored() {
            var full = Examples.project(Examples.slug());
            var bare = new Project(Examples.slug(), "https://example.org/x.git", null, BuildSettings.DETECTED, AT);
            assertThat(state.projects().create(full)).isTrue();
            assertThat(state.projects().create(bare)).isTrue();
            assertThat(state.projects().find(full.slug())).contains(full);
            assertThat(state.projects().find(bare.slug())).contains(bare);
            assertThat(state.projects().find(Examples.slug())).isEmpty();
        }

        @Test
        void aTakenSlugChangesNothing() {
            var first = Examples.project(Examples.slug());
            var second = new Project(first.slug(), "https://example.org/other.git", null, BuildSettings.DETECTED, AT);
            assertThat(state.projects().create(first)).isTrue();
            assertThat(state.projects().create(second)).isFalse();
            assertThat(state.projects().find(first.slug())).contains(first);
        }

        @Test
        void theOldestOfARepositoryIsFound() {
            var repository = "https://example.org/" + Examples.unique() + ".git";
            var older = new Project(Examples.slug(), repository, null, BuildSettings.DETECTED, AT);
            var newer = new Project(Examples.slug(), repository, null, BuildSettings.DETECTED, AT.plusMillis(1));
            state.projects().create(newer);
            state.projects().create(older);
            assertThat(state.projects().ofRepository(repository)).contains(older);
        }

        @Test
        void noChangeOfManyAtOnceIsLost() throws Exception {
            var slug = Examples.slug();
            state.projects().create(new Project(slug, "r", "", BuildSettings.DETECTED, AT));
            Await.together(
                    12,
                    i -> () -> state.projects()
                            .update(
                                    slug,
                                    project -> new Project(
                                            slug,
                                            "r",
                                            project.productionBranch() + (char) ('a' + i),
                                            project.settings(),
                                            AT)));
            assertThat(state.projects().find(slug).orElseThrow().productionBranch())
                    .hasSize(12)
                    .contains("a", "f", "l");
        }

        @Test
        void whatANewerVersionAddedIsIgnoredAndWhatAnOlderOneLackedIsDefault() {
            var slug = Examples.slug();
            collection("projects")
                    .insertOne(new Document("_id", slug.text())
                            .append("repository", "r")
                            .append("createdAt", java.util.Date.from(AT))
                            .append("colour", "blue")
                            .append("settings", new Document("theme", "dark")));
            assertThat(state.projects().find(slug)).contains(new Project(slug, "r", null, BuildSettings.DETECTED, AT));
            assertThat(state.projects()
                            .update(
                                    slug,
                                    project -> new Project(slug, "s", null, project.settings(), project.createdAt())))
                    .isPresent();
        }

        @Test
        void areListedPageByPage() {
            var prefix = "l" + Examples.unique();
            for (var suffix : List.of("-c", "-a", "-e", "-b", "-d")) {
                state.projects().create(Examples.project(new Slug(prefix + suffix)));
            }
            var first = state.projects().list(new Slug(prefix), 3);
            assertThat(first)
                    .extracting(each -> each.slug().text())
                    .containsExactly(prefix + "-a", prefix + "-b", prefix + "-c");
            assertThat(state.projects().list(first.getLast().slug(), 2))
                    .extracting(each -> each.slug().text())
                    .containsExactly(prefix + "-d", prefix + "-e");
        }

        @Test
        void generationsNeverRepeatEvenAcrossDeletion() throws Exception {
            var slug = Examples.slug();
            state.projects().create(Examples.project(slug));
            var numbers = Await.together(
                    8,
                    _ -> () -> IntStream.range(0, 10)
                            .mapToObj(_ -> state.projects().nextGeneration(slug))
                            .toList());
            assertThat(numbers.stream().flatMap(List::stream))
                    .containsExactlyInAnyOrderElementsOf(
                            LongStream.rangeClosed(1, 80).boxed().toList());
            assertThat(state.projects().delete(slug)).isTrue();
            assertThat(state.projects().delete(slug)).isFalse();
            state.projects().create(Examples.project(slug));
            assertThat(state.projects().nextGeneration(slug)).isEqualTo(81);
        }
    }

    @Nested
    class OfVariables {

        private static final String SECRET = "canary-7f3a-\u00fc-secret";

        @Test
        void aValueIsInNoDocumentInClear() {
            var slug = Examples.slug();
            state.variables().put(slug, "TOKEN", SECRET, true, Set.of(Environment.PRODUCTION));
            var encoded = Base64.getEncoder().encodeToString(SECRET.getBytes(StandardCharsets.UTF_8));
            var names = raw.getDatabase(Objects.requireNonNull(new ConnectionString(settings.mongodb()).getDatabase()))
                    .listCollectionNames()
                    .into(new ArrayList<>());
            assertThat(names).contains("variables");
            for (var name : names) {
                for (var document : collection(name).find()) {
                    assertThat(document.toJson()).doesNotContain(SECRET, "canary", encoded.substring(0, 12));
                }
            }
            assertThat(state.variables().resolve(slug, Environment.PRODUCTION)).containsEntry("TOKEN", SECRET);
        }

        @Test
        void aSensitiveOneIsNeverReadAgain() {
            var slug = Examples.slug();
            state.variables().put(slug, "A", "open", false, Set.of(Environment.PREVIEW));
            state.variables().put(slug, "B", "closed", true, Set.of(Environment.PREVIEW));
            assertThat(state.variables().readable(slug, "A")).contains("open");
            assertThat(state.variables().readable(slug, "B")).isEmpty();
            assertThat(state.variables().readable(slug, "C")).isEmpty();
            assertThat(state.variables().list(slug).toString()).doesNotContain("open", "closed");
        }

        @Test
        void allThatMayBeReadAreReadAtOnce() {
            var slug = Examples.slug();
            state.variables().put(slug, "A", "open", false, Set.of(Environment.PREVIEW));
            state.variables().put(slug, "B", "closed", true, Set.of(Environment.PREVIEW));
            assertThat(state.variables().readable(slug)).containsOnly(entry("A", "open"));
        }

        @Test
        void whenItWasFirstSetStaysUntilItIsDeleted() {
            var slug = Examples.slug();
            var first = state.variables().put(slug, "A", "1", false, Set.of(Environment.PREVIEW));
            assertThat(first.createdAt()).isEqualTo(first.updatedAt());
            var second = state.variables().put(slug, "A", "2", false, Set.of(Environment.PREVIEW));
            assertThat(second.createdAt()).isEqualTo(first.createdAt());
            assertThat(state.variables().list(slug)).containsExactly(second);
        }

        @Test
        void eachEnvironmentGetsItsOwn() {
            var slug = Examples.slug();
            state.variables().put(slug, "BOTH", "1", false, Set.of(Environment.PREVIEW, Environment.PRODUCTION));
            state.variables().put(slug, "PROD", "2", false, Set.of(Environment.PRODUCTION));
            state.variables().put(slug, "BOTH", "3", true, Set.of(Environment.PREVIEW, Environment.PRODUCTION));
            assertThat(state.variables().resolve(slug, Environment.PRODUCTION))
                    .isEqualTo(java.util.Map.of("BOTH", "3", "PROD", "2"));
            assertThat(state.variables().resolve(slug, Environment.PREVIEW)).isEqualTo(java.util.Map.of("BOTH", "3"));
            assertThat(state.variables().list(slug))
                    .extracting(Variables.Variable::key)
                    .containsExactly("BOTH", "PROD");
            assertThat(state.variables().delete(slug, "PROD")).isTrue();
            assertThat(state.variables().delete(slug, "PROD")).isFalse();
            state.variables().deleteAll(slug);
            assertThat(state.variables().list(slug)).isEmpty();
        }

        @Test
        void aValueThatWasMovedToAnotherProjectDoesNotOpen() {
            var mine = Examples.slug();
            var yours = Examples.slug();
            state.variables().put(mine, "KEY", SECRET, false, Set.of(Environment.PREVIEW));
            state.variables().put(yours, "KEY", "another", false, Set.of(Environment.PREVIEW));
            var stolen = Objects.requireNonNull(collection("variables")
                    .find(Filters.eq("_id", mine + "/KEY"))
                    .first());
            collection("variables")
                    .updateOne(Filters.eq("_id", yours + "/KEY"), Updates.set("sealed", stolen.get("sealed")));
            assertThatThrownBy(() -> state.variables().readable(yours, "KEY"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("CODEHAVEN_SECRET_KEY")
                    .hasMessageNotContaining("canary");
        }

        @Test
        void nonsenseIsRefusedWithASentence() {
            var all = Set.of(Environment.PREVIEW);
            assertThatThrownBy(() -> state.variables().put(Examples.slug(), "1A", "v", false, all))
                    .hasMessageContaining("does not begin with a digit");
            assertThatThrownBy(() -> state.variables().put(Examples.slug(), "A", "v".repeat(70_000), false, all))
                    .hasMessageContaining("65536 bytes");
            assertThatThrownBy(() -> state.variables().put(Examples.slug(), "A", "v", false, Set.of()))
                    .hasMessageContaining("production or preview");
        }
    }

    @Nested
    class OfDeployments {

        private final StepRun cloning = new StepRun(Step.CLONING, StepRun.State.running, 1, AT, null);
        private final StepRun building = new StepRun(Step.BUILDING, StepRun.State.running, 1, AT, null);
        private final Outcome failed = new Outcome.Failed(new Failure(
                Step.BUILDING,
                FailureKind.BUILD_FAILED,
                "It failed.",
                "Fix it.",
                new Failure.Lines(3, 9),
                new Failure.Source("src/a.ts", 88)));

        private Deployment running(String run) {
            var deployment = Examples.queued();
            assertThat(state.deployments().insert(deployment)).isTrue();
            assertThat(state.deployments().adopt(deployment.id(), null, run)).isTrue();
            return deployment;
        }

        private Deployment now(Deployment deployment) {
            return state.deployments().find(deployment.id()).orElseThrow();
        }

        @Test
        void textIsFoundInTheCommitTheBranchAndTheIdWhateverItsCase() {
            var deployment = running("r1");
            state.deployments()
                    .enter(
                            deployment.id(),
                            "r1",
                            DeploymentStatus.UPLOADING,
                            new Checkpoint(Examples.CLONED, null, null));
            for (var text : List.of("make IT", "ada@", "mai", "0123456", deployment.id())) {
                assertThat(found(deployment, text)).as(text).isEqualTo(1);
            }
            for (var text : List.of("make.*work", "123456", "nothing of it")) {
                assertThat(found(deployment, text)).as(text).isZero();
            }
        }

        private int found(Deployment deployment, String text) {
            return state.deployments()
                    .list(new Deployments.Filter(deployment.project(), null, null, null, text), null, 10)
                    .size();
        }

        @Test
        void everyFieldComesBack() {
            var full = new Deployment(
                    Examples.unique(),
                    Examples.slug(),
                    Environment.PREVIEW,
                    DeploymentStatus.FAILED,
                    Trigger.REDEPLOY,
                    new GitSource("https://example.org/a.git", "v1.0"),
                    Examples.FULL,
                    7,
                    "main",
                    Examples.CLONED.commit(),
                    "vite",
                    Kind.STATIC,
                    AT,
                    AT.plusSeconds(5),
                    List.of(cloning, new StepRun(Step.UPLOADING, StepRun.State.reused, 2, AT, AT.plusMillis(1))),
                    new Failure(
                            Step.BUILDING,
                            FailureKind.BUILD_FAILED,
                            "a",
                            "b",
                            new Failure.Lines(1, 2),
                            new Failure.Source("f", null)),
                    new Output(14, 5_000_000_000L, 2, 812L, "hit"),
                    Examples.builtCheckpoint(),
                    "run",
                    12);
            assertThat(state.deployments().insert(full)).isTrue();
            assertThat(state.deployments().insert(full)).isFalse();
            assertThat(state.deployments().find(full.id())).contains(full);
        }

        @Test
        void whatIsAbsentIsNotStored() {
            var deployment = running("r1");
            state.deployments().enter(deployment.id(), "r1", DeploymentStatus.CLONING, Checkpoint.NONE);
            var json = Objects.requireNonNull(collection("deployments")
                            .find(Filters.eq("_id", deployment.id()))
                            .first())
                    .toJson();
            assertThat(json).doesNotContain("null", "_class", "codehaven.model");
        }

        @Test
        void anOlderOrNewerDocumentStillReads() {
            var deployment = running("r1");
            collection("deployments")
                    .updateOne(
                            Filters.eq("_id", deployment.id()),
                            Updates.combine(
                                    Updates.unset("archivedThrough"),
                                    Updates.unset("steps"),
                                    Updates.unset("settings.limits"),
                                    Updates.unset("version"),
                                    Updates.set("source.depth", 3),
                                    Updates.set("mood", "good")));
            assertThat(now(deployment).steps()).isEmpty();
            assertThat(state.deployments().step(deployment.id(), "r1", cloning)).isTrue();
            assertThat(now(deployment).settings()).isEqualTo(BuildSettings.DETECTED);
            assertThat(Objects.requireNonNull(collection("deployments")
                                    .find(Filters.eq("_id", deployment.id()))
                                    .first())
                            .get("mood"))
                    .as("what a newer version wrote survives a write of ours")
                    .isEqualTo("good");
        }

        @Test
        void aZombieRunChangesNothing() {
            var deployment = running("r1");
            var id = deployment.id();
            assertThat(state.deployments().adopt(id, "r0", "r2")).isFalse();
            assertThat(state.deployments().adopt(id, null, "r2")).isFalse();
            assertThat(state.deployments().adopt(id, "r1", "r2")).isTrue();
            assertThat(state.deployments().adopt(id, "r1", "r2"))
                    .as("its answer may have been lost")
                    .isTrue();
            assertThat(state.deployments().enter(id, "r2", DeploymentStatus.BUILDING, Examples.builtCheckpoint()))
                    .isTrue();
            var before = now(deployment);
            assertThat(state.deployments().enter(id, "r1", DeploymentStatus.CLONING, Checkpoint.NONE))
                    .isFalse();
            assertThat(state.deployments().step(id, "r1", cloning)).isFalse();
            for (var outcome : List.of(failed, new Outcome.Canceled(), new Outcome.Ready())) {
                assertThat(state.deployments().finish(id, "r1", outcome, Checkpoint.NONE, null, AT))
                        .isFalse();
            }
            assertThat(now(deployment)).isEqualTo(before);
            assertThat(state.deployments().finish("nothing1", "r1", failed, Checkpoint.NONE, null, AT))
                    .isFalse();
        }

        @Test
        void enteringShowsWhatTheStepsFoundOut() {
            var deployment = running("r1");
            state.deployments().enter(deployment.id(), "r1", DeploymentStatus.PUBLISHING, Examples.builtCheckpoint());
            var now = now(deployment);
            assertThat(now.status()).isEqualTo(DeploymentStatus.PUBLISHING);
            assertThat(now.commit()).isEqualTo(Examples.CLONED.commit());
            assertThat(now.branch()).isEqualTo("main");
            assertThat(now.framework()).isEqualTo("vite");
            assertThat(now.kind()).isEqualTo(Kind.STATIC);
            assertThat(now.output()).isEqualTo(new Output(14, 214_512, null, null, "hit"));
            assertThat(now.checkpoint()).isEqualTo(Examples.builtCheckpoint());
            var output = new Output(14, 214_512, 2, 812L, "hit");
            assertThat(state.deployments()
                            .finish(deployment.id(), "r1", new Outcome.Ready(), Examples.builtCheckpoint(), output, AT))
                    .isTrue();
            assertThat(now(deployment).output()).isEqualTo(output);
            assertThat(now(deployment).finishedAt()).isEqualTo(AT);
        }

        @Test
        void aReadyOneStaysReady() {
            var deployment = running("r1");
            var id = deployment.id();
            assertThat(state.deployments().finish(id, "r1", new Outcome.Ready(), Checkpoint.NONE, null, AT))
                    .isTrue();
            var before = now(deployment);
            assertThat(state.deployments()
                            .finish(id, "r1", new Outcome.Ready(), Checkpoint.NONE, null, AT.plusSeconds(1)))
                    .as("the same again")
                    .isTrue();
            assertThat(state.deployments().finish(id, "r1", failed, Checkpoint.NONE, null, AT))
                    .isFalse();
            assertThat(state.deployments().finish(id, null, new Outcome.Canceled(), Checkpoint.NONE, null, AT))
                    .isFalse();
            assertThat(state.deployments().enter(id, "r1", DeploymentStatus.PUBLISHING, Checkpoint.NONE))
                    .as("a late attempt of an earlier write")
                    .isFalse();
            assertThat(state.deployments().step(id, "r1", building)).isFalse();
            assertThat(state.deployments().reopen(id, Examples.FULL, Checkpoint.NONE))
                    .isEmpty();
            assertThat(now(deployment)).isEqualTo(before);
        }

        @Test
        void whoEndsItFromOutsideIsBelievedOnce() {
            var deployment = running("r1");
            var id = deployment.id();
            state.deployments().enter(id, "r1", DeploymentStatus.BUILDING, Checkpoint.NONE);
            assertThat(state.deployments().finish(id, null, failed, Checkpoint.NONE, null, AT))
                    .isTrue();
            assertThat(state.deployments().finish(id, null, new Outcome.Canceled(), Checkpoint.NONE, null, AT))
                    .isFalse();
            assertThat(state.deployments().finish(id, "r1", new Outcome.Canceled(), Checkpoint.NONE, null, AT))
                    .isFalse();
            assertThat(now(deployment).status()).isEqualTo(DeploymentStatus.FAILED);
            assertThat(state.deployments().finish(id, "r1", new Outcome.Ready(), Checkpoint.NONE, null, AT))
                    .as("what is live is not called failed")
                    .isTrue();
            assertThat(now(deployment).failure()).isNull();
        }

        @Test
        void aLateAttemptOfTheSameRunDoesNotLeadBack() {
            var deployment = running("r1");
            var id = deployment.id();
            state.deployments().enter(id, "r1", DeploymentStatus.BUILDING, Checkpoint.NONE);
            assertThat(state.deployments().enter(id, "r1", DeploymentStatus.CLONING, Checkpoint.NONE))
                    .isFalse();
            state.deployments().step(id, "r1", new StepRun(Step.BUILDING, StepRun.State.running, 2, AT, null));
            assertThat(state.deployments().step(id, "r1", new StepRun(Step.BUILDING, StepRun.State.failed, 1, AT, AT)))
                    .isFalse();
            state.deployments().adopt(id, "r1", "r2");
            assertThat(state.deployments().enter(id, "r2", DeploymentStatus.CLONING, Checkpoint.NONE))
                    .as("a reset goes back")
                    .isTrue();
            assertThat(now(deployment).steps())
                    .singleElement()
                    .extracting(StepRun::state)
                    .as("the build was given up")
                    .isEqualTo(StepRun.State.canceled);
            assertThat(state.deployments().step(id, "r2", building))
                    .as("a new run counts anew")
                    .isTrue();
        }

        @Test
        void stepsKeepTheirPlaceAndEndWithTheDeployment() {
            var deployment = running("r1");
            var id = deployment.id();
            state.deployments().step(id, "r1", cloning);
            state.deployments().step(id, "r1", building);
            state.deployments().step(id, "r1", new StepRun(Step.CLONING, StepRun.State.running, 2, AT, null));
            assertThat(now(deployment).steps()).extracting(StepRun::step).containsExactly(Step.CLONING, Step.BUILDING);
            state.deployments().enter(id, "r1", DeploymentStatus.BUILDING, Checkpoint.NONE);
            assertThat(now(deployment).steps())
                    .extracting(StepRun::state)
                    .containsExactly(StepRun.State.done, StepRun.State.running);
            assertThat(now(deployment).steps().getFirst().endedAt()).isNotNull();
            state.deployments().finish(id, "r1", failed, Checkpoint.NONE, null, AT.plusSeconds(9));
            assertThat(now(deployment).steps().getLast())
                    .isEqualTo(new StepRun(Step.BUILDING, StepRun.State.failed, 1, AT, AT.plusSeconds(9)));
            assertThat(now(deployment).failure()).isEqualTo(((Outcome.Failed) failed).failure());
        }

        @Test
        void aRetryBeginsClean() {
            var deployment = running("r1");
            var id = deployment.id();
            assertThat(state.deployments().reopen(id, Examples.FULL, Checkpoint.NONE))
                    .as("it runs")
                    .isEmpty();
            state.deployments().finish(id, "r1", failed, Checkpoint.NONE, null, AT);
            var resume = new Checkpoint(Examples.CLONED, Examples.STORED, null);
            var reopened = state.deployments().reopen(id, Examples.FULL, resume).orElseThrow();
            assertThat(reopened.status()).isEqualTo(DeploymentStatus.QUEUED);
            assertThat(reopened.failure()).isNull();
            assertThat(reopened.finishedAt()).isNull();
            assertThat(reopened.run()).isNull();
            assertThat(reopened.settings()).isEqualTo(Examples.FULL);
            assertThat(reopened.checkpoint()).isEqualTo(resume);
            assertThat(state.deployments().finish(id, "r1", failed, Checkpoint.NONE, null, AT))
                    .as("the run before the retry is a zombie")
                    .isFalse();
            assertThat(state.deployments().reopen(id, Examples.FULL, resume))
                    .as("twice")
                    .isEmpty();
            assertThat(state.deployments().adopt(id, null, "r2")).isTrue();
            assertThat(state.deployments().enter(id, "r2", DeploymentStatus.CLONING, resume))
                    .isTrue();
        }

        @Test
        void beginningAgainTakesTheFailureAway() {
            var deployment = running("r1");
            var id = deployment.id();
            state.deployments().enter(id, "r1", DeploymentStatus.BUILDING, Checkpoint.NONE);
            state.deployments().finish(id, "r1", failed, Checkpoint.NONE, null, AT);
            state.deployments().adopt(id, "r1", "r2");
            assertThat(state.deployments().enter(id, "r2", DeploymentStatus.BUILDING, Checkpoint.NONE))
                    .isTrue();
            assertThat(now(deployment).failure()).isNull();
            assertThat(now(deployment).finishedAt()).isNull();
            assertThat(state.deployments().finish(id, "r2", new Outcome.Canceled(), Checkpoint.NONE, null, AT))
                    .isTrue();
            assertThat(now(deployment).status()).isEqualTo(DeploymentStatus.CANCELED);
        }

        @Test
        void onlyAQueuedOneIsSuperseded() {
            var waiting = Examples.queued();
            state.deployments().insert(waiting);
            assertThat(state.deployments().supersede(waiting.id(), AT)).isTrue();
            assertThat(now(waiting).status()).isEqualTo(DeploymentStatus.SUPERSEDED);
            assertThat(state.deployments().adopt(waiting.id(), null, "r0")).isTrue();
            assertThat(state.deployments().enter(waiting.id(), "r0", DeploymentStatus.CLONING, Checkpoint.NONE))
                    .as("its run began at the same moment")
                    .isFalse();
            assertThat(state.deployments()
                            .finish(waiting.id(), "r0", new Outcome.Canceled(), Checkpoint.NONE, null, AT))
                    .isFalse();
            assertThat(now(waiting).status()).isEqualTo(DeploymentStatus.SUPERSEDED);
            var begun = running("r1");
            state.deployments().enter(begun.id(), "r1", DeploymentStatus.CLONING, Checkpoint.NONE);
            assertThat(state.deployments().supersede(begun.id(), AT)).isFalse();
        }

        @Test
        void writersAtOnceLoseNothing() throws Exception {
            var deployment = running("r1");
            var id = deployment.id();
            Await.together(8, i -> () -> {
                if (i < 4) {
                    return state.deployments()
                            .step(
                                    id,
                                    "r1",
                                    new StepRun(List.of(Step.values()).get(i), StepRun.State.running, 1, AT, null));
                }
                state.deployments().archived(id, i);
                return true;
            });
            assertThat(now(deployment).steps()).hasSize(4);
            assertThat(now(deployment).archivedThrough())
                    .as("never less than it was")
                    .isEqualTo(7);
        }

        @Test
        void areListedNewestFirstPageByPage() {
            var project = Examples.slug();
            var ids = new ArrayList<String>();
            for (int i = 0; i < 7; i++) {
                var id = Examples.unique();
                ids.add(id);
                // Two a millisecond: the id decides then.
                state.deployments().insert(Examples.queued(id, project, AT.plusMillis(i / 2)));
            }
            Collections.reverse(ids);
            var filter = new Deployments.Filter(project, null, DeploymentStatus.QUEUED, Environment.PRODUCTION);
            var seen = new ArrayList<String>();
            for (var page = state.deployments().list(filter, null, 3);
                    !page.isEmpty();
                    page = state.deployments().list(filter, seen.getLast(), 3)) {
                page.forEach(each -> seen.add(each.id()));
            }
            assertThat(seen).isEqualTo(ids);
            assertThat(state.deployments().list(new Deployments.Filter(project, "main", null, null), null, 3))
                    .isEmpty();
            assertThat(state.deployments().active(10_000))
                    .extracting(Deployment::id)
                    .containsAll(ids);
            state.deployments().deleteOf(project);
            assertThat(state.deployments().list(filter, null, 3)).isEmpty();
        }
    }

    @Nested
    class OfApps {

        private App app(String deployment, Slug project, String reference) {
            return new App(
                    deployment,
                    project,
                    Environment.PRODUCTION,
                    new AppImage(reference, "app:" + deployment, null, 3000, 42),
                    Examples.FULL,
                    App.Wanted.RUNNING,
                    2,
                    0,
                    AT,
                    AT,
                    Map.of());
        }

        private App.Instance instance(int n, App.State state, @Nullable String address) {
            return new App.Instance(n, "codehaven-app-" + n, "engine", address, state, AT, 0, null);
        }

        @Test
        void whatIsWantedAndWhatIsSeenAreKeptApart() {
            var id = Examples.unique();
            var project = Examples.slug();
            var app = app(id, project, "sha256:1");
            state.apps().put(app, Map.of("SECRET", "tomato", "EMPTY", ""));
            assertThat(state.apps().find(id)).contains(app);
            assertThat(state.apps().variables(id)).isEqualTo(Map.of("SECRET", "tomato", "EMPTY", ""));
            assertThat(state.apps().variables("nobody00")).isEmpty();
            state.apps().report(id, instance(2, App.State.STARTING, null));
            state.apps().report(id, instance(1, App.State.HEALTHY, "10.0.0.2:3000"));
            state.apps().report(id, instance(2, App.State.HEALTHY, "10.0.0.3:3000"));
            assertThat(state.apps().want(id, App.Wanted.STOPPED, AT.plusSeconds(1)))
                    .isTrue();
            var now = state.apps().find(id).orElseThrow();
            assertThat(now.addresses()).containsExactly("10.0.0.2:3000", "10.0.0.3:3000");
            assertThat(now.wanted()).isEqualTo(App.Wanted.STOPPED);
            assertThat(now.usedAt()).isEqualTo(AT);
            state.apps().removed(id, 1);
            state.apps().put(app, Map.of("SECRET", "tomato", "EMPTY", ""));
            var again = state.apps().find(id).orElseThrow();
            assertThat(again.wanted()).as("the same again").isEqualTo(App.Wanted.RUNNING);
            assertThat(again.addresses()).containsExactly("10.0.0.3:3000");
            assertThat(again.epoch()).isZero();
            assertThat(state.apps().variables(id)).hasSize(2);
            state.apps().put(app(id, project, "sha256:2"), Map.of());
            assertThat(state.apps().find(id).orElseThrow().instances())
                    .as("another image")
                    .isEmpty();
            assertThat(state.apps().replicas(id, 5)).isTrue();
            assertThat(state.apps().restart(id)).isTrue();
            assertThat(state.apps().ofProject(project)).singleElement().satisfies(each -> {
                assertThat(each.replicas()).isEqualTo(5);
                assertThat(each.epoch()).isEqualTo(1);
            });
            state.apps().report("nobody00", instance(1, App.State.HEALTHY, "10.0.0.2:3000"));
            assertThat(state.apps().find("nobody00")).isEmpty();
            state.apps().deleteOf(project);
            assertThat(state.apps().find(id)).isEmpty();
            assertThat(state.apps().want(id, App.Wanted.RUNNING, AT)).isFalse();
        }

        @Test
        void whatChangedBeforeARetryReachesItsContainers() {
            var id = Examples.unique();
            var project = Examples.slug();
            state.apps().put(app(id, project, "sha256:1"), Map.of("MODE", "old"));
            state.apps().report(id, instance(1, App.State.CRASHED, null));
            state.apps().want(id, App.Wanted.STOPPED, AT.plusSeconds(1));

            state.apps().put(app(id, project, "sha256:1"), Map.of("MODE", "new"));
            assertThat(state.apps().variables(id)).isEqualTo(Map.of("MODE", "new"));
            assertThat(state.apps().find(id).orElseThrow()).satisfies(each -> {
                assertThat(each.epoch()).isEqualTo(1);
                assertThat(each.wanted()).isEqualTo(App.Wanted.RUNNING);
                assertThat(each.instances()).hasSize(1);
            });

            var other = new App(
                    id,
                    project,
                    Environment.PRODUCTION,
                    new AppImage("sha256:1", "app:" + id, null, 8080, 42),
                    BuildSettings.DETECTED,
                    App.Wanted.RUNNING,
                    3,
                    0,
                    AT.plusSeconds(2),
                    AT.plusSeconds(2),
                    Map.of());
            state.apps().put(other, Map.of("MODE", "new"));
            assertThat(state.apps().find(id).orElseThrow()).satisfies(each -> {
                assertThat(each.settings()).isEqualTo(BuildSettings.DETECTED);
                assertThat(each.image().port()).isEqualTo(8080);
                assertThat(each.replicas()).isEqualTo(3);
                assertThat(each.epoch()).isEqualTo(2);
            });
        }

        @Test
        void sleepsOnlyWhenNobodyUsedItMeanwhile() {
            var id = Examples.unique();
            state.apps().put(app(id, Examples.slug(), "sha256:1"), Map.of());
            var seen = state.apps().find(id).orElseThrow();
            state.apps().used(id, AT.plusSeconds(1));
            assertThat(state.apps().sleep(seen, AT.plusSeconds(2))).isFalse();
            assertThat(state.apps().sleep(state.apps().find(id).orElseThrow(), AT.plusSeconds(2)))
                    .isTrue();
            assertThat(state.apps().wake(id, AT.plusSeconds(3))).isTrue();
            assertThat(state.apps().wake(id, AT.plusSeconds(4))).isTrue();
            assertThat(state.apps().find(id).orElseThrow().wantedAt()).isEqualTo(AT.plusSeconds(3));
            state.apps().want(id, App.Wanted.STOPPED, AT.plusSeconds(5));
            assertThat(state.apps().wake(id, AT.plusSeconds(6))).isFalse();
            assertThat(state.apps().wake("nobody00", AT)).isFalse();
        }

        @Test
        void hostsLearnWhereAnAppAnswers() {
            var project = Examples.slug();
            var target = new Target.Container("ab".repeat(32), List.of());
            var site = new Site(Examples.host(), project, Examples.unique(), target, 3, Site.Role.PRODUCTION, AT);
            state.sites().point(site);
            var before = state.sites().changedSince(0).through();
            assertThat(state.sites().reach(site.deployment(), List.of("10.0.0.2:3000")))
                    .isTrue();
            assertThat(state.sites().reach(site.deployment(), List.of("10.0.0.2:3000")))
                    .isFalse();
            assertThat(state.sites().find(site.host()).orElseThrow().target())
                    .isEqualTo(new Target.Container("ab".repeat(32), List.of("10.0.0.2:3000")));
            assertThat(state.sites().changedSince(before).sites())
                    .extracting(Site::host)
                    .contains(site.host());
            assertThat(state.sites().reach("nobody00", List.of())).isFalse();
        }

        @Test
        void aHostOnProbationIsGivenBackOnceAndOnlyByWhoHasIt() {
            var host = Examples.host();
            var project = Examples.slug();
            var before = Examples.site(host, project, "before00", 3);
            var tried = Examples.site(host, project, "tried000", 4);
            state.sites().point(before);
            assertThat(state.sites().pointOnProbation(tried)).isTrue();
            assertThat(state.sites().pointOnProbation(tried))
                    .as("the same again")
                    .isTrue();
            assertThat(state.sites().giveBack(host, "before00", 3)).isEmpty();
            var shown = state.sites().giveBack(host, "tried000", 4).orElseThrow();
            assertThat(shown.deployment()).isEqualTo("before00");
            assertThat(shown.target()).isEqualTo(before.target());
            assertThat(shown.generation()).as("what is newer still wins").isEqualTo(4);
            assertThat(shown.pointedAt()).isAfter(tried.pointedAt());
            assertThat(state.sites().find(host)).contains(shown);
            assertThat(state.sites().giveBack(host, "tried000", 4)).as("once").isEmpty();
            assertThat(state.sites().pointOnProbation(tried)).as("a retry").isTrue();
            state.sites().reach("tried000", List.of());
            assertThat(state.sites().point(Examples.site(host, project, "newer000", 5)))
                    .isTrue();
            assertThat(state.sites().giveBack(host, "tried000", 4)).isEmpty();
            assertThat(state.sites().pointOnProbation(tried)).isFalse();
            var fresh = Examples.site(Examples.host(), project, "first000", 6);
            assertThat(state.sites().pointOnProbation(fresh)).isTrue();
            assertThat(state.sites().giveBack(fresh.host(), "first000", 6))
                    .as("nothing was shown")
                    .isEmpty();
        }

        @Test
        void oneKeeperAtATimeHasAnEngine() throws Exception {
            var engine = Examples.unique();
            var mark = state.keepers().installation();
            assertThat(mark).hasSize(8).isEqualTo(state.keepers().installation());
            assertThat(state.keepers().keep(engine, "a", Duration.ofMinutes(1))).isTrue();
            assertThat(state.keepers().keep(engine, "b", Duration.ofMinutes(1))).isFalse();
            assertThat(state.keepers().keep(engine, "a", Duration.ofMinutes(1))).isTrue();
            state.keepers().leave(engine, "b");
            assertThat(state.keepers().keep(engine, "b", Duration.ofMinutes(1))).isFalse();
            state.keepers().leave(engine, "a");
            assertThat(state.keepers().keep(engine, "b", Duration.ofMillis(1))).isTrue();
            Thread.sleep(5);
            assertThat(state.keepers().keep(engine, "a", Duration.ofMinutes(1)))
                    .as("b is silent")
                    .isTrue();
        }

        @Test
        void anAppIsClaimedByOneEngine() {
            var id = Examples.unique();
            state.apps().put(app(id, Examples.slug(), "sha256:1"), Map.of());
            assertThat(state.apps().claim(id, instance(1, App.State.STARTING, null)))
                    .isTrue();
            assertThat(state.apps().claim(id, instance(1, App.State.STARTING, null)))
                    .isFalse();
            state.apps().removed(id, 1);
            assertThat(state.apps().claim(id, instance(1, App.State.STARTING, null)))
                    .isTrue();
        }

        @Test
        void runtimeLogsKeepTheNewestLines() {
            var id = Examples.unique();
            assertThat(state.runtimeLogs().last(id)).isZero();
            assertThat(state.runtimeLogs().append(id, List.of())).isZero();
            for (int batch = 0; batch < 45; batch++) {
                var first = batch * RuntimeLogs.LINES_PER_BATCH;
                state.runtimeLogs()
                        .append(
                                id,
                                IntStream.range(first, first + RuntimeLogs.LINES_PER_BATCH)
                                        .mapToObj(i -> new RuntimeLogs.Line(
                                                0, AT.plusMillis(i), 1 + i % 2, "stdout", "Line " + (i + 1)))
                                        .toList());
            }
            var last = 45L * RuntimeLogs.LINES_PER_BATCH;
            assertThat(state.runtimeLogs().last(id)).isEqualTo(last);
            var kept = state.runtimeLogs().read(id, 0, 100_000);
            assertThat(kept).hasSize(RuntimeLogs.MOST_LINES);
            assertThat(kept.getFirst().text())
                    .isEqualTo("Line " + kept.getFirst().n());
            assertThat(state.runtimeLogs().tail(id, 2))
                    .extracting(RuntimeLogs.Line::n)
                    .containsExactly(last - 1, last);
            assertThat(state.runtimeLogs().read(id, last - 3, 2))
                    .extracting(RuntimeLogs.Line::n)
                    .containsExactly(last - 2, last - 1);
            assertThat(state.runtimeLogs().find(id, "line " + (last - 7), 10))
                    .extracting(RuntimeLogs.Line::n)
                    .containsExactly(last - 7);
            assertThat(state.runtimeLogs().lastAt(id, 1)).isEqualTo(AT.plusMillis(last - 2));
            assertThat(state.runtimeLogs().lastAt(id, 3)).isNull();
            state.runtimeLogs().append(id, List.of(new RuntimeLogs.Line(0, AT, 1, "stderr", "x".repeat(50_000))));
            assertThat(state.runtimeLogs().tail(id, 1).getFirst().text()).hasSize(RuntimeLogs.LONGEST_LINE + 1);
            state.runtimeLogs().delete(id);
            assertThat(state.runtimeLogs().read(id, 0, 10)).isEmpty();
        }

        @Test
        void linesOfSeveralContainersAtOnceAllCome() throws Exception {
            var id = Examples.unique();
            Await.together(8, i -> () -> {
                for (int n = 0; n < 5; n++) {
                    state.runtimeLogs()
                            .append(
                                    id,
                                    List.of(
                                            new RuntimeLogs.Line(0, AT, i, "stdout", "a"),
                                            new RuntimeLogs.Line(0, AT, i, "stdout", "b")));
                }
                return true;
            });
            assertThat(state.runtimeLogs().read(id, 0, 1_000))
                    .extracting(RuntimeLogs.Line::n)
                    .isEqualTo(LongStream.rangeClosed(1, 80).boxed().toList());
        }

        @Test
        void figuresKeepTheNewestSamples() {
            var id = Examples.unique();
            for (int i = 0; i < AppFigures.MOST + 5; i++) {
                state.appFigures().add(id, 1, new AppFigures.Sample(AT.plusSeconds(i), 0.25, 1 + i, 2, 3));
            }
            var samples = state.appFigures().of(id, 1);
            assertThat(samples).hasSize(AppFigures.MOST);
            assertThat(samples.getLast())
                    .isEqualTo(new AppFigures.Sample(
                            AT.plusSeconds(AppFigures.MOST + 4), 0.25, AppFigures.MOST + 5, 2, 3));
            assertThat(state.appFigures().of(id, 2)).isEmpty();
            state.appFigures().delete(id);
            assertThat(state.appFigures().of(id, 1)).isEmpty();
        }
    }

    @Nested
    class OfSites {

        @Test
        void oldDeploymentCannotOverwriteNewer() {
            var host = Examples.host();
            var project = Examples.slug();
            var newer = Examples.site(host, project, "new00000", 5);
            assertThat(state.sites().point(newer)).isTrue();
            assertThat(state.sites().point(Examples.site(host, project, "old00000", 4)))
                    .isFalse();
            assertThat(state.sites().point(Examples.site(host, project, "other000", 5)))
                    .isFalse();
            assertThat(state.sites().point(newer)).as("the same again").isTrue();
            assertThat(state.sites().find(host)).contains(newer);
            var rollback = Examples.site(host, project, "old00000", 6);
            assertThat(state.sites().point(rollback)).isTrue();
            assertThat(state.sites().find(host)).contains(rollback);
        }

        @Test
        void whatProductionShowedIsRememberedNewestFirstAndOnce() {
            var host = Examples.host();
            var project = Examples.slug();
            var one = Examples.site(host, project, "one00000", 1);
            var three = Examples.site(host, project, "three000", 3);
            state.sites().point(one);
            state.sites().point(three);
            state.sites().point(three);
            state.sites().point(Examples.site(host, project, "two00000", 2));
            state.sites().point(Examples.site(host, project, "one00000", 4));
            assertThat(state.sites().pointings(host))
                    .extracting(Sites.Pointing::deployment)
                    .containsExactly("one00000", "three000", "one00000");
            for (int n = 5; n < 80; n++) {
                state.sites().point(Examples.site(host, project, "d" + n, n));
            }
            assertThat(state.sites().pointings(host))
                    .hasSize(50)
                    .first()
                    .isEqualTo(new Sites.Pointing("d79", Examples.AT));
            state.sites().deleteOf(project);
            assertThat(state.sites().pointings(host)).isEmpty();
            assertThat(state.sites().pointings(Examples.host())).isEmpty();
        }

        @Test
        void severalHostsAreFoundAtOnce() {
            var project = Examples.slug();
            var one = Examples.site(Examples.host(), project, "one00000", 1);
            var other = Examples.site(Examples.host(), project, "other000", 1);
            state.sites().point(one);
            state.sites().point(other);
            assertThat(state.sites().all(List.of(one.host(), other.host(), Examples.host())))
                    .containsExactlyInAnyOrder(one, other);
            assertThat(state.sites().all(List.of())).isEmpty();
        }

        @Test
        void twentyAtOnceLeaveTheHighest() throws Exception {
            var project = Examples.slug();
            for (int round = 0; round < 3; round++) {
                var host = Examples.host();
                var order = new ArrayList<>(IntStream.rangeClosed(1, 20).boxed().toList());
                Collections.shuffle(order, new Random(round));
                var answers = Await.together(
                        20,
                        i -> () -> state.sites().point(Examples.site(host, project, "d" + order.get(i), order.get(i))));
                assertThat(state.sites().find(host).orElseThrow().generation()).isEqualTo(20);
                assertThat(answers.get(order.indexOf(20)))
                        .as("the highest is told so")
                        .isTrue();
            }
        }

        @Test
        void bothKindsOfTargetComeBack() {
            var site = new Site(
                    Examples.host(),
                    Examples.slug(),
                    "d1",
                    new Target.Container("ab".repeat(32), List.of("127.0.0.1:3000")),
                    1,
                    Site.Role.DOMAIN,
                    AT);
            state.sites().point(site);
            assertThat(state.sites().find(site.host())).contains(site);
            assertThat(state.sites().ofProject(site.project())).containsExactly(site);
            assertThat(state.sites().all()).contains(site);
            state.sites().deleteOf(site.project());
            assertThat(state.sites().all()).doesNotContain(site);
        }

        @Test
        void changesAreSeenOnceTheyAreThereAlsoOutOfOrder() {
            var time = new AtomicLong(1);
            try (var mongo = Mongo.of(settings.mongodb())) {
                var sites = new Sites(mongo, time::get);
                var project = Examples.slug();
                var first = Examples.site(Examples.host(), project, "d1", 1);
                sites.point(first);
                var before = sites.changedSince(0);
                assertThat(before.sites()).contains(first);

                // Numbered first, written last.
                var number = mongo.next("sites");
                var later = Examples.site(Examples.host(), project, "d2", 1);
                sites.point(later);
                var meanwhile = sites.changedSince(before.through());
                assertThat(meanwhile.sites()).contains(later);
                var late = Examples.host();
                collection("sites")
                        .insertOne(Objects.requireNonNull(collection("sites")
                                        .find(Filters.eq("_id", later.host().text()))
                                        .first())
                                .append("_id", late.text())
                                .append("change", number));
                time.addAndGet(Duration.ofSeconds(2).toNanos());
                var after = sites.changedSince(meanwhile.through());
                assertThat(after.sites()).extracting(Site::host).contains(late);

                time.addAndGet(Duration.ofMinutes(1).toNanos());
                var settled = sites.changedSince(after.through());
                assertThat(sites.changedSince(settled.through()).sites())
                        .as("once settled, nothing comes twice")
                        .isEmpty();
            }
        }
    }

    @Nested
    class OfTheTimeline {

        private String deployment() {
            var deployment = Examples.queued();
            state.deployments().insert(deployment);
            return deployment.id();
        }

        private List<Placed> all(State from, String deployment) {
            var all = new ArrayList<Placed>();
            from.timeline().forEach(deployment, 0, all::add);
            return all;
        }

        private void assertGapless(List<Placed> events) {
            for (int i = 0; i < events.size(); i++) {
                assertThat(events.get(i).position()).isEqualTo(i + 1L);
            }
        }

        @Test
        void eventsComeBackAsTheyWere() {
            var id = deployment();
            var events = List.<DeploymentEvent>of(
                    new StatusChanged(AT, DeploymentStatus.CLONING, null),
                    new StepChanged(AT, new StepRun(Step.CLONING, StepRun.State.running, 1, AT, null)),
                    new LogLine(
                            AT,
                            1,
                            null,
                            "system",
                            "a\nb\r\u2028\u001b[31mred\u001b[0m \"q\" \\ \ud83d\ude80 \0",
                            DeploymentEvent.Level.warn),
                    new StatusChanged(
                            AT,
                            DeploymentStatus.FAILED,
                            new Failure(null, FailureKind.UNEXPECTED, "m", "h", new Failure.Lines(1, 1), null)));
            assertThat(state.timeline().append(id, events)).isEqualTo(4);
            assertThat(state.timeline().read(id, 0, 10))
                    .extracting(Placed::event)
                    .isEqualTo(events);
            state.timeline().archive(id);
            assertThat(state.timeline().read(id, 0, 10))
                    .extracting(Placed::event)
                    .isEqualTo(events);
        }

        @Test
        void anyPlaceCanBeReadFrom() {
            var id = deployment();
            assertThat(state.timeline().read(id, 0, 10)).isEmpty();
            assertThat(state.timeline().append(id, List.of())).isZero();
            state.timeline().append(id, lines(1, 3));
            state.timeline().append(id, lines(4, 1_100));
            state.timeline().append(id, lines(1_101, 1_101));
            try (var other = State.open(settings)) {
                for (var timeline : List.of(state.timeline(), other.timeline())) {
                    for (var after : List.of(0L, 1L, 3L, 4L, 514L, 515L, 516L, 1_099L, 1_100L)) {
                        assertThat(timeline.read(id, after, 2).getFirst().position())
                                .isEqualTo(after + 1);
                    }
                    assertThat(timeline.read(id, 2, 5)).hasSize(5);
                    assertThat(timeline.read(id, 1_101, 5)).isEmpty();
                    assertThat(timeline.read(id, 5_000, 5)).isEmpty();
                    assertThat(timeline.lastLine(id)).isEqualTo(1_101);
                }
            }
        }

        @Test
        void aReaderFollowsEightWritersWithoutGapOrDuplicate() throws Exception {
            var id = deployment();
            var done = new AtomicBoolean();
            var seen = new ArrayList<Placed>();
            var reader = Thread.ofPlatform().start(() -> {
                long after = 0;
                while (true) {
                    var finished = done.get();
                    var part = state.timeline().read(id, after, 50);
                    seen.addAll(part);
                    after += part.size();
                    if (finished && part.isEmpty()) {
                        return;
                    }
                }
            });
            // Two processes.
            try (var other = State.open(settings)) {
                Await.together(8, writer -> () -> {
                    var timeline = writer % 2 == 0 ? state.timeline() : other.timeline();
                    for (int i = 0; i < 15; i++) {
                        var text = writer + " " + i + " ";
                        timeline.append(id, List.of(line(i + 1, text + "a"), line(i + 1, text + "b")));
                    }
                    return true;
                });
            } finally {
                done.set(true);
            }
            reader.join();
            assertThat(seen).hasSize(240);
            assertGapless(seen);
            assertThat(seen.stream()
                            .map(placed -> ((LogLine) placed.event()).text())
                            .distinct())
                    .hasSize(240);
            for (int writer = 0; writer < 8; writer++) {
                var prefix = writer + " ";
                assertThat(seen.stream()
                                .map(placed -> ((LogLine) placed.event()).text())
                                .filter(text -> text.startsWith(prefix)))
                        .as("each writer's own order")
                        .isEqualTo(IntStream.range(0, 15)
                                .boxed()
                                .flatMap(i -> java.util.stream.Stream.of(prefix + i + " a", prefix + i + " b"))
                                .toList());
            }
        }

        @Test
        void archivedAndLiveReadAsOne() throws IOException {
            var id = deployment();
            state.timeline().append(id, lines(1, 700));
            state.timeline().archive(id);
            assertThat(collection("timeline").countDocuments(Filters.eq("deployment", id)))
                    .isZero();
            assertThat(state.timeline().lastLine(id)).isEqualTo(700);
            assertThat(state.timeline().append(id, lines(701, 710))).isEqualTo(710);
            assertThat(state.timeline().read(id, 690, 15)).hasSize(15);
            assertGapless(all(state, id));
            state.timeline().archive(id);
            state.timeline().archive(id);
            assertThat(state.deployments().find(id).orElseThrow().archivedThrough())
                    .isEqualTo(710);
            try (var other = State.open(settings)) {
                assertThat(all(other, id)).hasSize(710).isEqualTo(all(state, id));
                assertThat(other.timeline().append(id, lines(711, 711))).isEqualTo(711);
            }
            try (var archive = new GZIPInputStream(state.blobs().open(Blobs.log(id)))) {
                var text = new String(archive.readAllBytes(), StandardCharsets.UTF_8);
                assertThat(text.lines()).hasSize(710);
                assertThat(text).startsWith("{\"position\":1,");
            }
        }

        @Test
        void archivingGoesOnAfterACrashAnywhere() {
            var id = deployment();
            state.timeline().append(id, lines(1, 5));
            state.timeline().append(id, lines(6, 600));
            var live = collection("timeline").find(Filters.eq("deployment", id)).into(new ArrayList<>());
            state.timeline().archive(id);
            var whole = all(state, id);

            // The object is there, and nobody has noted it.
            collection("timeline").insertMany(live);
            collection("deployments")
                    .updateOne(
                            Filters.eq("_id", id),
                            Updates.combine(Updates.unset("archivedThrough"), Updates.inc("version", 1L)));
            try (var next = State.open(settings)) {
                assertThat(all(next, id)).isEqualTo(whole);
                next.timeline().append(id, lines(601, 603));
                next.timeline().archive(id);
                assertThat(collection("timeline").countDocuments(Filters.eq("deployment", id)))
                        .isZero();
                assertThat(all(next, id)).hasSize(603).startsWith(whole.toArray(Placed[]::new));
            }

            // It is noted, and some batches are not deleted yet.
            collection("timeline").insertMany(live.subList(1, 2));
            try (var next = State.open(settings)) {
                assertThat(all(next, id)).hasSize(603);
                next.timeline().archive(id);
                assertThat(collection("timeline").countDocuments(Filters.eq("deployment", id)))
                        .isZero();
                assertThat(all(next, id)).hasSize(603);
            }
        }

        @Test
        void aWriterThatSleptThroughTheArchivingGoesOnAtTheEnd() {
            var id = deployment();
            try (var sleeper = State.open(settings)) {
                sleeper.timeline().append(id, lines(1, 3));
                state.timeline().append(id, lines(4, 6));
                state.timeline().append(id, lines(7, 9));
                state.timeline().archive(id);
                assertThat(sleeper.timeline().append(id, lines(10, 10))).isEqualTo(10);
                assertGapless(all(sleeper, id));
                assertThat(all(state, id)).hasSize(10).isEqualTo(all(sleeper, id));
            }
        }

        @Test
        void archiversAtOnceLoseNothing() throws Exception {
            var id = deployment();
            state.timeline().append(id, lines(1, 50));
            try (var other = State.open(settings)) {
                Await.together(4, i -> () -> {
                    var each = i % 2 == 0 ? state : other;
                    for (int round = 0; round < 2; round++) {
                        each.timeline().append(id, List.of(line(100, i + "/" + round)));
                        try {
                            each.timeline().archive(id);
                        } catch (Blobs.Unavailable busy) {
                            assertThat(busy).hasMessageContaining("archived by others");
                        }
                    }
                    return true;
                });
                state.timeline().archive(id);
                assertGapless(all(state, id));
                assertThat(all(state, id)).hasSize(58).isEqualTo(all(other, id));
                assertThat(all(state, id).stream()
                                .map(placed -> ((LogLine) placed.event()).text())
                                .distinct())
                        .hasSize(58);
            }
        }

        @Test
        void linesAreFoundByNumber() {
            var id = deployment();
            state.timeline().append(id, List.of(new StatusChanged(AT, DeploymentStatus.CLONING, null)));
            state.timeline().append(id, lines(1, 900));
            state.timeline().append(id, List.of(line(901, "\u001b[31mE\u001b[1mrror\u001b[0m: no such file")));
            for (int round = 0; round < 3; round++) {
                assertThat(state.timeline().lines(id, 899, 5_00)).isEmpty();
                assertThat(state.timeline().lines(id, 500, 2_000)).hasSize(402);
                assertThat(state.timeline().lines(id, 7, 7)).containsExactly(line(7));
                assertThat(state.timeline().lines(id, 902, 1_000)).isEmpty();
                var rest = new ArrayList<Long>();
                state.timeline().forEachLine(id, 890, each -> rest.add(each.n()));
                assertThat(rest)
                        .containsExactlyElementsOf(
                                LongStream.rangeClosed(891, 901).boxed().toList());
                if (round == 0) {
                    state.timeline().archive(id);
                } else if (round == 1) {
                    // What a retry says afterwards counts on and is live again.
                    state.timeline().append(id, List.of(new StatusChanged(AT, DeploymentStatus.BUILDING, null)));
                }
            }
            assertThatThrownBy(() -> state.timeline().lines(id, 1, 2_001)).hasMessageContaining("2000");
        }

        @Test
        void aLongLogIsArchivedAndReadInParts() {
            var id = deployment();
            var text = "x".repeat(100);
            for (int batch = 0; batch < 20; batch++) {
                var from = batch * 500L;
                state.timeline()
                        .append(
                                id,
                                LongStream.rangeClosed(from + 1, from + 500)
                                        .mapToObj(n -> line(n, text + n))
                                        .toList());
            }
            state.timeline().archive(id);
            assertThat(state.timeline().lines(id, 9_001, 10_000)).hasSize(1_000);
            var count = new AtomicInteger();
            state.timeline()
                    .forEach(id, 0, placed -> assertThat(placed.position()).isEqualTo(count.incrementAndGet()));
            assertThat(count).hasValue(10_000);
        }

        @Test
        void whatIsDeletedIsGone() {
            var id = deployment();
            state.timeline().append(id, lines(1, 3));
            state.timeline().archive(id);
            state.timeline().append(id, lines(4, 5));
            state.timeline().delete(id);
            assertThat(state.blobs().size(Blobs.log(id))).isEmpty();
            assertThat(collection("timeline").countDocuments(Filters.eq("deployment", id)))
                    .isZero();
        }
    }

    @Nested
    class OfBlobs {

        private String key() {
            return Blobs.blob("t" + Examples.unique());
        }

        @Test
        void bytesComeBack() throws IOException {
            var key = key();
            assertThat(state.blobs().size(key)).isEmpty();
            assertThatThrownBy(() -> state.blobs().open(key))
                    .isInstanceOf(Blobs.NotThere.class)
                    .hasMessageContaining(key);
            state.blobs().put(key, "hello".getBytes(StandardCharsets.UTF_8));
            assertThat(state.blobs().size(key)).contains(5L);
            try (var bytes = state.blobs().open(key)) {
                assertThat(bytes.readAllBytes())
                        .asString(StandardCharsets.UTF_8)
                        .isEqualTo("hello");
            }
            var empty = key();
            state.blobs().put(empty, new byte[0]);
            try (var bytes = state.blobs().open(empty)) {
                assertThat(bytes.readAllBytes()).isEmpty();
            }
            state.blobs().delete(key);
            state.blobs().delete(key);
            assertThat(state.blobs().size(key)).isEmpty();
        }

        @Test
        void aDownloadIsWholeOrNotThere() throws IOException {
            var key = key();
            var target = directory.resolve("deep/er/" + Examples.unique());
            assertThatThrownBy(() -> state.blobs().download(key, target)).isInstanceOf(Blobs.NotThere.class);
            state.blobs().put(key, new byte[100_000]);
            state.blobs().download(key, target);
            assertThat(target).hasSize(100_000);
            try (var files = Files.list(target.getParent())) {
                assertThat(files).containsExactly(target);
            }
        }

        @Test
        void aFileTooLargeForOnePieceComesBack() throws IOException {
            var file = directory.resolve("large" + Examples.unique());
            var chunk = new byte[1 << 20];
            new Random(7).nextBytes(chunk);
            try (var out = Files.newOutputStream(file)) {
                for (int i = 0; i < 70; i++) {
                    chunk[i] = (byte) i;
                    out.write(chunk);
                }
                out.write(1);
            }
            var key = key();
            state.blobs().put(key, file);
            assertThat(state.blobs().size(key)).contains((70L << 20) + 1);
            try (var mine = Files.newInputStream(file);
                    var stored = state.blobs().open(key)) {
                assertSame(mine, stored);
            }
            // Nobody reads it to its end, and nothing waits for that.
            try (var stored = state.blobs().open(key)) {
                assertThat(stored.read()).isNotNegative();
            }
            state.blobs().delete(key);
            Files.delete(file);
        }

        private void assertSame(InputStream one, InputStream other) throws IOException {
            while (true) {
                var a = one.readNBytes(1 << 16);
                var b = other.readNBytes(1 << 16);
                assertThat(java.util.Arrays.equals(a, b)).isTrue();
                if (a.length == 0) {
                    return;
                }
            }
        }

        @Test
        void allPagesAreListedAndDeleted() throws Exception {
            var project = "list" + Examples.unique();
            Await.together(5, i -> () -> {
                for (int n = i; n < 45; n += 5) {
                    state.blobs().put(Blobs.cache(project, "k" + n), new byte[1]);
                }
                return true;
            });
            var prefix = Blobs.cachesOf(project);
            assertThat(state.blobs().list(prefix, 10))
                    .hasSize(45)
                    .isSorted()
                    .allMatch(key -> key.startsWith(prefix))
                    .isEqualTo(state.blobs().list(prefix));
            var keys = state.blobs().list(prefix);
            var asked = new ArrayList<>(keys.subList(0, 40));
            asked.add(Blobs.cache(project, "missing"));
            assertThat(state.blobs().present(asked)).hasSize(40).containsAll(keys.subList(0, 40));
            state.blobs().deletePrefix(prefix);
            assertThat(state.blobs().list(prefix)).isEmpty();
        }

        @Test
        void ofTenThatStoreIfNothingIsThereOneDoes() throws Exception {
            var key = key();
            var answers = Await.together(10, i -> () -> {
                var file = Files.writeString(directory.resolve("racer" + Examples.unique()), "racer " + i);
                return state.blobs().putIf(key, file, null);
            });
            assertThat(answers).containsOnlyOnce(true);
            var tag = state.blobs().openTagged(key).map(stored -> {
                try (var bytes = stored.bytes()) {
                    assertThat(bytes.readAllBytes())
                            .asString(StandardCharsets.UTF_8)
                            .isEqualTo("racer " + answers.indexOf(true));
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
                return stored.tag();
            });
            var next = Files.writeString(directory.resolve("racer" + Examples.unique()), "next");
            assertThat(state.blobs().putIf(key, next, tag.orElseThrow())).isTrue();
            assertThat(state.blobs().putIf(key, next, tag.orElseThrow()))
                    .as("the tag has changed")
                    .isFalse();
        }

        @Test
        void aMissingBucketIsMade() {
            var other = new StateSettings(
                    settings.mongodb(),
                    settings.redis(),
                    settings.s3Endpoint(),
                    settings.s3Region(),
                    "b" + Examples.unique(),
                    settings.s3AccessKey(),
                    settings.s3SecretKey(),
                    "");
            try (var opened = State.open(other);
                    var again = State.open(other)) {
                opened.blobs().put("blobs/a", new byte[3]);
                assertThat(again.blobs().size("blobs/a")).contains(3L);
                assertThatThrownBy(() ->
                                opened.variables().put(Examples.slug(), "A", "b", true, Set.of(Environment.PREVIEW)))
                        .hasMessageContaining("CODEHAVEN_SECRET_KEY is not set");
            }
        }
    }

    @Nested
    class OfIdempotency {

        @Test
        void ofTwentyThatClaimAKeyOneHasIt() throws Exception {
            var key = Examples.unique();
            var answers =
                    Await.together(20, i -> () -> state.idempotency().claim(new Remembered(key, "POST /x", "d" + i)));
            assertThat(answers.stream().filter(java.util.Optional::isEmpty)).hasSize(1);
            var winner = answers.stream()
                    .filter(java.util.Optional::isPresent)
                    .findFirst()
                    .orElseThrow();
            assertThat(answers.stream().filter(java.util.Optional::isPresent)).allMatch(winner::equals);
            state.idempotency().forget(key);
            assertThat(state.idempotency().claim(new Remembered(key, "POST /x", "again")))
                    .isEmpty();
        }

        @Test
        void aDayLaterTheKeyIsFree() {
            var key = Examples.unique();
            try (var mongo = Mongo.of(settings.mongodb())) {
                var now = Instant.now();
                new Idempotency(mongo, Clock.fixed(now, ZoneOffset.UTC)).claim(new Remembered(key, "f", "first"));
                assertThat(new Idempotency(mongo, Clock.fixed(now.plusSeconds(23 * 3600), ZoneOffset.UTC))
                                .claim(new Remembered(key, "f", "second")))
                        .contains(new Remembered(key, "f", "first"));
                assertThat(new Idempotency(mongo, Clock.fixed(now.plusSeconds(25 * 3600), ZoneOffset.UTC))
                                .claim(new Remembered(key, "g", "third")))
                        .isEmpty();
            }
        }
    }

    @Nested
    class OfLeasesAndNudges {

        @Test
        void oneHolderAtATimeWhateverThreadEndsIt() throws Exception {
            var name = Examples.unique();
            var held = state.leases().take(name, Duration.ofSeconds(1));
            var waited = System.nanoTime();
            var without = state.leases().take(name, Duration.ofMillis(300));
            assertThat(System.nanoTime() - waited).isBetween(250_000_000L, 3_000_000_000L);
            without.close();
            Thread.ofPlatform().start(held::close).join();
            held.close();
            try (var other = State.open(settings)) {
                var start = System.nanoTime();
                try (var _ = other.leases().take(name, Duration.ofSeconds(20))) {
                    assertThat(System.nanoTime() - start).as("it was free").isLessThan(5_000_000_000L);
                }
            }
        }

        @Test
        void whoListensToAllHearsOfEachDeploymentByItsId() throws Exception {
            try (var other = State.open(settings)) {
                var ids = List.of(Examples.unique(), Examples.unique());
                var mine = ConcurrentHashMap.<String>newKeySet();
                var theirs = ConcurrentHashMap.<String>newKeySet();
                var closed = state.bus().onAnyDeployment(id -> {
                    throw new AssertionError("it was closed");
                });
                closed.close();
                closed.close();
                try (var here = state.bus().onAnyDeployment(mine::add);
                        var there = other.bus().onAnyDeployment(theirs::add)) {
                    assertThat(here).isNotSameAs(there);
                    Await.until("both hear of both", Duration.ofSeconds(10), () -> {
                        ids.forEach(state.bus()::nudge);
                        state.bus().nudgeRoutes();
                        return mine.containsAll(ids) && theirs.containsAll(ids);
                    });
                    assertThat(mine).containsExactlyInAnyOrderElementsOf(ids);
                }
            }
        }

        @Test
        void whoeverIsSlowIsToldOnceMoreAndNotOnceForEachNudge() throws Exception {
            var id = Examples.unique();
            var looks = new AtomicInteger();
            var others = ConcurrentHashMap.<String>newKeySet();
            var first = new CountDownLatch(1);
            var goOn = new CountDownLatch(1);
            try (var listening = state.bus().onAnyDeployment(each -> {
                others.add(each);
                if (each.equals(id) && looks.incrementAndGet() == 1) {
                    first.countDown();
                    try {
                        goOn.await(10, TimeUnit.SECONDS);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                }
            })) {
                assertThat(listening).isNotNull();
                state.bus().nudge(id);
                assertThat(first.await(10, TimeUnit.SECONDS)).isTrue();
                for (int i = 0; i < 100; i++) {
                    state.bus().nudge(id);
                }
                goOn.countDown();
                Await.until("it is told once more", Duration.ofSeconds(10), () -> looks.get() >= 2);
                var next = Examples.unique();
                state.bus().nudge(next);
                Await.until("the next one is told", Duration.ofSeconds(10), () -> others.contains(next));
                assertThat(looks).hasValue(2);
            }
        }

        @Test
        void nudgesReachOtherProcesses() throws Exception {
            try (var other = State.open(settings)) {
                var id = Examples.unique();
                var looks = new ConcurrentLinkedQueue<String>();
                var heard = new CountDownLatch(2);
                var mine = state.bus().onDeployment(id, () -> {
                    looks.add("mine");
                    heard.countDown();
                });
                try (var theirs = other.bus().onDeployment(id, () -> {
                            looks.add("theirs");
                            heard.countDown();
                        });
                        var deaf = other.bus().onDeployment("another", () -> looks.add("wrong"))) {
                    state.bus().nudge(id);
                    assertThat(heard.await(10, TimeUnit.SECONDS)).isTrue();
                    for (int i = 2; i <= 5; i++) {
                        var before = looks.stream().filter("theirs"::equals).count();
                        state.bus().nudge(id);
                        Await.until(
                                "they hear it again",
                                Duration.ofSeconds(10),
                                () -> looks.stream().filter("theirs"::equals).count() > before);
                    }
                    // Once or twice, when the other process began to hear; never for what is said of others.
                    assertThat(looks.stream().filter("wrong"::equals).count()).isLessThanOrEqualTo(2);
                    mine.close();
                    mine.close();
                    var routes = new CountDownLatch(1);
                    try (var _ = other.bus().onRoutes(routes::countDown)) {
                        state.bus().nudgeRoutes();
                        assertThat(routes.await(10, TimeUnit.SECONDS)).isTrue();
                    }
                    assertThat(theirs).isNotNull();
                    assertThat(deaf).isNotNull();
                }
            }
        }
    }
}
