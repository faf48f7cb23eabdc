package codehaven.dev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildTest {
    private static final List<String> SLEEPER = List.of("/bin/sleep", "600");

    @TempDir
    Path directory;

    @Test
    void nextOwnerEndsExactlyWhatAKilledOneLeft() throws Exception {
        Process innocent = new ProcessBuilder(SLEEPER).start();
        Process owner = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Owner.class.getName(),
                        directory.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            long orphan;
            try (BufferedReader output =
                    new BufferedReader(new InputStreamReader(owner.getInputStream(), StandardCharsets.UTF_8))) {
                orphan = Long.parseLong(output.readLine());
                assertThatIOException()
                        .as("while the owner lives, nobody else may have the place")
                        .isThrownBy(() -> Child.claim("sleeper", directory))
                        .withMessageContaining(directory.toString())
                        .withMessageContaining("process " + owner.pid());
            }
            owner.destroyForcibly().waitFor();
            assertThat(ProcessHandle.of(orphan)).get().matches(ProcessHandle::isAlive);

            try (Child next = Child.claim("sleeper", directory)) {
                assertThat(ProcessHandle.of(orphan).map(ProcessHandle::isAlive).orElse(false))
                        .isFalse();
                next.start(SLEEPER, Optional::empty, Duration.ofSeconds(5));
                assertThat(next.pid()).isNotEqualTo(orphan);
            }
            assertThat(innocent.isAlive()).as("the same program, but not ours").isTrue();
        } finally {
            owner.destroyForcibly();
            innocent.destroyForcibly();
        }
    }

    /** A program that starts a child and is killed. */
    static final class Owner {
        public static void main(String[] arguments) throws Exception {
            try (Child child = Child.claim("sleeper", Path.of(arguments[0]))) {
                child.start(SLEEPER, Optional::empty, Duration.ofSeconds(5));
                System.out.println(child.pid());
                Thread.sleep(60_000);
            }
        }
    }

    @Test
    void childIsAloneInItsSessionSoThatCtrlCDoesNotReachIt() throws Exception {
        assertThat(Programs.onPath("setsid"))
                .as("this test needs setsid (util-linux)")
                .isPresent();
        try (Child child = Child.claim("sleeper", directory)) {
            child.start(SLEEPER, Optional::empty, Duration.ofSeconds(5));
            await(() -> fieldsOf(child.pid())[3].equals(Long.toString(child.pid())));
        }
    }

    @Test
    void childThatDiesIsBroughtBackAndOneThatIsStoppedIsNot() throws Exception {
        try (Child child = Child.claim("sleeper", directory)) {
            child.start(SLEEPER, Optional::empty, Duration.ofSeconds(5));
            long first = child.pid();
            assertThat(ProcessHandle.of(first).orElseThrow().destroyForcibly()).isTrue();
            await(() -> child.pid() != first);
            ProcessHandle second = ProcessHandle.of(child.pid()).orElseThrow();
            child.stop();
            assertThat(second.isAlive()).isFalse();
            assertThat(directory.resolve("sleeper.pid")).doesNotExist();
        }
    }

    @Test
    void programThatEndsAtOnceIsExplainedByItsLastWords() throws Exception {
        try (Child child = Child.claim("broken", directory)) {
            assertThatIOException()
                    .isThrownBy(() -> child.start(
                            List.of("/bin/ls", "/no/such/place"), () -> Optional.of("never"), Duration.ofSeconds(5)))
                    .withMessageContaining("exit code 2")
                    .withMessageContaining("/no/such/place");
        }
    }

    @Test
    void programThatNeverServesIsEnded() throws Exception {
        try (Child child = Child.claim("mute", directory)) {
            assertThatIOException()
                    .isThrownBy(
                            () -> child.start(SLEEPER, () -> Optional.of("it says nothing"), Duration.ofMillis(100)))
                    .withMessageContaining("it says nothing");
            assertThat(directory.resolve("mute.pid")).doesNotExist();
        }
    }

    @Test
    void pidFileNeverMeansAnotherProcess() throws Exception {
        Process process = new ProcessBuilder(SLEEPER).start();
        try {
            await(() -> process.info().command().orElse("").endsWith("/sleep"));
            Child.Recorded ours = Child.Recorded.of(process.toHandle(), SLEEPER.getFirst());
            assertThat(ours.running()).contains(process.toHandle());
            assertThat(Child.Recorded.parse(ours.text())).contains(ours);
            assertThat(new Child.Recorded(ours.pid(), ours.start() + "0", ours.program()).running())
                    .as("the id was used again")
                    .isEmpty();
            assertThat(new Child.Recorded(ours.pid(), ours.start(), "/bin/other").running())
                    .isEmpty();
        } finally {
            process.destroyForcibly();
        }
        assertThat(Child.Recorded.parse("pid=12; rm\n")).isEmpty();
    }

    /** The numbers of /proc/PID/stat after the name: state, parent, group, session … */
    private static String[] fieldsOf(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            return stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        Instant deadline = Instant.now().plusSeconds(20);
        while (!condition.getAsBoolean()) {
            assertThat(Instant.now()).as("waited long enough").isBefore(deadline);
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }
}
