package codehaven.activities;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkSweepTest {

    @TempDir
    private Path work;

    @Test
    void whatStepsLeftIsRemovedWhenNobodyWantsItAnyMore() throws IOException {
        var active = Files.createDirectories(work.resolve("active/tree-1")).getParent();
        var ended = Files.createDirectories(work.resolve("ended/output/deep")).getParent();
        var look = Files.createDirectories(work.resolve("look/tree")).getParent();
        try (var sweep =
                WorkSweep.of(work, id -> id.equals("look") ? Optional.empty() : Optional.of(id.equals("ended")))) {
            sweep.sweep(Instant.now());
            assertThat(ended).as("its step may be about to stop").exists();

            sweep.sweep(Instant.now().plus(Duration.ofMinutes(2)));
            assertThat(work.resolve("ended")).doesNotExist();
            assertThat(look).as("somebody may be looking").exists();

            sweep.sweep(Instant.now().plus(Duration.ofMinutes(11)));
            assertThat(look).doesNotExist();
            assertThat(active).exists();
        }
    }
}
