package codehaven.activities.building;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Starts programs of this machine: the one place where the worker does. Arguments are a list and never pass a shell, the
 * environment is what is given and nothing of the worker's own.
 */
final class HostProcess {

    /** Enough for what the platform's own questions are answered with. */
    private static final int MOST_OUTPUT = 256 * 1024;

    private HostProcess() {}

    /** How a short program ended; 124 when it was killed because it took too long. */
    record Answer(int exit, String output) {
        boolean good() {
            return exit == 0;
        }
    }

    /** Where the program of that name is on the worker's path. */
    static Optional<Path> find(String program) {
        var path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin";
        for (var each : path.split(":", -1)) {
            if (!each.isEmpty() && Files.isExecutable(Path.of(each, program))) {
                return Optional.of(Path.of(each, program));
            }
        }
        return Optional.empty();
    }

    /** Runs a short program to its end, both streams together. */
    static Answer ask(Duration limit, @Nullable String input, List<String> command) throws IOException {
        var process =
                start(command, Path.of("/"), Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL", "C"), true);
        try {
            var reader = new Reader(process.getInputStream());
            var thread = Thread.ofPlatform()
                    .daemon()
                    .name("output of " + command.getFirst())
                    .start(reader);
            try (var stdin = process.getOutputStream()) {
                if (input != null) {
                    stdin.write(input.getBytes(StandardCharsets.UTF_8));
                }
            }
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                return new Answer(124, command.getFirst() + " took longer than " + limit.toSeconds() + " s");
            }
            thread.join(1000);
            return new Answer(process.exitValue(), reader.text());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + command.getFirst() + " ran", e);
        } finally {
            kill(process);
        }
    }

    /**
     * Starts a long program; whoever starts it also ends it with {@link #kill}.
     *
     * @param environment all that it sees
     */
    static Process start(List<String> command, Path directory, Map<String, String> environment, boolean oneStream)
            throws IOException {
        var builder = new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(oneStream);
        builder.environment().clear();
        builder.environment().putAll(environment);
        return builder.start();
    }

    /**
     * Kills the process, all that it started, and, where it leads one, its session's group.
     */
    static void kill(Process process) {
        var all = new ArrayList<ProcessHandle>();
        process.descendants().forEach(all::add);
        process.destroyForcibly();
        all.forEach(ProcessHandle::destroyForcibly);
    }

    /** Kills every process of a group, also ones whose parent is gone. */
    static void killGroup(long leader) throws IOException {
        ask(Duration.ofSeconds(5), null, List.of("kill", "-KILL", "--", "-" + leader));
    }

    private static final class Reader implements Runnable {
        private final InputStream in;
        private byte[] read = new byte[0];
        private @Nullable IOException failure;

        Reader(InputStream in) {
            this.in = in;
        }

        @Override
        public void run() {
            try {
                var first = in.readNBytes(MOST_OUTPUT);
                synchronized (this) {
                    read = first;
                }
                in.transferTo(java.io.OutputStream.nullOutputStream());
            } catch (IOException e) {
                synchronized (this) {
                    failure = e;
                }
            }
        }

        synchronized String text() throws IOException {
            if (failure != null) {
                throw failure;
            }
            return new String(read, StandardCharsets.UTF_8);
        }
    }
}
