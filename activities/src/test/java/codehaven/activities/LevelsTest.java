package codehaven.activities;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.DeploymentEvent.Level;
import java.util.List;
import org.junit.jupiter.api.Test;

class LevelsTest {

    @Test
    void linesThatToolsMeanAsErrorsAreErrors() {
        assertThat(List.of(
                        "npm ERR! code E404",
                        "npm error code E404",
                        "error TS2304: Cannot find name 'x'.",
                        "ERROR in ./src/index.js",
                        "[vite]: Error: Rollup failed",
                        "✘ [ERROR] Could not resolve \"x\"",
                        "\u001b[31merror\u001b[39m during build:",
                        "TypeError: x is not a function",
                        "fatal: not a git repository",
                        "Uncaught Error: boom",
                        "  Error: boom"))
                .allSatisfy(line -> assertThat(Levels.of(line)).as(line).isEqualTo(Level.error));
    }

    @Test
    void linesThatToolsMeanAsWarningsAreWarnings() {
        assertThat(List.of(
                        "npm warn deprecated x@1.0.0",
                        "npm WARN deprecated x@1.0.0",
                        "warning: LF will be replaced",
                        "(!) Some chunks are larger than 500 kB",
                        "(node:12) DeprecationWarning: x",
                        "\u001b[33mWARN\u001b[39m  something"))
                .allSatisfy(line -> assertThat(Levels.of(line)).as(line).isEqualTo(Level.warn));
    }

    @Test
    void otherLinesAreNeither() {
        assertThat(List.of(
                        "",
                        "0 errors, 0 warnings",
                        "errors: 0",
                        "dist/assets/error-page-4f2a.js  1.2 kB",
                        "error-page.html",
                        "Found 0 errors. Watching.",
                        "added 12 packages in 3s"))
                .allSatisfy(line -> assertThat(Levels.of(line)).as(line).isEqualTo(Level.info));
    }
}
