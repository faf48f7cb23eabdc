package codehaven.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a look at a repository found, without building anything.
 *
 * @param branch the branch that was looked at; absent for a tag or a commit
 * @param defaultBranch the remote's own default branch, where it says one
 * @param commit the newest one there
 * @param root the root directory that is taken when a project names none, the empty text for the top; absent where the
 *     project has to name one
 * @param candidates the folders that can be deployed by themselves, sites that are files first; at most
 *     {@value #MOST_CANDIDATES}
 * @param problem why it cannot be deployed as it is; absent where it can
 */
public record Inspection(
        @Nullable String branch,
        @Nullable String defaultBranch,
        Commit commit,
        @Nullable String root,
        List<Candidate> candidates,
        @Nullable Problem problem) {

    public static final int MOST_CANDIDATES = 50;

    public Inspection {
        candidates = List.copyOf(candidates);
    }

    /**
     * A folder and how it would be built.
     *
     * @param directory relative to the repository; empty for its top
     * @param framework its id
     * @param label its name for people
     * @param version its major version, where the repository says it
     * @param readFrom the file that said what it is, where it was one
     * @param packageManager such as {@code pnpm}; absent where nothing is installed with one
     * @param node the major version of Node.js; absent where it is not needed
     * @param installCommand absent when nothing is installed
     * @param buildCommand absent when the files are served as they are
     * @param outputDirectory relative to the directory; a dot for the directory itself
     * @param problem why it cannot be deployed; absent where it can
     */
    public record Candidate(
            String directory,
            String framework,
            String label,
            @Nullable String version,
            Kind kind,
            @Nullable String readFrom,
            @Nullable String packageManager,
            @Nullable Integer node,
            @Nullable String installCommand,
            @Nullable String buildCommand,
            @Nullable String outputDirectory,
            @Nullable Problem problem) {}

    /**
     * What stands in the way.
     *
     * @param message one sentence with the facts
     * @param hint what to do
     */
    public record Problem(String message, String hint) {}
}
