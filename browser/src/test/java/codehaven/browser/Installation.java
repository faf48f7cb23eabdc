package codehaven.browser;

import codehaven.cli.Haven;
import codehaven.dev.DevGit;
import codehaven.dev.DevRepository;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** One program with all roles, a Git remote beside it, and a browser in front of it. */
final class Installation implements AutoCloseable {

    private final DevGit git;
    private final Haven haven;
    private final Chromium chromium;

    private Installation(DevGit git, Haven haven, Chromium chromium) {
        this.git = git;
        this.haven = haven;
        this.chromium = chromium;
    }

    static Installation start(Path directory) throws IOException {
        // First what is cheap to miss.
        var chromium = Chromium.start();
        try {
            var git = DevGit.start(directory.resolve("git"));
            return new Installation(git, Haven.up(directory.resolve("data"), Map.of()), chromium);
        } catch (IOException | RuntimeException | AssertionError e) {
            chromium.close();
            throw e;
        }
    }

    Haven haven() {
        return haven;
    }

    Chromium chromium() {
        return chromium;
    }

    URI home() {
        return haven.address("dashboard");
    }

    Visitor visitor() {
        return chromium.visitor(home());
    }

    DevRepository repository(String name, Map<String, String> files) throws IOException {
        return git.create(name, files);
    }

    /** A site of one file, which is served as it is. */
    static Map<String, String> page(String marker) {
        return Map.of("index.html", "<!doctype html><title>" + marker + "</title><h1>" + marker + "</h1>");
    }

    /**
     * A site whose build prints one line after the other.
     *
     * @param lines how many, each after the pause
     */
    static Map<String, String> chatty(String marker, int lines, int pauseMillis) {
        var script = """
                import { mkdirSync, writeFileSync } from 'node:fs';
                import { setTimeout as pause } from 'node:timers/promises';
                for (let i = 1; i <= %d; i++) {
                  console.log(`\\u001b[32m✓\\u001b[0m part ${i} of %d is made`);
                  await pause(%d);
                }
                mkdirSync('dist', { recursive: true });
                writeFileSync('dist/index.html', '<!doctype html><title>%s</title><h1>%s</h1>');
                """.formatted(lines, lines, pauseMillis, marker, marker);
        return Map.of(
                "package.json",
                "{\"name\":\"chatty\",\"private\":true,\"type\":\"module\",\"scripts\":{\"build\":\"node build.js\"}}",
                "build.js",
                script);
    }

    /**
     * An app that greets, and prints each visit.
     *
     * @param begin what it does before anything else
     */
    static Map<String, String> app(String begin) {
        return Map.of(
                "package.json",
                "{\"name\":\"app\",\"private\":true,\"type\":\"module\",\"scripts\":{\"start\":\"node server.js\"}}",
                "server.js",
                begin + """
                import { createServer } from 'node:http';
                createServer((request, response) => {
                  console.log(`\\u001b[36mGET\\u001b[0m ${request.url} from a visitor`);
                  if (request.url === '/odd') console.error('TypeError: the basket is not iterable');
                  response.end('welcome');
                }).listen(process.env.PORT, () => console.log('listening on', process.env.PORT));
                """);
    }

    /** A build that ends with an error, whose log says which line of which file is wrong. */
    static Map<String, String> failing() {
        return Map.of(
                "package.json",
                "{\"name\":\"failing\",\"private\":true,\"type\":\"module\",\"scripts\":{\"build\":\"node build.js\"}}",
                "build.js",
                """
                console.log('beginning');
                console.error('src/basket.ts:88:31 - error TS18047: session.user is possibly null.');
                process.exit(1);
                """,
                "public.html",
                "<h1>never shown</h1>");
    }

    static Map<String, String> with(Map<String, String> files, String path, String content) {
        var all = new HashMap<>(files);
        all.put(path, content);
        return all;
    }

    /** Strings that pages must show as they are, and survive. */
    static String hostile() {
        return "\"><script>alert(1)</script><b>& 🌊 \u202Eevil "
                + IntStream.range(0, 30).mapToObj(i -> "long-long-word").collect(Collectors.joining());
    }

    @Override
    public void close() {
        try (git;
                haven;
                chromium) {
            // Each is closed, whatever happens to the others.
        }
    }
}
