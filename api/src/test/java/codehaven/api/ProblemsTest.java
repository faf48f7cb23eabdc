package codehaven.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** How refusals look, and who is refused. */
class ProblemsTest {

    private final Installation api = Installation.get();

    @Test
    void everyRefusalIsAProblem() {
        assertProblem(api.get("/v1/nothing"), 404, "not-found");
        assertProblem(api.get("/nothing"), 404, "not-found");
        assertProblem(api.get("/v1/deployments/nobody"), 404, "not-found");
        assertProblem(api.get("/v1/projects/%2e%2e"), 404, "not-found");
        assertProblem(api.post("/v1/deployments/nobody/cancel", ""), 404, "not-found");
        assertProblem(api.get("/v1/projects/any/domains"), 501, "not-available");
        assertProblem(api.post("/v1/projects/any/domains/example.com/verify", ""), 501, "not-available");
        assertProblem(api.post("/v1/hooks/github", "{}"), 501, "not-available");
        assertProblem(api.get("/v1/socket"), 426, "upgrade-required");
        assertProblem(api.post("/v1/socket", "{}"), 405, "method-not-allowed");
        assertProblem(api.send("PUT", "/v1/deployments", "{}"), 405, "method-not-allowed");
        assertProblem(api.post("/v1/deployments", "{\"repository\":"), 400, "malformed");
        assertProblem(api.post("/v1/deployments", ""), 400, "malformed");
        assertProblem(api.post("/v1/deployments", "[]"), 400, "malformed");
        assertProblem(api.post("/v1/deployments", "{\"ref\":\"a\",\"ref\":\"b\"}"), 400, "malformed");
        assertProblem(api.post("/v1/deployments", "\"" + "x".repeat(2 << 20) + "\""), 413, "too-large");
        assertProblem(
                api.send(HttpRequest.newBuilder(api.at("/v1/deployments"))
                        .header("Content-Type", "text/plain")
                        .POST(BodyPublishers.ofString("{}"))),
                415,
                "unsupported-media-type");
        assertProblem(
                api.send(HttpRequest.newBuilder(api.at("/v1/deployments")).header("Accept", "image/png")),
                406,
                "not-acceptable");
        assertProblem(api.post("/v1/deployments", "{}", "Idempotency-Key", "a b"), 422, "invalid");
    }

    private static void assertProblem(Installation.Answer answer, int status, String type) {
        assertThat(answer.status())
                .as(answer.raw().uri() + " " + answer.raw().body())
                .isEqualTo(status);
        assertThat(answer.raw().headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(answer.text("/type")).isEqualTo("urn:codehaven:problem:" + type);
        assertThat(answer.body().at("/status").asInt()).isEqualTo(status);
        assertThat(answer.text("/title")).isNotEmpty();
        assertThat(answer.text("/detail")).endsWith(".");
        assertThat(answer.raw().body()).doesNotContain("Exception", "codehaven.api", "springframework", "jackson");
    }

    @Test
    void onlyThisMachinesNamesAndThePublicOneAreAnswered() throws IOException {
        assertThat(raw("GET", "Host: evil.example")).contains(" 403 ").contains("application/problem+json");
        assertThat(raw("GET", "Host: localhost.evil.example")).contains(" 403 ");
        assertThat(raw("GET", "Host: blog.sites.localhost:8081")).contains(" 403 ");
        assertThat(raw("GET", "Host: localhost:" + api.server.port())).contains(" 200 ");
        assertThat(raw("GET", "Host: haven.example")).contains(" 200 ");
        assertThat(raw("GET", "Host: [::1]:8080")).contains(" 200 ");
    }

    @Test
    void noPageOfAnotherOriginChangesAnything() throws IOException {
        var here = "Host: localhost:8080\r\n";
        assertThat(raw("POST", here + "Origin: http://evil.example")).contains(" 403 ");
        assertThat(raw("POST", here + "Origin: null")).contains(" 403 ");
        assertThat(raw("POST", here + "Origin: http://localhost:3000")).contains(" 403 ");
        assertThat(raw("POST", here + "Sec-Fetch-Site: same-site")).contains(" 403 ");
        assertThat(raw("POST", here + "Origin: http://localhost:8080")).doesNotContain(" 403 ");
        assertThat(raw("POST", "Host: haven.example\r\nOrigin: https://haven.example"))
                .doesNotContain(" 403 ");
        assertThat(raw("GET", here + "Origin: http://evil.example"))
                .as("a plain read is answered, but not to a page of another origin")
                .contains(" 200 ")
                .doesNotContainIgnoringCase("access-control-allow-origin");
    }

    @Test
    void aRequestThatTheContainerCannotReadTellsNothingAboutIt() throws IOException {
        assertThat(sent("GET /v1/health/live|x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
                .contains(" 400 ")
                .doesNotContainIgnoringCase("tomcat")
                .doesNotContain("Exception");
    }

    private String raw(String method, String headers) throws IOException {
        var path = method.equals("GET") ? "/v1/health/live" : "/v1/deployments";
        return sent(
                method + " " + path + " HTTP/1.1\r\n" + headers + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }

    private String sent(String request) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), api.server.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
