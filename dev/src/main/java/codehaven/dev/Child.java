package codehaven.dev;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server program that belongs to this one: started by its arguments, never through a shell, in a session of its own so that
 * a terminal's Ctrl-C reaches only us, brought back when it dies, and ended with us, or by whoever starts next on the same
 * directory if we were killed.
 */
final class Child implements AutoCloseable {
    /** Tells our children from everybody else's processes: its value is the path of the child's pid file. */
    private static final String MARK = "CODEHAVEN_CHILD";

    private static final Logger log = LoggerFactory.getLogger(Child.class);
    private static final Duration GRACE = Duration.ofSeconds(10);
    private static final long LOG_LIMIT = 8L << 20;

    private final String name;
    private final Path directory;
    private final List<String> command;
    private final BooleanSupplier healthy;
    private @Nullable Process process;
    private boolean wanted;
    private int deaths;

    /**
     * @param name what the files {@code <name>.pid} and {@code <name>.log} in the directory are called
     * @param directory the child's working directory
     * @param command program and arguments
     * @param healthy answers whether the child serves; asked every few milliseconds until it says yes
     */
    Child(String name, Path directory, List<String> command, BooleanSupplier healthy) {
        this.name = name;
        this.directory = directory.toAbsolutePath().normalize();
        this.command = List.copyOf(command);
        this.healthy = healthy;
    }

    /** Starts the program and waits until it serves. Ends one that an earlier, killed owner of the directory left behind. */
    synchronized void start(Duration patience) throws IOException, InterruptedException {
        if (process != null && process.isAlive()) {
            return;
        }
        Files.createDirectories(directory);
        endOrphans();
        wanted = true;
        Process started = spawn();
        try {
            awaitHealth(started, patience);
        } catch (IOException | InterruptedException | RuntimeException e) {
            wanted = false;
            end(started.toHandle(), Duration.ofSeconds(2));
            Files.deleteIfExists(pidFile());
            throw e;
        }
    }

    /** Ends the program: asks it first, then insists. Does nothing when it is not running. */
    synchronized void stop() {
        wanted = false;
        Process current = process;
        process = null;
        if (current == null) {
            return;
        }
        end(current.toHandle(), GRACE);
        try {
            Files.deleteIfExists(pidFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        stop();
    }

    synchronized boolean alive() {
        return process != null && process.isAlive();
    }

    /** The running program's process id. */
    synchronized long pid() {
        if (process == null) {
            throw new IllegalStateException(name + " is not running");
        }
        return process.pid();
    }

    Path logFile() {
        return directory.resolve(name + ".log");
    }

    private Path pidFile() {
        return directory.resolve(name + ".pid");
    }

    private Process spawn() throws IOException {
        Path output = logFile();
        if (Files.exists(output) && Files.size(output) > LOG_LIMIT) {
            Files.move(output, directory.resolve(name + ".log.1"), StandardCopyOption.REPLACE_EXISTING);
        }
        List<String> argv = new ArrayList<>();
        // A program of its own session does not get the terminal's Ctrl-C; setsid execs in place, so the pid stays.
        Programs.onPath("setsid").ifPresent(setsid -> argv.add(setsid.toString()));
        argv.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(argv)
                .directory(directory.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Programs.nullDevice()))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
        builder.environment().put(MARK, pidFile().toString());
        Process started = builder.start();
        process = started;
        writePidFile(started.toHandle());
        Thread.ofPlatform().daemon().name("watch-" + name).start(() -> watch(started));
        return started;
    }

    private void writePidFile(ProcessHandle handle) throws IOException {
        Path temporary = directory.resolve(name + ".pid.new");
        Files.writeString(temporary, new Recorded(handle.pid(), startOf(handle), command.getFirst()).text());
        try {
            Files.move(temporary, pidFile(), StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(temporary, pidFile(), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private void awaitHealth(Process started, Duration patience) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            if (!started.isAlive()) {
                throw new IOException(
                        name + " ended with exit code " + started.exitValue() + " instead of serving: " + lastWords());
            }
            if (healthy.getAsBoolean() && started.isAlive()) {
                return;
            }
            if (System.nanoTime() > deadline) {
                throw new IOException(name + " did not answer within " + patience.toSeconds() + " s: " + lastWords());
            }
            started.waitFor(10, TimeUnit.MILLISECONDS);
        }
    }

    /** The end of what the program printed, for a message. */
    private String lastWords() {
        Path output = logFile();
        try (RandomAccessFile file = new RandomAccessFile(output.toFile(), "r")) {
            long from = Math.max(0, file.length() - 2_000);
            byte[] bytes = new byte[(int) (file.length() - from)];
            file.seek(from);
            file.readFully(bytes);
            String said = new String(bytes, StandardCharsets.UTF_8).strip();
            return said.isEmpty() ? "it printed nothing to " + output : said + " (all of it: " + output + ")";
        } catch (IOException e) {
            return "see " + output;
        }
    }

    private void watch(Process watched) {
        try {
            watched.waitFor();
            died(watched);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Brings back a program that nobody asked to end; the pause grows when it keeps dying. */
    private void died(Process dead) {
        long pause;
        synchronized (this) {
            if (!wanted || !dead.equals(process)) {
                return;
            }
            deaths++;
            pause = Math.min(30_000, 250L << Math.min(deaths - 1, 7));
        }
        log.warn("{} died (exit code {}); starting it again in {} ms", name, dead.exitValue(), pause);
        try {
            Thread.sleep(pause);
            synchronized (this) {
                if (wanted && dead.equals(process)) {
                    Process next = spawn();
                    awaitHealth(next, Duration.ofSeconds(60));
                    log.info("{} serves again", name);
                }
            }
        } catch (IOException e) {
            log.warn("{} could not be started again: {}", name, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends what an earlier owner of this directory started and could not stop; touches nothing else. */
    private void endOrphans() throws IOException {
        List<ProcessHandle> orphans = new ArrayList<>();
        if (Files.isDirectory(Path.of("/proc/self"))) {
            String mark = MARK + "=" + pidFile();
            long self = ProcessHandle.current().pid();
            ProcessHandle.allProcesses()
                    .filter(handle -> handle.pid() != self && carries(handle.pid(), mark))
                    .forEach(orphans::add);
        } else {
            recorded().flatMap(Recorded::running).ifPresent(orphans::add);
        }
        for (ProcessHandle orphan : orphans) {
            log.info("Ending {} (process {}), left by a program that was killed", name, orphan.pid());
            end(orphan, GRACE);
        }
        Files.deleteIfExists(pidFile());
    }

    private Optional<Recorded> recorded() throws IOException {
        try {
            return Recorded.parse(Files.readString(pidFile()));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private static boolean carries(long pid, String mark) {
        try {
            byte[] environment = Files.readAllBytes(Path.of("/proc", Long.toString(pid), "environ"));
            return List.of(new String(environment, StandardCharsets.UTF_8).split("\0", -1))
                    .contains(mark);
        } catch (IOException e) {
            return false; // gone meanwhile, or another user's: not ours either way
        }
    }

    private static void end(ProcessHandle handle, Duration grace) {
        boolean interrupted = false;
        handle.destroy();
        if (!waitFor(handle, grace)) {
            handle.destroyForcibly();
            interrupted = !waitFor(handle, Duration.ofSeconds(5));
        }
        if (interrupted) {
            log.warn("Process {} does not end, not even when killed", handle.pid());
        }
    }

    private static boolean waitFor(ProcessHandle handle, Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        boolean interrupted = false;
        while (handle.isAlive() && System.nanoTime() < deadline) {
            try {
                Thread.sleep(5);
            } catch (InterruptedException e) {
                interrupted = true; // stopping goes on: a child left behind is worse than a late answer
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return !handle.isAlive();
    }

    private static String startOf(ProcessHandle handle) {
        return handle.info().startInstant().map(Instant::toString).orElse("unknown");
    }

    /** What a pid file says: enough to know the process again, and not to mistake another one for it. */
    record Recorded(long pid, String start, String program) {
        String text() {
            return "pid=" + pid + "\nstart=" + start + "\nprogram=" + program + "\n";
        }

        static Optional<Recorded> parse(String text) {
            String[] lines = text.split("\n", -1);
            if (lines.length < 3
                    || !lines[0].matches("pid=[0-9]{1,18}")
                    || !lines[1].startsWith("start=")
                    || !lines[2].startsWith("program=")) {
                return Optional.empty();
            }
            return Optional.of(
                    new Recorded(Long.parseLong(lines[0].substring(4)), lines[1].substring(6), lines[2].substring(8)));
        }

        /** The process, if the one that runs under this id now began at the same instant and is the same program. */
        Optional<ProcessHandle> running() {
            return ProcessHandle.of(pid)
                    .filter(ProcessHandle::isAlive)
                    .filter(handle -> startOf(handle).equals(start))
                    .filter(handle -> handle.info()
                            .command()
                            .map(found -> Path.of(found)
                                    .getFileName()
                                    .equals(Path.of(program).getFileName()))
                            .orElse(false));
        }
    }
}
