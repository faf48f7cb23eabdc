package codehaven.api.deployments;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.DeploymentEvent.Level;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.Step;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LogTextTest {

    private final LogText log = new LogText();

    private void add(long n, String text) {
        log.add(new LogLine(Instant.EPOCH, n, Step.BUILDING, "stdout", text, Level.info));
    }

    private void expect(String text, int limit, long count, Long... numbers) {
        assertThat(log.find(text, limit)).isEqualTo(new Logs.Matches(List.of(numbers), count));
    }

    @Test
    void aTextIsFoundWhateverItsCaseAndColours() {
        add(1, "\u001b[31mE\u001b[1mrror\u001b[0m: no such file");
        add(2, "");
        add(3, "ÜBER error error");
        add(4, "\u001b]8;;https://example.com\u0007a link\u001b]8;;\u0007 to nowhere");
        expect("error: NO", 5, 1, 1L);
        expect("ERROR", 5, 2, 1L, 3L);
        expect("über", 5, 1, 3L);
        expect("link to", 5, 1, 4L);
        expect("example.com", 5, 0);
        expect("file\n\nüber", 5, 0);
        expect("[31m", 5, 0);
    }

    @Test
    void linesKeepTheirNumbersInALongLog() {
        var text = "x".repeat(100);
        for (long n = 1; n <= 30_000; n++) {
            add(n, text + " line " + n);
        }
        // Those between were lost.
        add(40_001, "line 9999 again");
        assertThat(log.bytes()).isLessThan(2_000_000);
        expect("line 9999", 9, 2, 9_999L, 40_001L);
        expect("LINE 29", 3, 1_111, 29L, 290L, 291L);
        expect(text, 1, 30_000, 1L);
        expect("line 30000", 1, 1, 30_000L);
        expect("line 30001", 1, 0);
    }
}
