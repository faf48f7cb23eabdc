package codehaven.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.net.http.HttpRequest;
import org.junit.jupiter.api.Test;

class SystemTest {

    private final Installation api = Installation.get();

    @Test
    void theInstallationDescribesItself() {
        var system = api.get("/v1/system").body();
        assertThat(system.at("/version").asString()).isEqualTo("0.1.0-test");
        assertThat(system.at("/health").asString()).isEqualTo("up");
        assertThat(system.at("/temporal/up").asBoolean()).isTrue();
        assertThat(system.at("/temporal/ui").asString()).startsWith("http");
        assertThat(system.at("/mongodb/embedded").asBoolean()).isTrue();
        assertThat(system.at("/docker/mode").asString()).isEqualTo("process");
        assertThat(system.at("/workers/0/queues").toString()).contains("deployments", "builds");
        assertThat(system.at("/queue/active").isNumber()).isTrue();
        assertThat(api.get("/v1/health/live").status()).isEqualTo(200);
        assertThat(api.get("/v1/health/ready").text("/backends/temporal")).isEqualTo("up");
    }

    @Test
    void theApiIsDescribedByItsOwnCode() {
        var document = api.get("/v1/openapi.json").body();
        assertThat(document.at("/paths").propertyNames())
                .contains(
                        "/v1/deployments",
                        "/v1/deployments/{id}",
                        "/v1/deployments/{id}/events",
                        "/v1/deployments/{id}/promote",
                        "/v1/projects/{slug}/rollback",
                        "/v1/projects/{slug}/env/{key}",
                        "/v1/deployments/{id}/app/replicas",
                        "/v1/deployments/{id}/runtime-events",
                        "/v1/system")
                .allMatch(path -> path.startsWith("/v1/"));
        assertThat(document.at("/info/title").asString()).isEqualTo("CodeHaven");
        assertThat(document.at("/paths/~1v1~1deployments/post/responses/default/content")
                        .propertyNames())
                .containsExactly("application/problem+json");
        assertThat(document.at("/paths/~1v1~1deployments/post/requestBody/content/application~1json/schema/$ref")
                        .asString())
                .isEqualTo("#/components/schemas/DeploymentForm");
        assertThat(document.at("/components/schemas/Problem/properties").propertyNames())
                .contains("errors");
        assertThat(document.at("/components/schemas/DeploymentForm/properties").propertyNames())
                .contains("repository", "project", "ref", "name", "environment");
        var page = api.get("/docs");
        assertThat(page.status()).isEqualTo(302);
        var html = api.get(page.raw().headers().firstValue("Location").orElseThrow())
                .raw();
        assertThat(html.statusCode()).isEqualTo(200);
        assertThat(html.body()).contains("swagger").doesNotContain("https://");
    }

    @Test
    void metricsAreAtAPortOfTheirOwn() {
        api.get("/v1/health/live");
        var metrics = api.send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + api.server.metricsPort() + "/metrics")))
                .raw();
        assertThat(metrics.body())
                .contains(
                        "codehaven_http_requests_seconds_count{method=\"GET\",route=\"/v1/health/live\",status=\"200\"}")
                .contains("jvm_memory_used_bytes");
        assertThat(api.get("/metrics").status()).isEqualTo(404);
    }

    @Test
    void whatCannotStartSaysWhyInASentence() {
        var taken = Installation.settings(api.server.port());
        assertThatThrownBy(() -> ApiServer.start(taken, api.state, api.client, api.info()))
                .isInstanceOf(ApiServer.CannotStart.class)
                .hasMessage("Port " + api.server.port()
                        + " is in use by another program. Stop that one, or choose another port (0 picks a free one).");
        assertThatThrownBy(() -> new ApiSettings(
                        "0.0.0.0", 0, 0, null, "sites.localhost", URI.create("http://sites.localhost"), false))
                .hasMessageContaining("loopback only until accounts exist");
    }

    @Test
    void browsersAreAnsweredInJson() {
        var answer = api.send(HttpRequest.newBuilder(api.at("/v1/health/live"))
                .header("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        assertThat(answer.raw().headers().firstValue("Content-Type")).contains("application/json");
    }
}
