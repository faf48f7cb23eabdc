package codehaven.api;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.Environment;
import codehaven.model.Host;
import codehaven.model.Slug;
import java.util.ArrayList;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ProjectsTest {

    private final Installation api = Installation.get();

    @Test
    void aChangeTouchesOnlyWhatIsGivenAndNullMeansDetect() {
        var made = api.post("/v1/projects", """
                {"repository":"github.com/haven/settings","rootDirectory":"./apps/web/","buildCommand":"npm run build",
                 "nodeVersion":"20.x","limits":{"buildSeconds":600},"healthCheck":{"path":"/up"}}
                """);
        assertThat(made.status()).as(made.raw().body()).isEqualTo(201);
        assertThat(made.raw().headers().firstValue("Location")).contains("/v1/projects/settings");
        assertThat(made.text("/repository")).isEqualTo("https://github.com/haven/settings");
        assertThat(made.text("/rootDirectory")).isEqualTo("apps/web");
        assertThat(made.text("/nodeVersion")).isEqualTo("20");
        var changed = api.send(
                "PATCH",
                "/v1/projects/settings",
                "{\"rootDirectory\":null,\"framework\":\"vite\",\"limits\":{\"cpus\":1.5}}");
        assertThat(changed.status()).as(changed.raw().body()).isEqualTo(200);
        assertThat(changed.body().has("rootDirectory")).isFalse();
        assertThat(changed.text("/framework")).isEqualTo("vite");
        assertThat(changed.text("/buildCommand")).isEqualTo("npm run build");
        assertThat(changed.body().at("/limits/buildSeconds").asInt()).isEqualTo(600);
        assertThat(changed.body().at("/limits/cpus").asDouble()).isEqualTo(1.5);
        assertThat(changed.text("/healthCheck/path")).isEqualTo("/up");
        assertThat(api.get("/v1/projects/settings").body()).isEqualTo(changed.body());
    }

    @Test
    void settingsThatCannotWorkAreRefusedFieldByField() {
        api.post("/v1/projects", "{\"repository\":\"https://github.com/haven/wrong\"}");
        var answer = api.send("PATCH", "/v1/projects/wrong", """
                {"rootDirectory":"../..","outputDirectory":"/etc","nodeVersion":"lts","framework":"nonsense",
                 "limits":{"buildSeconds":1,"disk":5},"healthCheck":{"path":"up"},"submodules":"yes",
                 "buildCommand":"a\\nb","productionBranch":"-x"}
                """);
        assertThat(answer.status()).isEqualTo(422);
        var fields = new ArrayList<String>();
        answer.body().at("/errors").forEach(each -> fields.add(each.at("/field").asString()));
        assertThat(fields)
                .containsExactlyInAnyOrder(
                        "rootDirectory",
                        "outputDirectory",
                        "nodeVersion",
                        "framework",
                        "limits.buildSeconds",
                        "limits.disk",
                        "healthCheck.path",
                        "submodules",
                        "buildCommand",
                        "productionBranch");
    }

    @Test
    void whatIsWrongWithAnAddressIsSaidOnceAndAnotherRepositoryHasAnotherBranch() {
        for (var wrong : new String[] {"\"git@github.com:haven/x.git\"", "7", "\"\"", "null"}) {
            var answer = api.post("/v1/projects", "{\"repository\":" + wrong + "}");
            assertThat(answer.status()).as(wrong).isEqualTo(422);
            assertThat(answer.body().at("/errors").size())
                    .as(answer.raw().body())
                    .isEqualTo(1);
            assertThat(answer.text("/detail")).isEqualTo(answer.text("/errors/0/message"));
        }
        api.post("/v1/projects", """
                {"repository":"https://github.com/haven/moved","productionBranch":"release"}""");
        var same = api.send("PATCH", "/v1/projects/moved", "{\"repository\":\"github.com/haven/moved\"}");
        assertThat(same.text("/productionBranch")).isEqualTo("release");
        var moved = api.send("PATCH", "/v1/projects/moved", "{\"repository\":\"github.com/haven/elsewhere\"}");
        assertThat(moved.body().has("productionBranch")).isFalse();
    }

    @Test
    void howAnAppRunsIsSetFieldByField() {
        var made = api.post("/v1/projects", """
                {"repository":"https://github.com/haven/apps","startCommand":"node server.js",
                 "app":{"port":3000,"replicas":2,"stopSignal":"int","volumes":[{"name":"data","path":"/data"}]}}
                """);
        assertThat(made.status()).as(made.raw().body()).isEqualTo(201);
        assertThat(made.text("/app/stopSignal")).isEqualTo("SIGINT");
        assertThat(made.text("/app/volumes/0/path")).isEqualTo("/data");

        var changed = api.send("PATCH", "/v1/projects/apps", """
                {"dockerfile":"docker/Dockerfile","limits":{"memoryMb":512},
                 "app":{"port":null,"sleepAfterSeconds":0,"stopSeconds":20,"writable":true,"dockerContext":"./api/"}}
                """);
        assertThat(changed.status()).as(changed.raw().body()).isEqualTo(200);
        assertThat(changed.body().at("/app").has("port")).isFalse();
        assertThat(changed.body().at("/app/replicas").asInt()).isEqualTo(2);
        assertThat(changed.body().at("/app/sleepAfterSeconds").asInt(-1)).isZero();
        assertThat(changed.body().at("/app/writable").asBoolean()).isTrue();
        assertThat(changed.text("/app/dockerContext")).isEqualTo("api");
        assertThat(changed.text("/app/volumes/0/name")).isEqualTo("data");
        assertThat(changed.body().at("/limits/memoryMb").asInt()).isEqualTo(512);
        assertThat(api.get("/v1/projects/apps").body()).isEqualTo(changed.body());

        var reset = api.send("PATCH", "/v1/projects/apps", "{\"app\":{\"volumes\":null}}");
        assertThat(reset.body().at("/app/volumes").size()).isZero();
        assertThat(reset.body().at("/app/replicas").asInt()).isEqualTo(2);
        assertThat(api.send("PATCH", "/v1/projects/apps", "{\"app\":null}")
                        .body()
                        .at("/app")
                        .has("replicas"))
                .isFalse();
    }

    @Test
    void howAnAppCannotRunIsSaidAtEachField() {
        api.post("/v1/projects", "{\"repository\":\"https://github.com/haven/wrongapps\"}");
        var answer = api.send("PATCH", "/v1/projects/wrongapps", """
                {"app":{"port":0,"replicas":51,"sleepAfterSeconds":5,"stopSignal":"please","stopSeconds":"long",
                 "writable":1,"dockerContext":"../up","ports":[1],
                 "volumes":[{"name":"data","path":"/data"},{"name":"Data!","path":"../x"},{"path":"/a"},"x"]}}
                """);
        assertThat(answer.status()).isEqualTo(422);
        var fields = new ArrayList<String>();
        answer.body().at("/errors").forEach(each -> fields.add(each.at("/field").asString()));
        assertThat(fields)
                .containsExactlyInAnyOrder(
                        "app.port",
                        "app.replicas",
                        "app.sleepAfterSeconds",
                        "app.stopSignal",
                        "app.stopSeconds",
                        "app.writable",
                        "app.dockerContext",
                        "app.ports",
                        "app.volumes[1].name",
                        "app.volumes[1].path",
                        "app.volumes[2].name",
                        "app.volumes[3]");
        var twice = api.send("PATCH", "/v1/projects/wrongapps", """
                {"app":{"volumes":[{"name":"data","path":"/a"},{"name":"data","path":"/b"}]}}
                """);
        assertThat(twice.text("/errors/0/field")).isEqualTo("app.volumes");
    }

    @Test
    void aProjectIsMadeOnceForOneKey() {
        var key = UUID.randomUUID().toString();
        var body = "{\"repository\":\"https://github.com/haven/keyed\"}";
        var one = api.post("/v1/projects", body, "Idempotency-Key", key);
        var two = api.post("/v1/projects", body, "Idempotency-Key", key);
        assertThat(two.status()).isEqualTo(201);
        assertThat(two.text("/slug")).isEqualTo(one.text("/slug"));
        assertThat(api.post("/v1/projects", body).text("/slug")).isEqualTo("keyed-2");
        var named = api.post("/v1/projects", "{\"repository\":\"https://github.com/haven/keyed\",\"name\":\"keyed\"}");
        assertThat(named.status()).isEqualTo(409);
    }

    @Test
    void sensitiveValuesAreNeverReadAgain() {
        api.post("/v1/projects", "{\"repository\":\"https://github.com/haven/secrets\"}");
        var env = "/v1/projects/secrets/env";
        var canary = "canary-" + UUID.randomUUID();
        var put = api.send(
                "PUT",
                env + "/TOKEN",
                "{\"value\":\"" + canary + "\",\"sensitive\":true,\"environments\":[\"production\"]}");
        assertThat(put.status()).as(put.raw().body()).isEqualTo(200);
        assertThat(put.raw().body()).doesNotContain(canary);
        assertThat(api.send("PUT", env + "/PUBLIC", "{\"value\":\"seen\\nby all\"}")
                        .text("/value"))
                .isEqualTo("seen\nby all");
        assertThat(api.get(env).raw().body()).doesNotContain(canary).contains("seen");
        assertThat(api.get(env + "/TOKEN").body().has("value")).isFalse();
        assertThat(api.send("PUT", env + "/TOKEN", "{\"value\":\"x\",\"sensitive\":false}")
                        .status())
                .isEqualTo(409);
        var wrong = api.send("PUT", env + "/TOKEN", "{\"value\":\"" + canary + "\",\"nonsense\":\"" + canary + "\"}");
        assertThat(wrong.status()).isEqualTo(422);
        assertThat(wrong.raw().body()).doesNotContain(canary);
        assertThat(api.state.variables().resolve(new Slug("secrets"), Environment.PRODUCTION))
                .containsEntry("TOKEN", canary);
        assertThat(api.state.variables().resolve(new Slug("secrets"), Environment.PREVIEW))
                .doesNotContainKey("TOKEN");

        assertThat(api.send("PUT", env + "/CODEHAVEN_URL", "{\"value\":\"x\"}").text("/errors/0/message"))
                .contains("set by CodeHaven");
        assertThat(api.send("PUT", env + "/1BAD", "{\"value\":\"x\"}").status()).isEqualTo(422);
        assertThat(api.send("PUT", env + "/BIG", "{\"value\":\"" + "x".repeat(70_000) + "\"}")
                        .status())
                .isEqualTo(422);
        assertThat(api.send("DELETE", env + "/TOKEN", "").status()).isEqualTo(204);
        assertThat(api.send("DELETE", env + "/TOKEN", "").status()).isEqualTo(404);
    }

    @Test
    void productionGoesBackAndForth() {
        var repository = "https://github.com/haven/switch";
        var one = ready(repository, "production");
        var two = ready(repository, "production");
        var preview = ready(repository, "preview");
        assertThat(live("switch")).isEqualTo(two);

        var back = api.post("/v1/projects/switch/rollback", "");
        assertThat(back.status()).as(back.raw().body()).isEqualTo(200);
        assertThat(back.text("/id")).isEqualTo(one);
        assertThat(back.body().at("/live").asBoolean()).isTrue();
        assertThat(back.text("/site/url")).isEqualTo("http://switch.sites.localhost:8081/");
        assertThat(live("switch")).isEqualTo(one);
        assertThat(api.post("/v1/projects/switch/rollback", "").status())
                .as("nothing before it")
                .isEqualTo(409);

        var promoted = api.post("/v1/deployments/" + preview + "/promote", "");
        assertThat(promoted.status()).isEqualTo(202);
        assertThat(promoted.text("/site/deployment")).isEqualTo(preview);
        assertThat(live("switch")).isEqualTo(preview);
        assertThat(api.post("/v1/projects/switch/rollback", "").text("/id"))
                .as("what was live before it")
                .isEqualTo(one);

        var key = UUID.randomUUID().toString();
        var body = "{\"deployment\":\"" + two + "\"}";
        var first = api.post("/v1/projects/switch/rollback", body, "Idempotency-Key", key);
        var again = api.post("/v1/projects/switch/rollback", body, "Idempotency-Key", key);
        assertThat(again.text("/site/generation")).isEqualTo(first.text("/site/generation"));
        assertThat(live("switch")).isEqualTo(two);
        assertThat(api.post("/v1/projects/switch/rollback", "{\"deployment\":\"nobody\"}")
                        .status())
                .isEqualTo(404);
        var unready = api.deploy(repository, "fail-unready");
        api.awaitStatus(unready, "FAILED");
        assertThat(api.post("/v1/deployments/" + unready + "/promote", "").status())
                .isEqualTo(409);
    }

    private String ready(String repository, String environment) {
        var id = api.post(
                        "/v1/deployments",
                        "{\"repository\":\"" + repository + "\",\"environment\":\"" + environment + "\"}")
                .text("/id");
        api.awaitStatus(id, "READY");
        return id;
    }

    private String live(String project) {
        var host = Host.ofProduction(new Slug(project), "sites.localhost");
        return api.state.sites().find(host).orElseThrow().deployment();
    }

    @Test
    void aDeletedProjectTakesEverythingOfItsOwnAlong() {
        var repository = "https://github.com/haven/deleted";
        var done = ready(repository, "production");
        var hanging = api.deploy(repository, "hang-delete");
        api.awaitStatus(hanging, "BUILDING");
        api.send("PUT", "/v1/projects/deleted/env/A", "{\"value\":\"x\"}");
        assertThat(api.send("DELETE", "/v1/projects/deleted", "").status()).isEqualTo(204);
        assertThat(api.get("/v1/projects/deleted").status()).isEqualTo(404);
        assertThat(api.get("/v1/deployments/" + done).status()).isEqualTo(404);
        assertThat(api.get("/v1/deployments?project=deleted")
                        .body()
                        .at("/items")
                        .size())
                .isZero();
        assertThat(api.state.sites().ofProject(new Slug("deleted"))).isEmpty();
        assertThat(api.state.variables().list(new Slug("deleted"))).isEmpty();
        assertThat(api.client
                        .newUntypedWorkflowStub("deploy-" + hanging)
                        .describe()
                        .getCloseTime())
                .isNotNull();
        assertThat(api.send("DELETE", "/v1/projects/deleted", "").status()).isEqualTo(404);
    }

    @Test
    void projectsAreListedBySlugInPages() {
        for (var name : new String[] {"zz-c", "zz-a", "zz-b"}) {
            api.post("/v1/projects", "{\"repository\":\"https://github.com/haven/list\",\"name\":\"" + name + "\"}");
        }
        var page = api.get("/v1/projects?after=zz&limit=2");
        assertThat(page.text("/items/0/slug")).isEqualTo("zz-a");
        assertThat(page.text("/next")).isEqualTo("zz-b");
        assertThat(api.get("/v1/projects?after=zz-b&limit=2").text("/items/0/slug"))
                .isEqualTo("zz-c");
    }
}
