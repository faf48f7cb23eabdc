package codehaven.dev;

import io.temporal.testing.TemporalDevServer;
import io.temporal.testing.TemporalDevServerOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The {@code temporal} program that holds the development server: where it is, or how this machine gets it. */
public final class TemporalProgram {
    /** The last version that {@code go install} takes: newer ones have {@code replace} lines, which it refuses. */
    private static final String GO_PACKAGE = "github.com/temporalio/cli/cmd/temporal@v1.5.1";

    private TemporalProgram() {}

    /** {@code true} when the program runs here and says its version. */
    private static boolean runs(Path program) {
        try {
            Process process = new ProcessBuilder(program.toString(), "--version")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectInput(ProcessBuilder.Redirect.from(Programs.nullDevice()))
                    .start();
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return false;
            }
            return process.exitValue() == 0;
        } catch (IOException e) {
            return false; // of another machine, or no program at all
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Where the user's cache keeps it. */
    public static Path kept() {
        return Programs.bin().resolve("temporal");
    }

    /**
     * The program that is there already: the configured one, one on PATH, or the one kept in the user's cache.
     *
     * @param configured what {@code CODEHAVEN_TEMPORAL_CLI} says, or null
     * @throws IOException if the configured one cannot be run: a wish that cannot be met is not passed over in silence
     */
    public static Optional<Path> find(@Nullable Path configured) throws IOException {
        if (configured != null) {
            if (!Files.isRegularFile(configured) || !Files.isExecutable(configured)) {
                throw new IOException("CODEHAVEN_TEMPORAL_CLI names " + configured
                        + ", which is no executable file. Set it to the path of a \"temporal\" program, or unset it.");
            }
            return Optional.of(configured.toAbsolutePath());
        }
        Optional<Path> installed = Programs.onPath("temporal").filter(TemporalProgram::runs);
        if (installed.isPresent()) {
            return installed;
        }
        return Optional.of(kept()).filter(Files::isExecutable).filter(TemporalProgram::runs);
    }

    /**
     * Finds it, or gets it into the user's cache: by the SDK's download, else by {@code go install} (about 4 minutes on 2 cores).
     * Several programs may do so at once; one works, the others wait for it.
     *
     * @param configured what {@code CODEHAVEN_TEMPORAL_CLI} says, or null
     * @param progress takes a line for a person now and then
     * @return empty when there is no way to get it here; what was tried has been told to {@code progress}
     */
    public static Optional<Path> obtain(@Nullable Path configured, Consumer<String> progress)
            throws IOException, InterruptedException {
        Optional<Path> found = find(configured);
        if (found.isPresent()) {
            return found;
        }
        Path bin = Programs.bin();
        Files.createDirectories(bin);
        try (FileChannel channel = FileChannel.open(
                        bin.resolve("temporal.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock _ = lock(channel, progress)) {
            found = find(configured);
            if (found.isPresent()) {
                return found;
            }
            Path work = Files.createTempDirectory(bin, "temporal.");
            try {
                Optional<Path> got = downloaded(work, progress);
                if (got.isEmpty()) {
                    got = built(work, progress);
                }
                if (got.isEmpty()) {
                    return Optional.empty();
                }
                Programs.keep(got.get(), kept());
                progress.accept("The Temporal server is kept in " + kept());
                return Optional.of(kept());
            } finally {
                deleteAll(work);
            }
        }
    }

    private static FileLock lock(FileChannel channel, Consumer<String> progress) throws IOException {
        FileLock lock = channel.tryLock();
        if (lock != null) {
            return lock;
        }
        progress.accept("Another program is getting the Temporal server; waiting for it");
        return channel.lock();
    }

    private static Optional<Path> downloaded(Path work, Consumer<String> progress) throws IOException {
        progress.accept("Downloading the Temporal server");
        // The SDK knows the address and the form of the archive; starting the server once is how it is asked.
        TemporalDevServerOptions options = TemporalDevServerOptions.newBuilder()
                .setDownloadDestination(work.toString())
                .setUi(false)
                .setStartupTimeout(Duration.ofSeconds(60))
                .build();
        try (TemporalDevServer server = TemporalDevServer.start(options)) {
            progress.accept("Downloaded; it answered at " + server.getTarget());
        } catch (RuntimeException e) {
            progress.accept("The download is not possible here (" + firstLine(e) + ")");
            return Optional.empty();
        }
        try (Stream<Path> files = Files.walk(work)) {
            return files.filter(Files::isRegularFile)
                    .filter(Files::isExecutable)
                    .findFirst();
        }
    }

    private static Optional<Path> built(Path work, Consumer<String> progress) throws IOException, InterruptedException {
        Optional<Path> go = Programs.onPath("go")
                .or(() -> Optional.of(Path.of("/usr/local/go/bin/go")).filter(Files::isExecutable));
        if (go.isEmpty()) {
            progress.accept("There is no Go here to build the Temporal server with");
            return Optional.empty();
        }
        progress.accept("Building the Temporal server with Go, once on this machine: about 4 minutes on 2 cores");
        ProcessBuilder builder = new ProcessBuilder(
                        go.get().toString(), "install", "-v", "-ldflags", "-s -w", GO_PACKAGE)
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Programs.nullDevice()))
                .directory(work.toFile());
        builder.environment().put("GOBIN", work.toString());
        Process process = builder.start();
        List<String> last = new ArrayList<>();
        try {
            long started = System.nanoTime();
            long told = started;
            int packages = 0;
            try (BufferedReader output =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                for (String line = output.readLine(); line != null; line = output.readLine()) {
                    packages++;
                    last.add(line);
                    if (last.size() > 5) {
                        last.removeFirst();
                    }
                    if (System.nanoTime() - told > Duration.ofSeconds(15).toNanos()) {
                        told = System.nanoTime();
                        progress.accept("Building the Temporal server: " + packages + " packages so far, "
                                + Duration.ofNanos(told - started).toSeconds() + " s");
                    }
                }
            }
            process.waitFor();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        Path program = work.resolve("temporal");
        if (process.exitValue() != 0 || !Files.isExecutable(program)) {
            progress.accept("Building the Temporal server failed: " + String.join(" · ", last));
            return Optional.empty();
        }
        return Optional.of(program);
    }

    private static String firstLine(Throwable e) {
        String message = String.valueOf(e.getMessage());
        return message.lines().findFirst().orElse(message);
    }

    private static void deleteAll(Path directory) throws IOException {
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }

    /** Gets the program and prints where it is; exits 1 when there is no way. For the launcher, beside the build. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        String configured = System.getenv("CODEHAVEN_TEMPORAL_CLI");
        Optional<Path> program =
                obtain(configured == null || configured.isBlank() ? null : Path.of(configured), System.err::println);
        program.ifPresent(System.out::println);
        System.exit(program.isPresent() ? 0 : 1);
    }
}
