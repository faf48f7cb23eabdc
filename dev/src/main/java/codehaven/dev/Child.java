package codehaven.dev;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server program that belongs to this one: started by its arguments, never through a shell, in a session of its own so that
 * a terminal's Ctrl-C reaches only us, brought back when it dies, and ended with us, or by whoever takes the same directory
 * next if we were killed.
 */
final class Child implements AutoCloseable {
    /** Tells our children from everybody else's processes: its value is the path of the child's pid file. */
    private static final String MARK = "CODEHAVEN_CHILD";

    private static final Logger log = LoggerFactory.getLogger(Child.class);
    private static final boolean ON_LINUX = Files.isDirectory(Path.of("/proc/self"));
    private static final Duration GRACE = Duration.ofSeconds(10);
    private static final long LOG_LIMIT = 8L << 20;
    /** A program that lived this long is no longer held to die again and again. */
    private static final Duration STEADY = Duration.ofMinutes(1);

    /** Says why the program cannot be used yet; empty when it can. */
    interface Health {
        Optional<String> trouble();
    }

    /** What is run and how one sees that it serves. */
    private record Task(List<String> command, Health health, Duration patience) {}

    private final String name;
    private final Path directory;
    private final DataLock lock;
    private volatile boolean wanted;
    private @Nullable Task task;
    private @Nullable Process process;
    private int deaths;

    private Child(String name, Path directory, DataLock lock) {
        this.name = name;
        this.directory = directory;
        this.lock = lock;
    }

    /**
     * Takes the place of that name in the directory and ends what a killed owner left running there.
     *
     * @param name what the files {@code <name>.pid}, {@code .log} and {@code .lock} in the directory are called
     * @param directory the child's working directory
     * @throws IOException if somebody else has it
     */
    static Child claim(String name, Path directory) throws IOException {
        DataLock lock = DataLock.take(directory, name);
        try {
            Child child = new Child(name, directory.toRealPath(), lock);
            child.endOrphans();
            return child;
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /** Starts the program and waits until it serves; {@link #start()} will do the same again. */
    synchronized void start(List<String> command, Health health, Duration patience)
            throws IOException, InterruptedException {
        task = new Task(List.copyOf(command), health, patience);
        start();
    }

    /** Starts the program again after {@link #stop()}. */
    synchronized void start() throws IOException, InterruptedException {
        Task what = task;
        if (what == null) {
            throw new IllegalStateException(name + " was never started");
        }
        if (process != null && process.isAlive()) {
            return;
        }
        wanted = true;
        deaths = 0;
        Process started = spawn(what.command());
        try {
            awaitHealth(started, what);
        } catch (IOException | InterruptedException | RuntimeException e) {
            stop(Duration.ofSeconds(2));
            throw e;
        }
    }

    /** Ends the program: asks it first, then insists. Does nothing when it is not running. */
    void stop() {
        stop(GRACE);
    }

    private void stop(Duration grace) {
        wanted = false; // before the lock is had: who waits in there for the program's health gives up
        synchronized (this) {
            Process current = process;
            process = null;
            if (current != null) {
                end(current.toHandle(), grace);
                try {
                    Files.deleteIfExists(pidFile());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    @Override
    public void close() {
        stop();
        try {
            lock.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The running program's process id. */
    synchronized long pid() {
        if (process == null) {
            throw new IllegalStateException(name + " is not running");
        }
        return process.pid();
    }

    private Path logFile() {
        return directory.resolve(name + ".log");
    }

    private Path pidFile() {
        return directory.resolve(name + ".pid");
    }

    private Process spawn(List<String> command) throws IOException {
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
        // What a person set for the command line tool of the same name is not meant for this server.
        builder.environment().keySet().removeIf(key -> key.startsWith("TEMPORAL_"));
        builder.environment().put(MARK, pidFile().toString());
        Process started = builder.start();
        process = started;
        Path temporary = directory.resolve(name + ".pid.new");
        Files.writeString(
                temporary, Recorded.of(started.toHandle(), command.getFirst()).text());
        Files.move(temporary, pidFile(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Thread.ofPlatform().daemon().name("watch-" + name).start(() -> watch(started));
        return started;
    }

    private void awaitHealth(Process started, Task what) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + what.patience().toNanos();
        while (true) {
            Optional<String> trouble = what.health().trouble();
            if (!started.isAlive()) {
                throw new IOException(
                        name + " ended with exit code " + started.exitValue() + " instead of serving: " + lastWords());
            }
            if (trouble.isEmpty()) {
                return;
            }
            if (!wanted) {
                throw new IOException(name + " was stopped before it served");
            }
            if (System.nanoTime() > deadline) {
                throw new IOException(name + " could not be used after "
                        + what.patience().toSeconds() + " s (" + trouble.get() + "): " + lastWords());
            }
            started.waitFor(10, TimeUnit.MILLISECONDS);
        }
    }

    /** The end of what the program printed, for a message. */
    private String lastWords() {
        Path output = logFile();
        try (RandomAccessFile file = new RandomAccessFile(output.toFile(), "r")) {
            long from = Math.max(0, file.length() - 1_000);
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
            long began = System.nanoTime();
            watched.waitFor();
            died(watched, Duration.ofNanos(System.nanoTime() - began));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Brings back a program that nobody asked to end; the pause grows while it keeps dying. */
    private void died(Process dead, Duration lived) throws InterruptedException {
        long pause;
        synchronized (this) {
            if (!wanted || !dead.equals(process)) {
                return;
            }
            deaths = lived.compareTo(STEADY) > 0 ? 1 : deaths + 1;
            pause = Math.min(30_000, 250L << Math.min(deaths - 1, 7));
        }
        log.warn("{} ended by itself (exit code {}); starting it again in {} ms", name, dead.exitValue(), pause);
        Thread.sleep(pause);
        synchronized (this) {
            Task what = task;
            if (!wanted || !dead.equals(process) || what == null) {
                return;
            }
            try {
                Process next = spawn(what.command());
                try {
                    awaitHealth(next, what);
                    log.info("{} serves again", name);
                } catch (IOException e) {
                    // Its own watcher takes the next turn; while we are here, nobody else does.
                    end(next.toHandle(), Duration.ofSeconds(2));
                    throw e;
                }
            } catch (IOException e) {
                log.warn("{} could not be started again: {}", name, e.getMessage());
            }
        }
    }

    /** Ends what an earlier owner of this directory started and could not stop; touches nothing else. */
    private void endOrphans() throws IOException {
        Set<ProcessHandle> orphans = new HashSet<>();
        if (ON_LINUX) {
            // The mark is there from the process's first instant, and no other process has it; but Redis wipes it away.
            String mark = MARK + "=" + pidFile();
            ProcessHandle.allProcesses()
                    .filter(handle -> carries(handle.pid(), mark))
                    .forEach(orphans::add);
        }
        recorded().flatMap(Recorded::running).ifPresent(orphans::add);
        for (ProcessHandle orphan : orphans) {
            log.info("Ending {} (process {}), left behind by a program that was killed", name, orphan.pid());
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
        handle.destroy();
        if (!gone(handle, grace)) {
            handle.destroyForcibly();
            if (!gone(handle, Duration.ofSeconds(5))) {
                log.warn("Process {} does not end, not even when killed", handle.pid());
            }
        }
    }

    private static boolean gone(ProcessHandle handle, Duration patience) {
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

    /** When it began, exactly: no two processes of one id have this in common. */
    private static String startOf(ProcessHandle handle) {
        if (ON_LINUX) {
            // Not the instant that ProcessHandle computes: it moves when the clock is set.
            try {
                String stat = Files.readString(Path.of("/proc", Long.toString(handle.pid()), "stat"));
                String boot = Files.readString(Path.of("/proc/sys/kernel/random/boot_id"))
                        .strip();
                return boot + " " + stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[19];
            } catch (IOException e) {
                return "ended";
            }
        }
        return handle.info().startInstant().map(Instant::toString).orElse("unknown");
    }

    private static String realPath(String program) {
        try {
            return Path.of(program).toRealPath().toString();
        } catch (IOException e) {
            return program; // no longer there; then the process is not taken for ours
        }
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

        static Recorded of(ProcessHandle handle, String program) {
            return new Recorded(handle.pid(), startOf(handle), realPath(program));
        }

        /** The process, if the one that has this id now began at the same instant and is the same program. */
        Optional<ProcessHandle> running() {
            return ProcessHandle.of(pid)
                    .filter(ProcessHandle::isAlive)
                    .filter(handle -> startOf(handle).equals(start))
                    .filter(handle -> handle.info().command().equals(Optional.of(program)));
        }
    }
}
