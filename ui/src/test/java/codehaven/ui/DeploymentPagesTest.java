package codehaven.ui;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.DeploymentEvent.Level;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.DeploymentEvent.StatusChanged;
import codehaven.model.DeploymentEvent.StepChanged;
import codehaven.model.DeploymentStatus;
import codehaven.model.Failure;
import codehaven.model.FailureKind;
import codehaven.model.Host;
import codehaven.model.Step;
import codehaven.model.StepRun;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class DeploymentPagesTest {

    private final Haven haven = Haven.get();

    private String page(String id) {
        var response = haven.get("/deployments/" + id);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.body();
    }

    /** What is to be read, without the markup. */
    private static String text(String html) {
        return html.replaceAll("(?s)<svg.*?</svg>", "")
                .replaceAll("<[^>]*>", "")
                .replaceAll("\\s+", " ");
    }

    @Test
    void aQueuedOneSaysItsPlaceAndCanBeCancelled() {
        var project = haven.project("queued");
        haven.past(project, "queue001")
                .is(DeploymentStatus.QUEUED)
                .ago(ofMinutes(2))
                .put();
        haven.past(project, "queue002")
                .is(DeploymentStatus.QUEUED)
                .ago(ofSeconds(34))
                .put();
        var html = page("queue002");
        assertThat(text(html))
                .containsPattern("Queued, \\d+(?:st|nd|rd|th) for 3\\d s")
                .contains("Cancel");
        assertThat(html)
                .contains("data-stream=\"/deployments/queue002/stream\"")
                .contains("action=\"/deployments/queue002/cancel\"")
                .contains("data-favicon=\"queued\"")
                .contains("hx-select=\"#summary\"");
        assertThat(html).contains("<title>◌ Queued · queued · CodeHaven</title>");
    }

    @Test
    void aRunningOneIsDrawnToScaleWithWhatIsUsual() {
        var project = haven.project("running");
        for (int i = 0; i < 3; i++) {
            haven.past(project, "runold0" + i)
                    .ago(ofHours(3 - i))
                    .steps(2, 1, 76, 3)
                    .put();
        }
        haven.past(project, "running1")
                .is(DeploymentStatus.BUILDING)
                .ago(ofSeconds(60))
                .step(Step.CLONING, StepRun.State.done, 1, ofSeconds(4), ofSeconds(6))
                .step(Step.UPLOADING, StepRun.State.done, 1, ofSeconds(6), ofSeconds(7))
                .step(Step.BUILDING, StepRun.State.running, 1, ofSeconds(8), null)
                .put();
        var html = page("running1");
        assertThat(text(html))
                .containsPattern("Building 1 min( \\d s)?, usually 1 min 22 s")
                .contains("usually 1 min 16 s")
                .contains("waited 4.0 s to begin")
                .contains("Will be atrunning.sites.localhost:8081");
        assertThat(html)
                .containsPattern("<rect [^>]*class=\"live-bar\"[^>]* data-moves=\"end\"")
                .containsPattern("<rect [^>]*class=\"usual\"[^>]* data-moves=\"begin\"")
                .contains("class=\"now\"")
                .doesNotContain("style=");
    }

    @Test
    void whatIsFetchedAnewComesWithoutTheLog() {
        haven.past(haven.project("parts"), "parts001")
                .is(DeploymentStatus.CLONING)
                .put();
        var part = haven.get("/deployments/parts001", "HX-Request", "true", "HX-Target", "summary");
        assertThat(part.body()).contains("id=\"summary\"", "data-stream").doesNotContain("id=\"log\"");
        assertThat(page("parts001")).contains("id=\"log\"");
    }

    @Test
    void earlierAttemptsAreDrawnWithWhatWasSaidAboutThem() {
        var project = haven.project("attempts");
        var past =
                haven.past(project, "attempt1").is(DeploymentStatus.UPLOADING).ago(ofSeconds(30));
        past.happened(new StatusChanged(past.after(ofMillis(0)), DeploymentStatus.QUEUED, null))
                .happened(new StepChanged(
                        past.after(ofSeconds(5)),
                        new StepRun(Step.UPLOADING, StepRun.State.running, 1, past.after(ofSeconds(5)), null)))
                .happened(new LogLine(
                        past.after(ofSeconds(11)),
                        1,
                        Step.UPLOADING,
                        "system",
                        "The storage timed out. It is tried again.",
                        Level.warn))
                .happened(new StepChanged(
                        past.after(ofSeconds(16)),
                        new StepRun(Step.UPLOADING, StepRun.State.running, 2, past.after(ofSeconds(16)), null)))
                .step(Step.CLONING, StepRun.State.done, 1, ofMillis(300), ofSeconds(5))
                .step(Step.UPLOADING, StepRun.State.running, 2, ofSeconds(16), null)
                .put();
        var html = page("attempt1");
        assertThat(html).contains("class=\"bad\"", "class=\"bad-end\"", "class=\"retry\"");
        assertThat(text(html))
                .contains("attempt 2, before: The storage timed out.")
                .contains("5.0 s between attempts");
    }

    @Test
    void aRetriedOneIsTimedFromItsRetry() {
        var project = haven.project("retried");
        var past = haven.past(project, "retried1").is(DeploymentStatus.BUILDING).ago(ofHours(3));
        var again = ofHours(3).minusSeconds(20);
        past.happened(new StatusChanged(past.after(ofMillis(0)), DeploymentStatus.QUEUED, null))
                .happened(new StatusChanged(past.after(again), DeploymentStatus.QUEUED, null))
                .step(Step.CLONING, StepRun.State.reused, 1, ofSeconds(1), ofSeconds(2))
                .step(Step.UPLOADING, StepRun.State.reused, 1, ofSeconds(2), ofSeconds(3))
                .step(Step.BUILDING, StepRun.State.running, 2, again.plusSeconds(1), null)
                .put();
        assertThat(text(page("retried1")))
                .containsPattern("Building 2\\d s")
                .contains("kept from an earlier run")
                .doesNotContain("3 h");
    }

    @Test
    void aFailedOneSaysWhatHappenedAndWhatToDoAndLeadsToTheLine() {
        var project = haven.project("failed");
        haven.past(project, "failold1").ago(ofHours(1)).steps(1, 1, 4, 1).live().put();
        var failure = new Failure(
                Step.BUILDING,
                FailureKind.BUILD_FAILED,
                "`pnpm build` failed with exit code 1: Type error",
                "Run the build command locally.",
                new Failure.Lines(2, 3),
                new Failure.Source("src/pages/[locale]/basket.tsx", 88));
        var past = haven.past(project, "failed01").failed(failure).ago(ofMinutes(5));
        for (int n = 1; n <= 4; n++) {
            past.happened(
                    new LogLine(past.after(ofSeconds(2)), n, Step.BUILDING, "stderr", "line <b>" + n, Level.error));
        }
        past.step(Step.CLONING, StepRun.State.done, 1, ofSeconds(1), ofSeconds(2))
                .step(Step.UPLOADING, StepRun.State.done, 1, ofSeconds(2), ofSeconds(3))
                .step(Step.BUILDING, StepRun.State.failed, 1, ofSeconds(3), ofSeconds(45))
                .put();
        var html = page("failed01");
        var found = haven.state.deployments().find("failed01").orElseThrow();
        var sha = Objects.requireNonNull(found.commit()).sha();
        assertThat(text(html))
                .contains("Failed in Building after 45 s")
                .contains("pnpm build failed with exit code 1: Type error")
                .contains("What to do. Run the build command locally.")
                .contains("Open line 88 at " + sha.abbreviated())
                .contains("Retry from Building")
                .contains("still serves")
                .contains("BUILD_FAILED")
                .contains("did not begin");
        assertThat(html)
                .contains("https://github.com/example/failed/blob/" + sha.text()
                        + "/src/pages/%5Blocale%5D/basket.tsx#L88")
                .contains("line &lt;b&gt;2", "line &lt;b&gt;3")
                .contains("/deployments/failed01?line=2#L2")
                .doesNotContain("data-stream");
        assertThat(html.substring(html.indexOf("class=\"excerpt\""), html.indexOf("In the log")))
                .as("only the lines that matter")
                .doesNotContain("line &lt;b&gt;4");
    }

    @Test
    void aReadyPreviewShowsItsAddressesWhatChangedAndCanBePromoted() {
        var project = haven.project("preview");
        haven.past(project, "prevold1")
                .ago(ofHours(2))
                .steps(1, 1, 4, 1)
                .file("index.html", "one")
                .file("gone.html", "gone")
                .file("same.css", "same")
                .file("app-5c1f0e9a.js", "old")
                .live()
                .put();
        haven.past(project, "preview1")
                .preview("feature/basket")
                .steps(2, 1, 78, 3)
                .file("index.html", "one and more")
                .file("new.html", "new")
                .file("same.css", "same")
                .file("app-77aa01bc.js", "newer")
                .put();
        var html = page("preview1");
        assertThat(text(html))
                .contains("Ready in 1 min 25 s")
                .contains("preview-preview1.sites.localhost:8081")
                .contains("preview-git-feature-basket.sites.localhost:8081")
                .contains("1 added, 2 changed, 1 removed, 1 the same")
                .contains("Promote to production")
                .contains("cache hit");
        assertThat(html)
                .contains("before: app-5c1f0e9a.js")
                .contains("data-copy=\"http://preview-preview1.sites.localhost:8081/\"")
                .contains("http://localhost:8233/namespaces/default/workflows/deploy-preview1");

        var answer = haven.post("/deployments/preview1", "/deployments/preview1/promote", Map.of());
        assertThat(answer.statusCode()).isEqualTo(303);
        assertThat(answer.headers().firstValue("Location")).contains("/deployments/preview1");
        assertThat(haven.state
                        .sites()
                        .find(Host.ofProduction(project, Haven.DOMAIN))
                        .orElseThrow()
                        .deployment())
                .isEqualTo("preview1");
        assertThat(text(page("preview1"))).contains("Live").contains("Roll back production");
    }

    @Test
    void filesAreListedInPartsFoundAndCompared() {
        var project = haven.project("files");
        haven.past(project, "filesold")
                .ago(ofHours(1))
                .file("a/000.txt", "x")
                .file("z.txt", "z")
                .put();
        var past = haven.past(project, "files001").steps(1, 1, 1, 1);
        for (int i = 0; i < 450; i++) {
            past.file("a/%03d.txt".formatted(i), "x".repeat(i + 1));
        }
        past.put();
        assertThat(text(haven.get("/deployments/files001/files").body()))
                .contains("1–200 of 450")
                .contains("a/199.txt")
                .doesNotContain("a/200.txt");
        assertThat(text(haven.get("/deployments/files001/files?from=401").body()))
                .contains("401–450 of 450")
                .contains("Before these")
                .doesNotContain("After these");
        assertThat(text(haven.get("/deployments/files001/files?q=A/44&sort=size")
                        .body()))
                .containsPattern("a/449.txt.*a/440.txt")
                .doesNotContain("a/439.txt");
        assertThat(text(haven.get("/deployments/files001/files?show=changed&q=z")
                        .body()))
                .contains("removed: z.txt");
        assertThat(text(haven.get("/deployments/files001/files?q=nothing").body()))
                .contains("Clear filters");
        assertThat(haven.get("/deployments/files001/files?from=-7&sort=x&show=y")
                        .statusCode())
                .isEqualTo(200);
    }

    @Test
    void cancelledAndSupersededOnesOfferWhatIsNext() {
        var project = haven.project("ended");
        haven.past(project, "cancel01")
                .is(DeploymentStatus.CANCELED)
                .step(Step.CLONING, StepRun.State.canceled, 1, ofSeconds(1), ofSeconds(4))
                .put();
        haven.past(project, "superse1")
                .is(DeploymentStatus.SUPERSEDED)
                .ago(ofMinutes(8))
                .put();
        haven.past(project, "superse2")
                .is(DeploymentStatus.QUEUED)
                .ago(ofMinutes(7))
                .put();
        assertThat(text(page("cancel01")))
                .contains("Canceled after 4.0 s", "Redeploy", "Retry from Building", "serves nothing yet");
        assertThat(page("superse1")).contains("href=\"/deployments/superse2\"").contains("Open the newer one");
        assertThat(text(haven.get("/deployments/cancel01/files").body())).contains("It was not published");
    }

    @Test
    void aRefusalIsToldOnThePage() {
        var project = haven.project("refused");
        haven.past(project, "refused1").steps(1, 1, 1, 1).put();
        var answer = haven.post("/deployments/refused1", "/deployments/refused1/cancel", Map.of());
        assertThat(answer.statusCode()).isEqualTo(409);
        assertThat(answer.body()).contains("role=\"alert\"");
        assertThat(text(answer.body())).contains("there is nothing to cancel.");
        assertThat(haven.get("/deployments/refused1/cancel").statusCode())
                .as("whoever reloads sees the deployment")
                .isEqualTo(303);
    }

    @Test
    void aRedeployLeadsToTheNewOne() {
        var project = haven.project("again");
        haven.past(project, "again001").steps(1, 1, 1, 1).put();
        HttpResponse<String> answer = haven.post("/deployments/again001", "/deployments/again001/redeploy", Map.of());
        assertThat(answer.statusCode()).isEqualTo(303);
        var location = answer.headers().firstValue("Location").orElseThrow();
        assertThat(location).matches("/deployments/[a-z0-9]{8}").doesNotEndWith("again001");
        assertThat(text(haven.get(location).body())).contains("Started byredeploy");
    }

    @Test
    void hostileTextIsInertEverywhere() {
        var project = haven.project("hostile");
        var bad = "<script>alert(1)</script>\"'>&{{7*7}}${7*7}\u202e🛒 مرحبا " + "x".repeat(500);
        var branch = "feature/\"><img-src=x-onerror=alert(1)>" + "y".repeat(120);
        haven.past(project, "hostold1")
                .preview(branch)
                .ago(ofHours(1))
                .file("old<i>.html", "1")
                .put();
        haven.past(project, "hostile1")
                .preview(branch)
                .says(bad, "<img src=x onerror=alert(2)>")
                .steps(1, 1, 1, 1)
                .file("<img src=x onerror=alert(3)>.html", "1")
                .put();
        haven.past(project, "hostile2")
                .preview(branch)
                .says(bad, bad)
                .failed(new Failure(
                        Step.BUILDING,
                        FailureKind.BUILD_FAILED,
                        "`" + bad + "` " + bad,
                        bad,
                        null,
                        new Failure.Source("src/<b>\"?#.ts", 1)))
                .step(Step.BUILDING, StepRun.State.failed, 1, ofSeconds(1), ofSeconds(2))
                .put();
        for (var path :
                new String[] {"hostile1", "hostile2", "hostile1/files", "hostile1/files?q=%22%3E%3Cscript%3E"}) {
            var html = haven.get("/deployments/" + path).body();
            assertThat(html.substring(html.indexOf("<main"), html.indexOf("</main>")))
                    .as(path)
                    .doesNotContain("<script>", "<img", "<b>", "<i>", "onerror=alert(1)>", "&{{49}}");
        }
    }

    @Test
    void whatIsNotThereIsNotFound() {
        assertThat(haven.get("/deployments/nothere1").statusCode()).isEqualTo(404);
        assertThat(haven.get("/deployments/nothere1/files").statusCode()).isEqualTo(404);
    }
}
