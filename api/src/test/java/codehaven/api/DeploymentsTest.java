package codehaven.api;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.Slug;
import codehaven.state.Deployments.Filter;
import java.net.http.HttpRequest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class DeploymentsTest {

    private final Installation api = Installation.get();

    @Test
    void aRepositoryBecomesReadyWithItsAddresses() {
        var answer = api.post("/v1/deployments", "{\"repository\":\" https://GitHub.com/haven/Blog.git/ \"}");
        assertThat(answer.status()).as(answer.raw().body()).isEqualTo(202);
        var id = answer.text("/id");
        assertThat(answer.raw().headers().firstValue("Location")).contains("/v1/deployments/" + id);
        assertThat(id).matches("[a-z0-9]{8}");
        assertThat(answer.text("/status")).isEqualTo("QUEUED");
        assertThat(answer.text("/environment")).isEqualTo("production");
        assertThat(answer.text("/trigger")).isEqualTo("api");
        assertThat(answer.body().has("ref")).as("absent is not null").isFalse();

        var ready = api.awaitStatus(id, "READY");
        assertThat(ready.at("/urls/deployment").asString()).isEqualTo("http://blog-" + id + ".sites.localhost:8081/");
        assertThat(ready.at("/urls/branch").asString()).isEqualTo("http://blog-git-main.sites.localhost:8081/");
        assertThat(ready.at("/urls/production").asString()).isEqualTo("http://blog.sites.localhost:8081/");
        assertThat(ready.at("/live").asBoolean()).isTrue();
        assertThat(ready.at("/kind").asString()).isEqualTo("static");
        assertThat(ready.at("/steps/0/state").asString()).isEqualTo("done");
        assertThat(ready.at("/commit/sha").asString()).hasSize(40);
        assertThat(ready.at("/links/workflow").asString()).endsWith("/namespaces/default/workflows/deploy-" + id);
        assertThat(api.get("/v1/projects/blog").text("/repository")).isEqualTo("https://github.com/haven/Blog");

        var files = api.get("/v1/deployments/" + id + "/files?limit=2");
        assertThat(files.text("/items/0/path")).isEqualTo("a b.txt");
        assertThat(files.text("/next")).isEqualTo("about/index.html");
        var rest = api.get("/v1/deployments/" + id + "/files?after=about/index.html");
        assertThat(rest.text("/items/0/path")).isEqualTo("index.html");
        assertThat(rest.body().has("next")).isFalse();
    }

    @Test
    void whereADeploymentGoesFollowsFromItsRef() {
        var repository = "https://github.com/haven/where";
        assertThat(environment(repository, "\"ref\":\"topic\""))
                .as("the very first")
                .isEqualTo("production");
        assertThat(environment(repository, "\"ref\":\"topic\""))
                .as("the second")
                .isEqualTo("preview");
        assertThat(environment(repository, "\"name\":null"))
                .as("the default branch")
                .isEqualTo("production");
        assertThat(environment(repository, "\"environment\":\"preview\"")).isEqualTo("preview");
        assertThat(api.send("PATCH", "/v1/projects/where", "{\"productionBranch\":\"release\"}")
                        .status())
                .isEqualTo(200);
        assertThat(environment(repository, "\"ref\":\"release\"")).isEqualTo("production");
        assertThat(environment(repository, "\"ref\":\"main\"")).isEqualTo("preview");
        var unnamed = api.post("/v1/deployments", "{\"project\":\"where\"}");
        assertThat(unnamed.text("/environment")).isEqualTo("production");
        assertThat(unnamed.text("/ref")).as("what goes to production").isEqualTo("release");
    }

    @Test
    void aNameWhoseAddressIsThatOfAnothersBranchOrDeploymentIsRefused() {
        var id = api.deploy("https://github.com/one/taken", "main");
        for (var name : new String[] {"taken-git-main", "taken-" + id}) {
            var refused =
                    api.post("/v1/projects", "{\"repository\":\"https://github.com/two/x\",\"name\":\"" + name + "\"}");
            assertThat(refused.status()).as(name).isEqualTo(409);
            assertThat(refused.text("/detail")).contains("the project taken has an address like that");
        }
        assertThat(project("https://github.com/one/my-git-tools", null)).isEqualTo("my-git-tools");
        assertThat(project("https://github.com/two/my", null))
                .as("a branch of it would have the address of my-git-tools")
                .isEqualTo("my-2");
    }

    private String environment(String repository, String more) {
        var answer = api.post("/v1/deployments", "{\"repository\":\"" + repository + "\"," + more + "}");
        assertThat(answer.status()).as(answer.raw().body()).isEqualTo(202);
        return answer.text("/environment");
    }

    @Test
    void namesThatAreTakenGetANumberAndTheSameRepositoryKeepsItsProject() {
        assertThat(project("https://github.com/one/twins", null)).isEqualTo("twins");
        assertThat(project("https://github.com/two/twins", null)).isEqualTo("twins-2");
        assertThat(project("https://github.com/one/twins.git", null)).isEqualTo("twins");
        assertThat(project("https://github.com/one/twins", "twins-docs")).isEqualTo("twins-docs");
        var taken = api.post("/v1/deployments", "{\"repository\":\"https://github.com/three/x\",\"name\":\"twins\"}");
        assertThat(taken.status()).isEqualTo(409);
        assertThat(taken.text("/detail")).contains("twins is taken");
    }

    private String project(String repository, @org.jspecify.annotations.Nullable String name) {
        var body = "{\"repository\":\"" + repository + "\"" + (name == null ? "" : ",\"name\":\"" + name + "\"") + "}";
        return api.post("/v1/deployments", body).text("/project");
    }

    @Test
    void twentyRequestsWithOneKeyAreOneDeployment() throws Exception {
        var key = UUID.randomUUID().toString();
        var body = "{\"repository\":\"https://github.com/haven/once\"}";
        var ids = new HashSet<String>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Installation.Answer>> answers = new ArrayList<>();
            for (var i = 0; i < 20; i++) {
                answers.add(threads.submit(() -> api.post("/v1/deployments", body, "Idempotency-Key", key)));
            }
            for (var each : answers) {
                assertThat(each.get().status()).as(each.get().raw().body()).isEqualTo(202);
                ids.add(each.get().text("/id"));
            }
        }
        assertThat(ids).hasSize(1);
        assertThat(api.state.deployments().list(new Filter(new Slug("once"), null, null, null), null, 10))
                .hasSize(1);

        var other = api.post("/v1/deployments", body.replace("once", "twice"), "Idempotency-Key", key);
        assertThat(other.status()).isEqualTo(422);
        assertThat(other.text("/type")).isEqualTo("urn:codehaven:problem:idempotency-key-reused");
    }

    @Test
    void aKeyIsFreeAgainWhenItsRequestWasRefused() {
        var key = UUID.randomUUID().toString();
        var refused = api.post("/v1/deployments", "{\"project\":\"not-there\"}", "Idempotency-Key", key);
        assertThat(refused.status()).isEqualTo(404);
        var accepted = api.post(
                "/v1/deployments", "{\"repository\":\"https://github.com/haven/refused\"}", "Idempotency-Key", key);
        assertThat(accepted.status()).isEqualTo(202);
    }

    @Test
    void aListIsReadInPagesNewestFirst() {
        var made = new ArrayList<String>();
        for (var i = 0; i < 5; i++) {
            made.addFirst(api.deploy("https://github.com/haven/pages", "b" + i));
        }
        var read = new ArrayList<String>();
        var after = "";
        do {
            var page = api.get("/v1/deployments?project=pages&limit=2" + after);
            page.body().at("/items").forEach(each -> read.add(each.at("/id").asString()));
            after = page.body().has("next") ? "&after=" + page.text("/next") : "";
        } while (!after.isEmpty());
        assertThat(read).containsExactlyElementsOf(made);
        api.awaitStatus(made.get(1), "READY");
        var one = api.get("/v1/deployments?project=pages&branch=b3&status=ready&environment=preview");
        assertThat(one.body().at("/items").size()).isEqualTo(1);
        assertThat(api.get("/v1/deployments?status=lost").text("/errors/0/field"))
                .isEqualTo("status");
        assertThat(api.get("/v1/deployments?limit=0").status()).isEqualTo(422);
        assertThat(api.get("/v1/deployments?after=nobody").status()).isEqualTo(422);
    }

    @Test
    void addressesAreJudgedByTheirFormAndTheSentenceSaysWhatToWrite() {
        assertRefused("git@github.com:owner/site.git", "https://github.com/owner/site");
        assertRefused("ssh://git@github.com/owner/site", "https");
        assertRefused("owner/site", "https://github.com/owner/site");
        assertRefused("https://user:secret@github.com/owner/site", "Leave them out");
        assertRefused("http://example.org/a/b.git", "CODEHAVEN_GIT_ALLOW_LOCAL");
        assertRefused("file:///etc", "CODEHAVEN_GIT_ALLOW_LOCAL");
        assertRefused("https://localhost/a/b", "CODEHAVEN_GIT_ALLOW_LOCAL");
        assertRefused("https://2130706433/a/b", "CODEHAVEN_GIT_ALLOW_LOCAL");
        assertRefused("https://0x7f.1/a/b", "host name");
        assertRefused("https://[::ffff:10.0.0.1]/a/b", "CODEHAVEN_GIT_ALLOW_LOCAL");
        assertRefused("https://169.254.169.254/latest", "CODEHAVEN_GIT_ALLOW_LOCAL");
        assertRefused("https://github.com/owner/site/tree/main/docs", "https://github.com/owner/site,");
        assertRefused("https://github.com/", "names no repository");
        assertRefused("--upload-pack=touch /tmp/x", "spaces");
        assertRefused("javascript:alert(1)", "");
        assertRefused("", "empty");
    }

    private void assertRefused(String repository, String sentence) {
        var body = api.json.writeValueAsString(java.util.Map.of("repository", repository));
        var answer = api.post("/v1/deployments", body);
        assertThat(answer.status()).as(repository).isEqualTo(422);
        assertThat(answer.text("/errors/0/field")).isEqualTo("repository");
        assertThat(answer.text("/errors/0/message")).contains(sentence).doesNotContain("secret");
    }

    @Test
    void everyWrongFieldIsNamed() {
        var answer = api.post(
                "/v1/deployments",
                "{\"repository\":5,\"name\":\"Not A Slug\",\"ref\":\"--evil\",\"environment\":\"staging\",\"colour\":1}");
        assertThat(answer.status()).isEqualTo(422);
        var fields = new ArrayList<String>();
        answer.body().at("/errors").forEach(each -> fields.add(each.at("/field").asString()));
        assertThat(fields).contains("repository", "name", "ref", "environment", "colour");
        assertThat(api.post("/v1/deployments", "{}").text("/errors/0/field")).isEqualTo("repository");
        var both = api.post("/v1/deployments", "{\"repository\":\"https://github.com/a/b\",\"project\":\"b\"}");
        assertThat(both.status()).isEqualTo(422);
        var files = api.post("/v1/deployments", "{\"files\":{}}");
        assertThat(files.status()).isEqualTo(501);
        assertThat(files.text("/type")).isEqualTo("urn:codehaven:problem:not-available");
    }

    @Test
    void aRedeployIsANewDeploymentOfTheSameCommit() {
        var id = api.deploy("https://github.com/haven/again", "topic");
        api.awaitStatus(id, "READY");
        var answer = api.post("/v1/deployments/" + id + "/redeploy", "");
        assertThat(answer.status()).isEqualTo(202);
        assertThat(answer.text("/id")).isNotEqualTo(id);
        assertThat(answer.text("/trigger")).isEqualTo("redeploy");
        assertThat(answer.text("/ref")).hasSize(40);
        assertThat(answer.text("/branch")).isEqualTo("topic");
        assertThat(api.awaitStatus(answer.text("/id"), "READY").at("/branch").asString())
                .isEqualTo("topic");
    }

    @Test
    void aRequestWithoutABodyNeedsNoContentType() {
        var id = api.deploy("https://github.com/haven/bodyless", "topic");
        api.awaitStatus(id, "READY");
        var answer = api.send(HttpRequest.newBuilder(api.at("/v1/deployments/" + id + "/redeploy"))
                .POST(HttpRequest.BodyPublishers.noBody()));
        assertThat(answer.status()).isEqualTo(202);
    }
}
