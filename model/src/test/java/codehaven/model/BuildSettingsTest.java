package codehaven.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import codehaven.model.BuildSettings.Limits;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class BuildSettingsTest {

    @Test
    void limitsKnowTheirBounds() {
        assertThatCode(() -> new Limits(128, 10, 64, 0.1)).doesNotThrowAnyException();
        assertThatCode(() -> new Limits(65_536, 14_400, 65_536, 64.0)).doesNotThrowAnyException();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Limits(127, null, null, null))
                .withMessage("limits.buildMemoryMb is from 128 to 65536, not 127");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Limits(null, 14_401, null, null))
                .withMessage("limits.buildSeconds is from 10 to 14400, not 14401");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Limits(null, null, null, 0.05))
                .withMessage("limits.cpus is from 0.1 to 64, not 0.05");
        assertThatIllegalArgumentException().isThrownBy(() -> new Limits(null, null, null, Double.NaN));
    }

    @Test
    void anOutcomeIsReadBackAsWhatItWas() throws Exception {
        var json = new JsonMapper();
        for (var each : List.of(
                new Outcome.Ready(),
                new Outcome.Canceled(),
                new Outcome.Failed(new Failure(Step.BUILDING, FailureKind.BUILD_FAILED, "no")))) {
            assertThat(json.readValue(json.writeValueAsString(each), Outcome.class))
                    .isEqualTo(each);
        }
    }

    @Test
    void frameworksAreKnownByTheirIds() {
        assertThat(Arrays.stream(Framework.values()).map(Framework::id)).doesNotHaveDuplicates();
        assertThat(Framework.of("vite")).contains(Framework.VITE);
        assertThat(Framework.of("VITE")).isEmpty();
        assertThat(Framework.ids()).startsWith("nextjs, nuxtjs, ").endsWith(", static");
    }
}
