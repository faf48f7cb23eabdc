package codehaven.activities.building;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ImagePortTest {

    private static int port(String command, List<Integer> exposed, Map<String, String> environment) {
        return ImagePort.of(List.of(command.split(" ")), exposed, environment).port();
    }

    @Test
    void commandKnowsBest() {
        assertThat(port("uvicorn main:app --host 0.0.0.0 --port 9000", List.of(), Map.of("PYTHON_VERSION", "3")))
                .isEqualTo(9000);
        assertThat(port("sh -c exec gunicorn -b 0.0.0.0:5001 app:app", List.of(80, 443), Map.of()))
                .isEqualTo(5001);
        assertThat(port("streamlit run app.py --server.port=8501", List.of(80), Map.of()))
                .isEqualTo(8501);
        assertThat(port("next start --port $PORT", List.of(4000), Map.of())).isEqualTo(4000);
    }

    @Test
    void ofSeveralPortsTheOneForBrowsersIsTaken() {
        assertThat(port("server", List.of(9090, 443, 8080), Map.of())).isEqualTo(8080);
        assertThat(port("server", List.of(3000, 443, 80), Map.of("NODE_VERSION", "22")))
                .isEqualTo(80);
        assertThat(port("server", List.of(9443, 9090), Map.of())).isEqualTo(9090);
        assertThat(port("server", List.of(9090, 80), Map.of("PORT", "4000")))
                .as("the image tells it")
                .isEqualTo(4000);
    }

    @Test
    void guessIsSaid() {
        assertThat(ImagePort.of(List.of("server"), List.of(443, 80), Map.of()).guess())
                .hasValueSatisfying(each -> assertThat(each).contains("the ports [80, 443]; taking 80"));
        assertThat(ImagePort.of(List.of("server"), List.of(), Map.of("NODE_VERSION", "22")))
                .isEqualTo(new ImagePort(
                        3000,
                        java.util.Optional.of(
                                "The image exposes no port; taking 3000, which the app is told by PORT. The project's"
                                        + " app.port says another.")));
        assertThat(ImagePort.of(List.of("server"), List.of(4000), Map.of()).guess())
                .isEmpty();
    }
}
