package codehaven.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InspectionsTest {

    private final Installation api = Installation.get();

    @Test
    void aRepositoryIsLookedAtAnewForEachWhoAsks() {
        for (int n = 1; n <= 2; n++) {
            var seen = api.post("/v1/inspections", """
                    {"repository":"github.com/haven/looked.git","ref":"next","rootDirectory":"apps/web"}""");
            assertThat(seen.status()).as(seen.raw().body()).isEqualTo(200);
            assertThat(seen.text("/repository")).isEqualTo("https://github.com/haven/looked");
            assertThat(seen.text("/branch")).isEqualTo("next");
            assertThat(seen.text("/defaultBranch")).isEqualTo("main");
            assertThat(seen.text("/root")).isEqualTo("apps/web");
            assertThat(seen.text("/commit/sha")).startsWith("01234567");
            assertThat(seen.text("/candidates/0/directory")).isEqualTo("apps/web");
            assertThat(seen.text("/candidates/0/kind")).isEqualTo("static");
            assertThat(seen.body().at("/candidates/0").has("problem")).isFalse();
            assertThat(api.steps.looks).containsEntry("https://github.com/haven/looked", n);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "repository-not-found, 404",
        "repository-refused, 422",
        "ref-not-found, 422",
        "no-project-found, 422",
        "repository-unreachable, 502",
    })
    void whatStandsInTheWayIsSaid(String name, int status) {
        var answer = api.post("/v1/inspections", "{\"repository\":\"https://github.com/haven/" + name + "\"}");
        assertThat(answer.status()).as(answer.raw().body()).isEqualTo(status);
        assertThat(answer.raw().body()).contains("What " + name + " says.");
    }

    @Test
    void whatIsNoRepositoryIsRefusedBeforeAnybodyLooks() {
        for (var body : new String[] {
            "{}",
            "{\"repository\":\"ftp://example.org/x\"}",
            "{\"repository\":\"https://github.com/haven/x\",\"ref\":\"--upload-pack=x\"}",
            "{\"repository\":\"https://github.com/haven/x\",\"rootDirectory\":5}",
            "{\"repository\":\"https://github.com/haven/x\",\"folder\":\"y\"}"
        }) {
            var answer = api.post("/v1/inspections", body);
            assertThat(answer.status()).as(body).isEqualTo(422);
        }
        assertThat(api.steps.looks).doesNotContainKey("https://github.com/haven/x");
    }
}
