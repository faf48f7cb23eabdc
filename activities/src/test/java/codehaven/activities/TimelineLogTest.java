package codehaven.activities;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.Step;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TimelineLogTest {

    private final List<LogLine> written = new ArrayList<>();

    private TimelineLog log(long lastLine, long limit, long usedBefore) {
        return new TimelineLog(
                Step.BUILDING,
                event -> written.add((LogLine) event),
                wait -> true,
                Clock.systemUTC(),
                lastLine,
                limit,
                usedBefore);
    }

    private static void print(StepLog log, String text) {
        var bytes = text.getBytes(UTF_8);
        log.output("stdout", bytes, 0, bytes.length);
    }

    @Test
    void aHundredMegabytesKeepTheirBeginningAndTheirEnd() {
        var log = log(0, 4 << 20, 0);
        var chunk = new StringBuilder();
        for (var i = 0; i < 1000; i++) {
            chunk.append("a line of what a build prints when it says too much, number ")
                    .append(i)
                    .append('\n');
        }
        var bytes = chunk.toString().getBytes(UTF_8);
        print(log, "the first line\n");
        var start = System.nanoTime();
        for (var printed = 0L; printed < 100_000_000; printed += bytes.length) {
            log.output("stdout", bytes, 0, bytes.length);
        }
        var seconds = (System.nanoTime() - start) / 1e9;
        print(log, "the last line");
        log.flush();

        assertThat(seconds).as("a build is not slowed down by its log").isLessThan(20);
        assertThat(written.getFirst().text()).isEqualTo("the first line");
        assertThat(written.getLast().text()).isEqualTo("the last line");
        assertThat(written.stream().mapToLong(line -> line.text().length()).sum())
                .isBetween(1L << 20, 4L << 20);
        assertThat(written.stream().filter(line -> line.stream().equals("system")))
                .as("one line says what is missing; there may be signs of life before it")
                .anySatisfy(line -> assertThat(line.text()).contains("left out").contains("MB"));
        assertThat(written).extracting(LogLine::n).isEqualTo(LongNumbers.upTo(written.size()));
        assertThat(log.lastLine()).isEqualTo(written.size());
        assertThat(log.tail(1)).containsExactly("the last line");
    }

    private static final class LongNumbers {
        static List<Long> upTo(int last) {
            return IntStream.rangeClosed(1, last).mapToObj(n -> (long) n).toList();
        }
    }

    @Test
    void manyShortLinesAreBoundedToo() {
        var log = log(0, 1 << 20, 0);
        var bytes = "\n".repeat(100_000).getBytes(UTF_8);
        for (var i = 0; i < 50; i++) {
            log.output("stdout", bytes, 0, bytes.length);
        }
        log.flush();
        assertThat(written).hasSizeLessThan(20_000);
    }

    @Test
    void whatEarlierAttemptsUsedCounts() {
        var log = log(70, 4 << 20, 4 << 20);
        print(log, ("x".repeat(1000) + "\n").repeat(1000));
        assertThat(written).hasSizeLessThan(200);
        assertThat(written.getFirst().n()).isEqualTo(71);
    }

    @Test
    void linesOfBothStreamsAndOurOwnWordsKeepApart() {
        var log = log(0, 1 << 20, 0);
        print(log, "begun ");
        var error = "npm ERR! no\n".getBytes(UTF_8);
        log.output("stderr", error, 0, error.length);
        log.say("We say\ntwo lines.");
        print(log, "ended\n");
        assertThat(written)
                .extracting(line -> line.stream() + ":" + line.text() + ":" + line.level())
                .containsExactly(
                        "stderr:npm ERR! no:error",
                        "system:We say:info",
                        "system:two lines.:info",
                        "stdout:begun ended:info");
    }

    @Test
    void ourOwnWordsAreMaskedAsWell() {
        var log = log(0, 1 << 20, 0);
        log.mask(List.of("s3cr3t-token"));
        log.say("git said: https://x:s3cr3t-token@host");
        assertThat(written.getFirst().text()).isEqualTo("git said: https://x:••••••@host");
        assertThat(log.masked("the s3cr3t-token")).isEqualTo("the ••••••");
    }

    @Test
    void flushWaitsForTheTimeline() {
        var waited = new ArrayList<Duration>();
        var log =
                new TimelineLog(Step.CLONING, event -> {}, wait -> waited.add(wait), Clock.systemUTC(), 0, 1 << 20, 0);
        assertThat(log.flush(Duration.ofSeconds(3))).isTrue();
        assertThat(waited).containsExactly(Duration.ofSeconds(3));
    }
}
