package codehaven.ui;

import codehaven.model.Failure;
import codehaven.model.FailureKind;
import codehaven.model.Outcome;
import codehaven.model.Step;
import codehaven.model.StepRun;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Instant;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongFunction;

/**
 * Starts a dashboard with long logs in it, to be looked at: one of 200,000 lines, one that failed, one that goes on
 * until the line {@code end} comes on the standard input; {@code fast} and {@code slow} say how.
 */
final class LongLog {

    private static final String[] WORDS = {
        "\u001b[32m✓\u001b[0m built in 1.2s",
        "\u001b[2m> next build\u001b[0m",
        "   Generating static pages (296/1184) \u001b[2m/[locale]/products/[slug]\u001b[0m: nl, de, fr, en-GB",
        "\u001b[33m WARN \u001b[0m deprecated glob@7.2.3: Glob versions prior to v9 are no longer supported",
        "dist/assets/\u001b[36mindex-4fd2c1.js\u001b[39m   \u001b[1m148.12 kB\u001b[22m │ gzip: 48.02 kB",
        "transforming (2031) node_modules/.pnpm/react-dom@20.0.0/node_modules/react-dom/cjs/react-dom-client.production.js",
        "",
        "\u001b[48;5;160m\u001b[97m FAIL \u001b[0m src/basket.test.tsx \u001b[38;2;255;120;40m(12 tests)\u001b[0m",
        "مرحبا \u001b[35mשלום\u001b[0m 🚢 naïve façade"
    };

    private LongLog() {}

    static void main(String[] args) throws Exception {
        var haven = new LogHaven(Files.createTempDirectory("codehaven-long"), Integer.parseInt(args[0]));
        LongFunction<String> text = n ->
                n % 40_000 == 17 ? "\u001b[31mERROR\u001b[0m in line " + n : n + " " + WORDS[(int) (n % WORDS.length)];
        var begun = Instant.now().minusSeconds(90);

        var done = haven.building();
        begin(haven, done, begun, text, 199_900);
        haven.step(done, Step.BUILDING, StepRun.State.done, begun.plusSeconds(12), begun.plusSeconds(64));
        haven.step(done, Step.PUBLISHING, StepRun.State.running, begun.plusSeconds(64), null);
        haven.print(done, Step.PUBLISHING, 55, text);
        haven.step(done, Step.PUBLISHING, StepRun.State.done, begun.plusSeconds(64), begun.plusSeconds(67));
        haven.end(done, new Outcome.Ready());
        haven.state.timeline().archive(done);

        var failed = haven.building();
        begin(
                haven,
                failed,
                begun,
                n -> n == 1_183 ? "\u001b[31;1mERROR\u001b[0m Failed to compile " + "x".repeat(9_000) : text.apply(n),
                1_147);
        haven.step(failed, Step.BUILDING, StepRun.State.failed, begun.plusSeconds(12), begun.plusSeconds(53));
        haven.end(
                failed,
                new Outcome.Failed(new Failure(Step.BUILDING, FailureKind.BUILD_FAILED, "It ended with code 1.")));

        var going = haven.building();
        begin(haven, going, begun, text, 40);
        System.out.println("http://localhost:" + haven.server.port() + " " + done + " " + failed + " " + going);
        var commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (var command = ""; !"end".equals(command); command = commands.ready() ? commands.readLine() : command) {
            LockSupport.parkNanos(200_000_000);
            haven.print(going, Step.BUILDING, "fast".equals(command) ? 2_000 : 3, text);
        }
        haven.step(going, Step.BUILDING, StepRun.State.done, begun.plusSeconds(12), Instant.now());
        haven.step(going, Step.PUBLISHING, StepRun.State.running, Instant.now(), null);
        haven.print(going, Step.PUBLISHING, 5, text);
        haven.step(going, Step.PUBLISHING, StepRun.State.done, Instant.now(), Instant.now());
        haven.end(going, new Outcome.Ready());
    }

    private static void begin(LogHaven haven, String id, Instant begun, LongFunction<String> text, int building) {
        haven.step(id, Step.CLONING, StepRun.State.running, begun, null);
        haven.print(id, Step.CLONING, 31, text);
        haven.step(id, Step.CLONING, StepRun.State.done, begun, begun.plusMillis(2_100));
        haven.print(id, Step.UPLOADING, 14, text);
        haven.step(id, Step.UPLOADING, StepRun.State.done, begun.plusMillis(2_100), begun.plusSeconds(12));
        haven.step(id, Step.BUILDING, StepRun.State.running, begun.plusSeconds(12), null);
        haven.print(id, Step.BUILDING, building, text);
    }
}
