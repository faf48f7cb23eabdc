package codehaven.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.springframework.util.FileSystemUtils;

/**
 * How tests start the program: as it was packaged, extracted and with a class data archive as the launcher runs it,
 * where they run on packages ({@code mvn verify}); else from its classes ({@code mvn test}).
 */
final class Program {

    private static final Path CODE = code();
    private static final String DEMO = "tested/demo.txt";
    private static final List<String> ARGUMENTS = find();

    private Program() {}

    static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    static List<String> arguments() {
        return ARGUMENTS;
    }

    /** What {@code demo --exit} said that left the archive: the first start of the package. */
    static String firstDemo() throws IOException, InterruptedException {
        return Files.isDirectory(CODE) ? demo(ARGUMENTS) : Files.readString(CODE.resolveSibling(DEMO));
    }

    private static List<String> find() {
        try {
            return Files.isDirectory(CODE)
                    ? List.of("-cp", System.getProperty("java.class.path"), Main.class.getName())
                    : packaged(CODE.resolveSibling("cli-app.jar"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static Path code() {
        try {
            return Path.of(Main.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Extracted once for all processes that test. */
    private static List<String> packaged(Path jar) throws IOException, InterruptedException {
        var directory = jar.resolveSibling("tested");
        var app = directory.resolve("cli-app.jar");
        var archive = directory.resolve("classes.jsa");
        var mark = directory.resolve("of");
        var version = Files.size(jar) + " " + Files.getLastModifiedTime(jar);
        Files.createDirectories(directory);
        try (var channel = FileChannel.open(
                        directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var _ = channel.lock()) {
            if (!Files.exists(mark) || !Files.readString(mark).equals(version)) {
                Files.deleteIfExists(mark);
                Files.deleteIfExists(archive);
                run(List.of(
                        java(),
                        "-Djarmode=tools",
                        "-jar",
                        jar.toString(),
                        "extract",
                        "--force",
                        "--destination",
                        directory.toString()));
                // The classes of a run that starts everything, and deploys something.
                var said =
                        demo(List.of("-Xlog:disable", "-XX:ArchiveClassesAtExit=" + archive, "-jar", app.toString()));
                Files.writeString(jar.resolveSibling(DEMO), said);
                Files.writeString(mark, version);
            }
        }
        return List.of("-Xlog:disable", "-Xshare:auto", "-XX:SharedArchiveFile=" + archive, "-jar", app.toString());
    }

    private static String demo(List<String> program) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(java(), "-XX:TieredStopAtLevel=1"));
        command.addAll(program);
        command.addAll(List.of("demo", "--exit", "--port", "0", "--edge-port", "0", "--data"));
        var data = Files.createTempDirectory("codehaven-demo-");
        command.add(data.toString());
        var said = run(command);
        FileSystemUtils.deleteRecursively(data);
        return said;
    }

    private static String run(List<String> command) throws IOException, InterruptedException {
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(key -> key.startsWith(Setting.PREFIX));
        var process = builder.start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new AssertionError(command + " ended with " + process.exitValue() + ":\n" + output);
        }
        return output;
    }
}
