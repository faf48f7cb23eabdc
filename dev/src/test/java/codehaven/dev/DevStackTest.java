package codehaven.dev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import org.bson.Document;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DevStackTest {
    private static final List<String> ATTRIBUTES = List.of("ProjectSlug", "DeploymentStatus");

    @TempDir
    Path data;

    @Test
    void everythingComesBackAfterTheProgramWasKilled() throws Exception {
        Process victim = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Victim.class.getName(),
                        data.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        List<Long> left;
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(victim.getInputStream(), StandardCharsets.UTF_8))) {
            left = List.of(Long.parseLong(output.readLine()), Long.parseLong(output.readLine()));
            assertThatIOException()
                    .isThrownBy(() -> DevStack.start(DevStack.Plan.everything(data, ATTRIBUTES)))
                    .withMessageContaining(data.toString())
                    .withMessageContaining("process " + victim.pid());
        } finally {
            victim.destroyForcibly().waitFor();
        }
        assertThat(left)
                .as("Temporal and Redis outlive the program that was killed")
                .allMatch(
                        pid -> ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false));
        try (DevStack stack = DevStack.start(DevStack.Plan.everything(data, ATTRIBUTES));
                MongoClient client = MongoClients.create(stack.mongo().uri())) {
            assertThat(left)
                    .as("ended by the next start")
                    .noneMatch(pid ->
                            ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false));
            assertThat(stack.took()).containsOnlyKeys(DevStack.Part.values());
            assertThat(stack.temporal().serves()).isTrue();
            assertThat(client.getDatabase("test").getCollection("left").find().first())
                    .containsEntry("_id", "kept");
            assertThat(stack.s3().endpoint().getPort()).isPositive();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data.resolve("s3/secret"))))
                    .isEqualTo("rw-------");
        }
        assertThat(data.resolve("temporal/temporal.pid")).doesNotExist();
        assertThat(data.resolve("redis/redis.pid")).doesNotExist();
    }

    /** A program with a stack of its own that is killed. */
    static final class Victim {
        public static void main(String[] arguments) throws Exception {
            try (DevStack stack = DevStack.start(DevStack.Plan.everything(Path.of(arguments[0]), ATTRIBUTES));
                    MongoClient client = MongoClients.create(stack.mongo().uri())) {
                client.getDatabase("test").getCollection("left").insertOne(new Document("_id", "kept"));
                System.out.println(stack.temporal().pid());
                System.out.println(stack.redis().pid());
                Thread.sleep(60_000);
            }
        }
    }

    @Test
    void onlyWhatWasAskedForIsStarted() throws Exception {
        DevStack.Plan plan =
                new DevStack.Plan(data, Set.of(DevStack.Part.S3), List.of(), null, "codehaven", line -> {});
        try (DevStack stack = DevStack.start(plan)) {
            assertThat(stack.took()).containsOnlyKeys(DevStack.Part.S3);
            assertThatExceptionOfType(NoSuchElementException.class)
                    .isThrownBy(stack::redis)
                    .withMessageContaining("Redis");
        }
    }

    @Test
    void partThatDoesNotStartTakesTheOthersWithIt() throws Exception {
        Files.createDirectories(data);
        Files.writeString(data.resolve("mongodb"), "a file where a directory should be");
        DevStack.Plan plan = new DevStack.Plan(
                data, Set.of(DevStack.Part.MONGODB, DevStack.Part.REDIS), List.of(), null, "codehaven", line -> {});
        assertThatIOException()
                .isThrownBy(() -> DevStack.start(plan))
                .withMessageStartingWith("The embedded MongoDB server does not start");
        assertThat(data.resolve("redis/redis.pid")).doesNotExist();
        Files.delete(data.resolve("mongodb"));
        DevStack.start(plan).close();
    }
}
