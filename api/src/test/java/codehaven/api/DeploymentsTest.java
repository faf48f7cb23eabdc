package codehaven.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DeploymentsTest {

    private final Installation api = Installation.get();

    @Test
    void aRepositoryBecomesReadyWithItsAddresses() {
        var answer = api.post("/v1/deployments", "{\"repository\":\"https://github.com/haven/Blog.git\"}");
        assertThat(answer.status()).as(answer.raw().body()).isEqualTo(202);
        assertThat(answer.raw().headers().firstValue("Location")).contains("/v1/deployments/" + answer.text("/id"));
        assertThat(answer.text("/status")).isEqualTo("QUEUED");
        assertThat(answer.text("/environment")).isEqualTo("production");
        var ready = api.awaitStatus(answer.text("/id"), "READY");
        System.out.println(ready.toPrettyString());
        assertThat(ready.at("/live").asBoolean()).isTrue();
    }
}
