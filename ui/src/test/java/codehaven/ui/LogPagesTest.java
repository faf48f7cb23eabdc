package codehaven.ui;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.Failure;
import codehaven.model.FailureKind;
import codehaven.model.Outcome;
import codehaven.model.Step;
import codehaven.model.StepRun;
import java.time.Instant;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** What a page shows of a log at first, and what it loads later. */
class LogPagesTest {

    private static final Pattern NUMBER = Pattern.compile("<li id=\"L(\\d+)\"");
    private static final Instant BEGUN = Instant.parse("2026-03-12T14:04:00Z");

    private final LogHaven haven = LogHaven.get();

    @Test
    void aFinishedLogIsFoldedAndSaysWhereEachStepIs() {
        var id = built(1_147);
        haven.end(id, new Outcome.Ready());
        var page = page(id, "");
        assertThat(numbers(page)).isEmpty();
        assertThat(page)
                .contains("lines 1–31</span> · <span class=\"took\">2.1 s", "lines 32–45", "lines 46–1192")
                .contains("href=\"?line=46#L46\">Load lines 46 to 1192")
                .contains("1,192 lines", ", complete")
                .doesNotContain("data-follow=\"on\"", "data-running=\"on\"", " open=");
    }

    @Test
    void aRunningLogRestsAtItsEnd() {
        var id = built(1_147);
        var page = page(id, "");
        assertThat(page).contains("data-running=\"on\"", "data-follow=\"on\"", "data-status=\"BUILDING\"");
        assertThat(numbers(page)).isEqualTo(range(501, 1_192));
        assertThat(page).contains("height=\"9100\"", "Earlier lines, 46 to 500");
    }

    @Test
    void aShortEndHasTheLinesBeforeItToo() {
        var id = built(960);
        assertThat(numbers(page(id, ""))).isEqualTo(range(501, 1_005));
    }

    @Test
    void aFailedLogShowsItsFirstError() {
        var id = built(2_000);
        haven.step(id, Step.BUILDING, StepRun.State.failed, BEGUN, BEGUN.plusSeconds(41));
        haven.end(
                id, new Outcome.Failed(new Failure(Step.BUILDING, FailureKind.BUILD_FAILED, "It ended with code 1.")));
        var page = page(id, "");
        assertThat(page).contains("data-target=\"700\"", "data-status=\"FAILED\"", "<li id=\"L700\" class=\"err\">");
        assertThat(numbers(page)).isEqualTo(range(501, 1_000));
        assertThat(page).contains("href=\"?line=500#L500\">Earlier lines, 46 to 500");
        assertThat(page).contains("href=\"?line=1001#L1001\">Later lines, 1001 to 2045");
    }

    @Test
    void anAddressNamesLines() {
        var id = built(2_000);
        haven.end(id, new Outcome.Ready());
        var page = page(id, "?line=1300-1302");
        assertThat(numbers(page)).isEqualTo(range(1_001, 1_500));
        assertThat(page.split(" class=\"picked\"")).hasSize(4);
        assertThat(page).contains("aria-label=\"Line 1300\">1300", "aria-label=\"Line 1301\" tabindex=\"-1\"");
        assertThat(numbers(page(id, "?line=20"))).as("only its step").isEqualTo(range(1, 31));
        assertThat(numbers(page(id, "?line=2000-44")).getFirst())
                .as("either way round")
                .isEqualTo(32);
        assertThat(numbers(page(id, "?line=999999"))).isEmpty();
        assertThat(numbers(page(id, "?line=1%3Cscript%3E"))).isEmpty();
    }

    @Test
    void whatIsLookedForIsShownWithoutScript() {
        var id = built(2_000);
        haven.end(id, new Outcome.Ready());
        var page = page(id, "?find=LINE+1500");
        assertThat(page).contains(">1 of 1<", "value=\"LINE 1500\"", "<mark>line 1500</mark>");
        assertThat(numbers(page)).isEqualTo(range(1_001, 2_000));
        var second = page(id, "?find=error&line=1400");
        assertThat(second).contains(">2 of 2<", "href=\"?find=error&amp;line=700#L700\"");
        assertThat(page(id, "?find=nowhere")).contains(">Not found<");
        assertThat(page(id, "?find=%22%3E%3Cimg+src=x%3E"))
                .contains("value=\"&quot;&gt;&lt;img src=x&gt;\"")
                .doesNotContain("<img");
    }

    @Test
    void windowsAreTheSameLinesAsInThePage() {
        var id = built(2_000);
        var window = haven.get("/deployments/" + id + "/log?from=501&to=1000");
        assertThat(window.statusCode()).isEqualTo(200);
        assertThat(window.body()).startsWith("<ol").contains("start=\"501\"", "<li id=\"L700\" class=\"err\">");
        assertThat(numbers(window.body())).isEqualTo(range(501, 1_000));
        assertThat(page(id, "?line=700")).contains(line(window.body(), 699));
        assertThat(haven.get("/deployments/" + id + "/log?from=1&to=9000").statusCode())
                .isEqualTo(422);
        assertThat(haven.get("/deployments/nobody12/log?from=1&to=2").statusCode())
                .isEqualTo(404);
        assertThat(haven.get("/deployments/" + id + "/log?from=500&to=502&find=line+501")
                        .body())
                .contains("<mark>line 501</mark>");
    }

    @Test
    void findingAnswersWithNumbers() {
        var id = built(2_000);
        var path = "/deployments/" + id + "/log/find";
        assertThat(haven.get(path + "?text=Line+150").body())
                .isEqualTo("{\"items\":[150,1500,1501,1502,1503,1504,1505,1506,1507,1508,1509],\"count\":11}");
        assertThat(haven.get(path + "?level=error").body()).isEqualTo("{\"items\":[700,1400],\"count\":2}");
        assertThat(haven.get(path + "?text=+").statusCode()).isEqualTo(422);
        assertThat(haven.get(path).statusCode()).isEqualTo(422);
    }

    @Test
    void aLongLineIsCutAndShownWholeWhenAsked() {
        var id = haven.building();
        haven.step(id, Step.BUILDING, StepRun.State.running, BEGUN, null);
        haven.print(id, Step.BUILDING, 3, n -> n == 2 ? "\u001b[32m" + "é".repeat(9_000) : "short");
        var page = page(id, "");
        assertThat(page).contains("href=\"?line=2&amp;whole=on#L2\">show all 18.0 KB</a>");
        assertThat(page).contains("é".repeat(4_000)).doesNotContain("é".repeat(4_001));
        assertThat(page(id, "?line=2&whole=on")).contains("é".repeat(9_000));
        assertThat(haven.get("/deployments/" + id + "/log?from=2&to=2&whole=on").body())
                .contains("é".repeat(9_000));
    }

    @Test
    void aRetriedStepIsASectionOfItsOwn() {
        var id = built(10);
        haven.step(id, Step.BUILDING, StepRun.State.failed, BEGUN, BEGUN.plusSeconds(5));
        haven.end(
                id, new Outcome.Failed(new Failure(Step.BUILDING, FailureKind.BUILD_FAILED, "It ended with code 1.")));
        haven.again(id);
        haven.step(id, Step.BUILDING, StepRun.State.running, BEGUN.plusSeconds(9_000), null);
        haven.print(id, Step.BUILDING, 5, n -> "again " + n);
        haven.step(id, Step.BUILDING, StepRun.State.done, BEGUN.plusSeconds(9_000), BEGUN.plusSeconds(9_007));
        haven.end(id, new Outcome.Ready());
        var page = page(id, "");
        assertThat(page)
                .contains(
                        "lines 46–55</span> · <span class=\"took\">5.0 s",
                        "lines 56–60</span> · <span class=\"took\">7.0 s");
    }

    @Test
    void aLogWithoutLinesSaysSo() {
        assertThat(page(haven.building(), "")).contains("Nothing is printed yet. Lines come here as they are printed.");
    }

    /** Cloned, uploaded, and so many lines of a build that goes on; lines 700, 1400 and so on are errors. */
    private String built(int lines) {
        var id = haven.building();
        haven.step(id, Step.CLONING, StepRun.State.running, BEGUN, null);
        haven.print(id, Step.CLONING, 31, n -> "line " + n);
        haven.step(id, Step.CLONING, StepRun.State.done, BEGUN, BEGUN.plusMillis(2_100));
        haven.print(id, Step.UPLOADING, 14, n -> "line " + n);
        haven.step(id, Step.UPLOADING, StepRun.State.done, BEGUN, BEGUN.plusSeconds(12));
        haven.step(id, Step.BUILDING, StepRun.State.running, BEGUN, null);
        haven.print(id, Step.BUILDING, lines, n -> n % 700 == 0 ? "\u001b[31mERROR\u001b[0m here" : "line " + n);
        return id;
    }

    private String page(String id, String query) {
        var page = haven.get("/alone/" + id + query);
        assertThat(page.statusCode()).as(page.body()).isEqualTo(200);
        return page.body();
    }

    private static String line(String html, long n) {
        var start = html.indexOf("<li id=\"L" + n + "\"");
        return html.substring(start, html.indexOf("</li>", start));
    }

    private static List<Long> numbers(String html) {
        return NUMBER.matcher(html)
                .results()
                .map(each -> Long.parseLong(each.group(1)))
                .toList();
    }

    private static List<Long> range(long from, long to) {
        return LongStream.rangeClosed(from, to).boxed().toList();
    }
}
