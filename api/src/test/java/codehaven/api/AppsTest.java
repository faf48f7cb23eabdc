package codehaven.api;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.App.Instance;
import codehaven.model.App.State;
import codehaven.model.App.Wanted;
import codehaven.model.Host;
import codehaven.model.Slug;
import codehaven.model.Target;
import codehaven.state.AppFigures.Sample;
import codehaven.state.RuntimeLogs.Line;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Apps of dynamic deployments; the tests say of containers what whoever runs them would. */
class AppsTest {

    private final Installation api = Installation.get();

    private String ready(String project, String ref) {
        var id = api.post(
                        "/v1/deployments",
                        "{\"repository\":\"https://github.com/haven/" + project + "\",\"ref\":\"" + ref
                                + "\",\"environment\":\"production\"}")
                .text("/id");
        api.awaitStatus(id, "READY");
        return id;
    }

    private void is(String id, int n, State state, @Nullable String reason) {
        var address = state == State.HEALTHY || state == State.UNHEALTHY ? "172.20.0." + (n + 1) + ":3000" : null;
        var since = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        var restarts = state == State.CRASHED ? 2 : 0;
        var instance = new Instance(n, "app-" + id + "-" + n, "engine", address, state, since, restarts, reason);
        api.state.apps().report(id, instance);
        api.state.bus().nudgeApps();
    }

    private String state(String id) {
        return api.get("/v1/deployments/" + id).text("/app/state");
    }

    private Wanted wanted(String id) {
        return api.state.apps().find(id).orElseThrow().wanted();
    }

    @Test
    void aDeploymentSaysHowItsAppIs() {
        var id = ready("telling", "app-1");
        assertThat(state(id)).isEqualTo("starting");
        is(id, 1, State.CRASHED, "It ended with code 1.");
        assertThat(state(id)).isEqualTo("crashing");
        is(id, 1, State.UNHEALTHY, "GET /up answers 500.");
        assertThat(state(id)).isEqualTo("unhealthy");
        is(id, 1, State.HEALTHY, null);

        var deployment = api.get("/v1/deployments/" + id);
        assertThat(deployment.text("/kind")).isEqualTo("dynamic");
        assertThat(deployment.text("/app/state")).isEqualTo("running");
        assertThat(deployment.text("/app/wanted")).isEqualTo("running");
        assertThat(deployment.text("/app/image/tag")).isEqualTo("telling:" + id);
        assertThat(deployment.text("/app/image/digest")).startsWith("sha256:");
        assertThat(deployment.body().at("/app/image/bytes").asLong()).isEqualTo(90_000_000);
        assertThat(deployment.body().at("/app/port").asInt()).isEqualTo(3000);
        assertThat(deployment.body().at("/app/replicas").asInt()).isEqualTo(1);
        assertThat(deployment.text("/app/instances/0/state")).isEqualTo("healthy");
        assertThat(deployment.text("/app/instances/0/address")).isEqualTo("172.20.0.2:3000");
        assertThat(deployment.body().at("/app/instances/0/n").asInt()).isEqualTo(1);
        assertThat(deployment.raw().body()).doesNotContain("never shown", "SECRET");
        var list = api.get("/v1/deployments?project=telling");
        assertThat(list.text("/items/0/kind")).isEqualTo("dynamic");

        var at = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        api.state.appFigures().add(id, 1, new Sample(at, 0.25, 64_000_000, 1_000, 2_000));
        var app = api.get("/v1/deployments/" + id + "/app");
        assertThat(app.text("/state")).isEqualTo("running");
        assertThat(app.body().at("/figures/0/samples/0/cpu").asDouble()).isEqualTo(0.25);
        var figures = api.get("/v1/deployments/" + id + "/figures?instance=1").body();
        assertThat(figures.at("/0/instance").asInt()).isEqualTo(1);
        assertThat(figures.at("/0/samples/0/sent").asLong()).isEqualTo(2_000);
        assertThat(api.get("/v1/deployments/" + id + "/figures?instance=x").status())
                .isEqualTo(422);
    }

    @Test
    void anAppIsStoppedStartedWokenAndRestarted() {
        var id = ready("handled", "app-1");
        is(id, 1, State.HEALTHY, null);
        var app = "/v1/deployments/" + id + "/app";

        assertThat(api.post(app + "/start", "").text("/detail")).contains("is started already");
        assertThat(api.post(app + "/wake", "").text("/detail")).contains("awake");
        var stopped = api.post(app + "/stop", "");
        assertThat(stopped.status()).isEqualTo(202);
        assertThat(stopped.text("/state")).isEqualTo("stopped");
        assertThat(wanted(id)).isEqualTo(Wanted.STOPPED);
        assertThat(api.post(app + "/stop", "").status()).isEqualTo(409);
        assertThat(api.post(app + "/wake", "").text("/detail")).contains("stopped by a person");
        assertThat(api.post(app + "/restart", "").status()).isEqualTo(409);
        assertThat(api.post(app + "/start", "").status()).isEqualTo(202);
        assertThat(wanted(id)).isEqualTo(Wanted.RUNNING);

        api.state.apps().want(id, Wanted.ASLEEP, Instant.now());
        assertThat(state(id)).isEqualTo("asleep");
        assertThat(api.post(app + "/restart", "").text("/detail")).contains("asleep");
        assertThat(api.post(app + "/wake", "").status()).isEqualTo(202);
        assertThat(wanted(id)).isEqualTo(Wanted.RUNNING);

        var epoch = api.state.apps().find(id).orElseThrow().epoch();
        var key = UUID.randomUUID().toString();
        assertThat(api.post(app + "/restart", "", "Idempotency-Key", key).status())
                .isEqualTo(202);
        assertThat(api.post(app + "/restart", "", "Idempotency-Key", key).status())
                .isEqualTo(202);
        assertThat(api.state.apps().find(id).orElseThrow().epoch())
                .as("one restart for one key")
                .isEqualTo(epoch + 1);
        assertThat(api.post(app + "/restart", "").status()).isEqualTo(202);
        assertThat(api.state.apps().find(id).orElseThrow().epoch()).isEqualTo(epoch + 2);

        var more = api.send("PUT", app + "/replicas", "{\"replicas\":3}");
        assertThat(more.status()).isEqualTo(202);
        assertThat(more.text("/state"))
                .as("one of three answers: %s", more.body())
                .isEqualTo("starting");
        assertThat(api.send("PUT", app + "/replicas", "{\"replicas\":0}").text("/errors/0/field"))
                .isEqualTo("replicas");
        assertThat(api.send("PUT", app + "/replicas", "{}").status()).isEqualTo(422);
    }

    @Test
    void whatHasNoAppSaysSo() {
        var files = ready("filesonly", "main");
        assertThat(api.get("/v1/deployments/" + files).body().has("app")).isFalse();
        assertThat(api.get("/v1/deployments/" + files + "/app").status()).isEqualTo(404);
        assertThat(api.get("/v1/deployments/" + files + "/figures").status()).isEqualTo(404);
        var refused = api.post("/v1/deployments/" + files + "/app/stop", "");
        assertThat(refused.status()).isEqualTo(409);
        assertThat(refused.text("/detail")).contains("is static");
        var building = api.deploy("https://github.com/haven/filesonly", "hang-app");
        assertThat(api.post("/v1/deployments/" + building + "/app/start", "").text("/detail"))
                .contains("only a READY one");
        api.post("/v1/deployments/" + building + "/cancel", "");
        assertThat(api.post("/v1/deployments/nobody/app/start", "").status()).isEqualTo(404);
    }

    @Test
    void productionGoesBackToAnAppThatRunsAtOnceAndWithItsAddresses() {
        var one = ready("backward", "app-1");
        is(one, 1, State.HEALTHY, null);
        var two = ready("backward", "app-2");
        is(two, 1, State.HEALTHY, null);
        assertThat(production("backward").deployment()).isEqualTo(two);
        api.post("/v1/projects/backward/rollback", "{\"deployment\":\"" + two + "\"}");

        var answer = api.post("/v1/projects/backward/rollback", "");

        assertThat(answer.status()).as(answer.raw().body()).isEqualTo(200);
        var site = production("backward");
        assertThat(site.deployment()).isEqualTo(one);
        assertThat(site.target())
                .isInstanceOfSatisfying(
                        Target.Container.class,
                        target -> assertThat(target.addresses()).containsExactly("172.20.0.2:3000"));
    }

    @Test
    void productionMovesToAnAppThatSleepsOnceAllOfItAnswers() throws Exception {
        var one = ready("sleeper", "app-1");
        api.state.apps().replicas(one, 2);
        api.state.apps().want(one, Wanted.ASLEEP, Instant.now());
        var two = ready("sleeper", "app-2");
        is(two, 1, State.HEALTHY, null);

        var asked = CompletableFuture.supplyAsync(() -> api.post("/v1/deployments/" + one + "/promote", ""));
        while (wanted(one) != Wanted.RUNNING) {
            Installation.pause();
        }
        is(one, 1, State.HEALTHY, null);
        is(one, 2, State.STARTING, null);
        Thread.sleep(1_500);
        assertThat(asked).as("one of two answers").isNotDone();
        assertThat(production("sleeper").deployment()).isEqualTo(two);
        is(one, 2, State.HEALTHY, null);

        var answer = asked.join();
        assertThat(answer.status()).as(answer.raw().body()).isEqualTo(202);
        assertThat(answer.text("/app/state")).isEqualTo("running");
        assertThat(production("sleeper").deployment()).isEqualTo(one);
    }

    @Test
    void productionStaysWhereItIsWhenTheAppDoesNotComeUp() {
        api.post(
                "/v1/projects",
                "{\"repository\":\"https://github.com/haven/broken\",\"healthCheck\":{\"startPeriodSeconds\":1}}");
        var one = ready("broken", "app-1");
        api.state.apps().want(one, Wanted.STOPPED, Instant.now());
        is(one, 1, State.CRASHED, "It ended with code 137 after 2 s.");
        var two = ready("broken", "app-2");

        var answer = api.post("/v1/projects/broken/rollback", "{\"deployment\":\"" + one + "\"}");

        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.text("/detail"))
                .contains("It ended with code 137 after 2 s.", "What production shows is untouched.");
        assertThat(production("broken").deployment()).isEqualTo(two);
        assertThat(wanted(one)).as("as it was before").isEqualTo(Wanted.STOPPED);
    }

    private codehaven.model.Site production(String project) {
        return api.state
                .sites()
                .find(Host.ofProduction(new Slug(project), "sites.localhost"))
                .orElseThrow();
    }

    private void prints(String id, int from, int to) {
        api.state
                .runtimeLogs()
                .append(
                        id,
                        IntStream.rangeClosed(from, to)
                                .mapToObj(n -> new Line(
                                        0, Instant.now(), n % 2 + 1, n % 10 == 0 ? "stderr" : "stdout", "line " + n))
                                .toList());
        api.state.bus().nudgeRuntimeLog(id);
    }

    @Test
    void whatAnAppPrintsIsReadAsTextByNumberAndBySearch() {
        var id = ready("printing", "app-1");
        var path = "/v1/deployments/" + id;
        assertThat(api.get(path + "/runtime-log").raw().body()).isEmpty();
        for (int i = 0; i < 6; i++) {
            prints(id, i * 500 + 1, i * 500 + 500);
        }

        var text = api.get(path + "/runtime-log").raw();
        assertThat(text.headers().firstValue("Content-Type")).contains("text/plain;charset=UTF-8");
        assertThat(text.body().lines()).hasSize(3_000).last().isEqualTo("line 3000");
        assertThat(api.get(path + "/runtime-log?limit=2").raw().body()).isEqualTo("line 2999\nline 3000\n");
        assertThat(api.get(path + "/runtime-log?after=2999").raw().body()).isEqualTo("line 3000\n");
        assertThat(api.get(path + "/runtime-log?find=LINE%20299&limit=1").raw().body())
                .isEqualTo("line 2999\n");

        var newest = api.get(path + "/runtime-lines").body();
        assertThat(newest.at("/items").size()).isEqualTo(1_000);
        assertThat(newest.at("/items/0/n").asLong()).isEqualTo(2_001);
        assertThat(newest.at("/last").asLong()).isEqualTo(3_000);
        var first = api.get(path + "/runtime-lines?after=9&limit=1").body();
        assertThat(first.at("/items/0/n").asLong()).isEqualTo(10);
        assertThat(first.at("/items/0/stream").asString()).isEqualTo("stderr");
        assertThat(first.at("/items/0/instance").asInt()).isEqualTo(1);
        assertThat(api.get(path + "/runtime-lines?find=line%202999")
                        .body()
                        .at("/items/0/n")
                        .asLong())
                .isEqualTo(2_999);
        assertThat(api.get(path + "/runtime-lines?find=").text("/errors/0/field"))
                .isEqualTo("find");
        assertThat(api.get(path + "/runtime-lines?limit=2001").status()).isEqualTo(422);
    }

    record Event(String id, String name, JsonNode data) {}

    @Test
    void aReaderOfAnAppHearsLinesAndStatesAndGoesOnWhereItWas() throws Exception {
        var id = ready("followed", "app-1");
        prints(id, 1, 20);
        var seen = read(id, null, 21, () -> {});
        assertThat(seen.stream().filter(each -> each.name().equals("log")).map(Event::id))
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, 20).mapToObj(Integer::toString).toList());
        assertThat(seen)
                .filteredOn(each -> each.name().equals("app"))
                .singleElement()
                .satisfies(each -> {
                    assertThat(each.id()).isEmpty();
                    assertThat(each.data().at("/state").asString()).isEqualTo("starting");
                });
        var rest = read(id, "18", 5, () -> {
            prints(id, 21, 21);
            is(id, 1, State.HEALTHY, null);
        });
        assertThat(rest.stream().filter(each -> each.name().equals("log")).map(Event::id))
                .containsExactly("19", "20", "21");
        assertThat(rest.stream()
                        .filter(each -> each.name().equals("app"))
                        .map(each -> each.data().at("/state").asString()))
                .containsExactly("starting", "running");
    }

    private List<Event> read(String id, @Nullable String last, int most, Runnable once) throws Exception {
        var request = HttpRequest.newBuilder(api.at("/v1/deployments/" + id + "/runtime-events"));
        if (last != null) {
            request.header("Last-Event-ID", last);
        }
        var response = api.http.send(request.build(), BodyHandlers.ofInputStream());
        assertThat(response.headers().firstValue("Content-Type")).contains("text/event-stream;charset=UTF-8");
        var events = new ArrayList<Event>();
        try (var in = new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            var place = "";
            var name = "";
            var acted = false;
            for (var line = in.readLine(); line != null && events.size() < most; line = in.readLine()) {
                if (line.startsWith("id: ")) {
                    place = line.substring(4);
                } else if (line.startsWith("event: ")) {
                    name = line.substring(7);
                } else if (line.startsWith("data: ")) {
                    events.add(new Event(place, name, api.json.readTree(line.substring(6))));
                    place = "";
                    if (!acted && name.equals("app")) {
                        acted = true;
                        once.run();
                    }
                }
                if (events.size() == most) {
                    break;
                }
            }
        } catch (IOException e) {
            throw new AssertionError(events.toString(), e);
        }
        return events;
    }

    @Test
    void anotherHealthCheckIsTriedWithoutBuildingAgain() {
        api.post("/v1/projects", "{\"repository\":\"https://github.com/haven/sick\"}");
        var id = api.deploy("https://github.com/haven/sick", "app-sick");
        api.awaitStatus(id, "FAILED");
        api.send("PATCH", "/v1/projects/sick", "{\"healthCheck\":{\"path\":\"/up\"},\"app\":{\"replicas\":2}}");
        assertThat(api.post("/v1/deployments/" + id + "/retry", "").status()).isEqualTo(202);
        api.awaitStatus(id, "FAILED");
        assertThat(api.steps.builds).as("only how it runs was changed").containsEntry(id, 1);
        api.send("PATCH", "/v1/projects/sick", "{\"startCommand\":\"node other.js\"}");
        assertThat(api.post("/v1/deployments/" + id + "/retry", "").status()).isEqualTo(202);
        api.awaitStatus(id, "FAILED");
        assertThat(api.steps.builds).containsEntry(id, 2);
    }

    @Test
    void aDeletedProjectTakesItsAppsAlong() {
        var id = ready("goneapp", "app-1");
        is(id, 1, State.HEALTHY, null);
        prints(id, 1, 3);
        api.state.appFigures().add(id, 1, new Sample(Instant.now(), 0.1, 1, 1, 1));

        assertThat(api.send("DELETE", "/v1/projects/goneapp", "").status()).isEqualTo(204);

        assertThat(api.state.apps().find(id)).isEmpty();
        assertThat(api.state.runtimeLogs().last(id)).isZero();
        assertThat(api.state.appFigures().of(id, 1)).isEmpty();
    }

    @Test
    void appsAreCountedAndTheRegistryIsTold() {
        var id = ready("counted", "app-1");
        is(id, 1, State.HEALTHY, null);
        var system = api.get("/v1/system").body();
        assertThat(system.at("/apps/total").asInt()).isPositive();
        assertThat(system.at("/apps/byState/running").asInt()).isPositive();
        assertThat(system.at("/registry/configured").asBoolean()).isFalse();
        assertThat(system.at("/registry/detail").asString()).contains("Images of apps stay on the Docker engine");
        var metrics = api.send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + api.server.metricsPort() + "/metrics")))
                .raw();
        assertThat(metrics.body()).contains("codehaven_apps{state=\"running\"}", "codehaven_apps{state=\"asleep\"}");
    }
}
