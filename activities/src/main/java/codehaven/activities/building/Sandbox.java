package codehaven.activities.building;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where the commands of one build run and its files are: a container, or a directory of this machine. */
interface Sandbox extends AutoCloseable {

    /** Where the tree's top is for the commands, absolute. */
    String top();

    /** The phase that an earlier attempt left here, running or ended; empty when the sandbox is new. */
    Optional<BuildOrder.Phase.Name> found();

    /**
     * Puts files into a new sandbox before the first phase.
     *
     * @param cache a tar of what {@link #walk} gave before, with paths relative to the root, or none
     */
    void fill(RunFiles files, @Nullable InputStream cache) throws IOException;

    /**
     * Runs a phase to its end, or goes on with the one found.
     *
     * @throws codehaven.activities.StepScope.Stopped when the step should stop; what ran has been killed then, unless
     *     the worker hands over
     */
    Exit run(BuildOrder.Phase phase) throws IOException;

    /** What the last phase printed last. */
    OutputFeed feed();

    /** A small file that the phases' script wrote; empty when there is none. */
    Optional<String> note(String name) throws IOException;

    /**
     * Shows every entry below a directory to the visitor, in no certain order. Paths are relative to the directory.
     *
     * @param path relative to the root, such as {@code src/dist}
     * @return false when there is no such directory
     */
    boolean walk(String path, TreeVisitor visitor) throws IOException;

    /** Ends what runs and removes everything, unless the worker hands over. */
    @Override
    void close();

    /** Why a phase is over. */
    enum Ended {
        BY_ITSELF,
        TIME,
        DISK,
        FILES,
        /** Killed by somebody else: an engine that restarts, a person, or the build itself. */
        FROM_OUTSIDE
    }

    /**
     * How a phase went.
     *
     * @param code of the command, 137 where it was killed
     * @param outOfMemory whether the memory limit was hit meanwhile
     */
    record Exit(Ended ended, int code, boolean outOfMemory) {
        boolean good() {
            return ended == Ended.BY_ITSELF && code == 0;
        }
    }
}
