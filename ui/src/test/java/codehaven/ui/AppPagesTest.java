package codehaven.ui;

import static codehaven.ui.Haven.line;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.App.State;
import codehaven.model.App.Wanted;
import codehaven.state.AppFigures.Sample;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How pages show an app, and what it prints. */
class AppPagesTest {

    private final Haven haven = Haven.get();

    private String page(String id) {
        return haven.get("/deployments/" + id).body();
    }

    private static String text(String html) {
        return html.replaceAll("<[^>]*>", " ").replaceAll("\\s+", " ");
    }

    @Test
    void anAppThatRunsIsShownWithItsContainersAndWhatTheyUse() {
        var project = haven.project("runsapp");
        var id = haven.past(project, "runsapp1")
                .app(Wanted.RUNNING, 2)
                .steps(1, 1, 1, 1)
                .live()
                .put();
        haven.container(id, 1, State.HEALTHY, ofMinutes(3), 0, null);
        haven.container(id, 2, State.HEALTHY, ofMinutes(2), 1, null);
        for (int i = 0; i < 30; i++) {
            var at = Haven.now().minusSeconds(600 - i * 20L);
            haven.state.appFigures().add(id, 1, new Sample(at, 0.25, 60_000_000, i * 1_000L, i * 9_000L));
        }

        var html = page(id);

        assertThat(text(html))
                .contains("Running. All 2 containers answer.", "172.18.0.4:3000", "runsapp:runsapp1", "182 MB")
                .contains("Restart", "Stop…", "Express, dynamic", "all containers together")
                .doesNotContain("Wake", "0 files");
        assertThat(html)
                .contains("data-status=\"running\"", "data-status=\"healthy\"", "/app-stream")
                .contains("aria-label=\"CPU, the last 30 minutes: now 0.25 CPU, at most 0.25 CPU.\"")
                .containsPattern("Network out, the last 30 minutes: now 4\\d\\d B/s")
                .doesNotContain(" style=", "onclick");
        assertThat(text(haven.get("/deployments/runsapp1/files").body()))
                .contains("This is an app without static files of its own");
        assertThat(text(haven.get("/projects/runsapp").body()))
                .contains("Running. All 2 containers answer.", "Runtime log");
    }

    @Test
    void eachStateSaysWhatItMeansAndWhatCanBeDone() {
        var project = haven.project("states");
        haven.past(project, "asleep01").app(Wanted.ASLEEP, 1).live().put();
        assertThat(text(page("asleep01")))
                .contains("Asleep. The next visitor wakes it.", "Wake", "Stop…")
                .contains("It used nothing in the last 30 minutes.")
                .doesNotContain("Restart");
        assertThat(text(haven.get("/projects/states").body())).contains("Asleep. The next visitor wakes it.");

        haven.past(project, "stopped1").app(Wanted.STOPPED, 1).put();
        assertThat(text(page("stopped1")))
                .contains("Stopped. Visitors are told so", "Start", "Its app is not running now")
                .doesNotContain("Stop…");

        var crashing = haven.past(project, "crashin1").app(Wanted.RUNNING, 1).put();
        haven.container(crashing, 1, State.CRASHED, ofSeconds(20), 4, "It ended with code 1: <Error> & co.");
        assertThat(page(crashing)).contains("It ended with code 1: &lt;Error&gt; &amp; co.");
        assertThat(text(page(crashing))).contains("Crashing. It ended by itself and is started again after a pause.");

        var gone = haven.past(project, "imgone01").app(Wanted.RUNNING, 1).put();
        haven.state.apps().delete(gone);
        assertThat(text(page(gone))).contains("The image of this app is no longer kept.");
    }

    @Test
    void buttonsDoWhatTheySayAndRefusalsAreToldOnThePage() {
        var project = haven.project("buttons");
        var id = haven.past(project, "buttons1").app(Wanted.RUNNING, 1).put();
        var at = "/deployments/" + id;
        assertThat(haven.post(at, at + "/app/stop", Map.of()).headers().firstValue("Location"))
                .hasValueSatisfying(to -> assertThat(to).endsWith("/deployments/buttons1#app"));
        assertThat(haven.state.apps().find(id).orElseThrow().wanted()).isEqualTo(Wanted.STOPPED);
        var refused = haven.post(at, at + "/app/restart", Map.of());
        assertThat(refused.statusCode()).isEqualTo(409);
        assertThat(text(refused.body())).contains("The app is stopped. Start it");
        haven.post(at, at + "/app/start", Map.of());
        assertThat(haven.state.apps().find(id).orElseThrow().wanted()).isEqualTo(Wanted.RUNNING);
        haven.post(at, at + "/app/replicas", Map.of("replicas", " 3 "));
        assertThat(haven.state.apps().find(id).orElseThrow().replicas()).isEqualTo(3);
        var wrong = haven.post(at, at + "/app/replicas", Map.of("replicas", "\"many"));
        assertThat(wrong.statusCode()).isEqualTo(422);
        assertThat(wrong.body())
                .contains("value=\"&quot;many\"", "aria-invalid=\"true\"", "A whole number from 1 to 50.");
        assertThat(haven.get(at + "/app/replicas").statusCode()).isEqualTo(303);
    }

    @Test
    void whatAnAppPrintsIsShownFoundAndPaged() {
        var project = haven.project("prints");
        var id = haven.past(project, "prints01").app(Wanted.RUNNING, 1).put();
        assertThat(text(haven.get("/deployments/prints01/runtime").body())).contains("Nothing is printed yet.");
        for (int batch = 0; batch < 3; batch++) {
            var first = batch * 300;
            haven.prints(
                    id,
                    IntStream.rangeClosed(first + 1, first + 300)
                            .mapToObj(n -> line(1, "stdout", "\u001b[32mGET\u001b[0m /" + n + " <b>200</b>"))
                            .toArray(codehaven.state.RuntimeLogs.Line[]::new));
        }
        haven.prints(id, line(1, "stderr", "Warning: \"slow\""), line(2, "system", "The container ended with code 0."));

        var html = haven.get("/deployments/prints01/runtime").body();
        assertThat(html)
                .contains("id=\"L902\"", "id=\"L403\"", "<span class=\"ansi-32\">GET</span>", "&lt;b&gt;200&lt;/b&gt;")
                .contains("class=\"stderr\"", "class=\"system\"", "data-many=\"on\"", "data-after=\"902\"")
                .contains("/deployments/prints01/runtime?before=403", "download=\"prints01-runtime.log\"")
                .doesNotContain("id=\"L402\"", "<b>200", " style=");
        assertThat(haven.get("/deployments/prints01/runtime?before=403").body())
                .contains("id=\"L402\"", "Newest lines")
                .doesNotContain("id=\"L403\"", "data-after");
        assertThat(haven.get("/deployments/prints01/runtime?find=%2F777").body())
                .contains("<mark>/777</mark>", "1 line", "value=\"/777\"");
        assertThat(text(haven.get("/deployments/prints01/runtime?find=%3Cscript%3E")
                        .body()))
                .contains("No line that is kept has this in it.");
        assertThat(haven.get("/deployments/prints01/runtime?line=10").body()).contains("id=\"L10\" class=\"picked\"");
        assertThat(haven.get("/deployments/prints01/runtime?line=x").statusCode())
                .isEqualTo(422);
        haven.past(project, "prints02").put();
        assertThat(haven.get("/deployments/prints02/runtime").statusCode()).isEqualTo(404);
    }

    @Test
    @Timeout(60)
    void linesAndStatesComeByTheStream() throws Exception {
        var project = haven.project("streams");
        var id = haven.past(project, "streams1").app(Wanted.RUNNING, 1).put();
        haven.prints(id, line(1, "stdout", "one"), line(1, "stdout", "two"));
        var request = HttpRequest.newBuilder(haven.at("/deployments/streams1/runtime-stream?after=1"))
                .build();
        try (var http = HttpClient.newHttpClient()) {
            var answer = http.send(request, BodyHandlers.ofInputStream());
            assertThat(answer.statusCode()).isEqualTo(200);
            var heard = new StringBuilder();
            try (var in = new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8))) {
                var told = false;
                for (var each = in.readLine(); each != null; each = in.readLine()) {
                    heard.append(each).append('\n');
                    if (!told && each.contains("starting")) {
                        told = true;
                        haven.container(id, 1, State.HEALTHY, ofSeconds(0), 0, null);
                        haven.prints(id, line(1, "stderr", "<three>"));
                    }
                    if (heard.indexOf("\"running\"") > 0 && heard.indexOf("three") > 0) {
                        break;
                    }
                }
            }
            assertThat(heard.toString())
                    .contains("id: 2\nevent: log\n", "event: app\ndata: {\"state\":\"running\",\"word\":\"Running\"}")
                    .contains("&lt;three&gt;")
                    .doesNotContain("id=\\\"L1\\\"");
            http.shutdownNow();
        }
    }
}
