package codehaven.activities.building;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * All that a sandbox is told about one build.
 *
 * @param run the workflow run that wants it: a sandbox of another run is never taken over
 * @param attempt which attempt of the step this is, from 1
 * @param variables the commands' environment, secrets among them
 * @param source the tree as {@code .tar.zst}
 * @param work a directory of this deployment on this machine
 */
record BuildOrder(
        String deployment,
        String project,
        String run,
        int attempt,
        String image,
        List<Phase> phases,
        List<String> outputs,
        Map<String, String> variables,
        Walls walls,
        Path source,
        Path work) {

    /** Where the sandbox keeps its files, when it is a container. */
    static final String ROOT = "/work";

    BuildOrder {
        phases = List.copyOf(phases);
        outputs = List.copyOf(outputs);
        variables = Map.copyOf(variables);
    }

    /**
     * What a build may use.
     *
     * @param memoryMb MiB
     * @param diskMb MiB of the tree, dependencies, caches and output together
     * @param files how many files these may be
     */
    record Walls(int memoryMb, double cpus, int pids, int diskMb, int files, Duration time) {}

    /**
     * Commands that run and fail together.
     *
     * @param name of its files and container
     * @param directory relative to the top of the tree
     * @param command as its author wrote it, for sentences
     */
    record Phase(Name name, String directory, String command) {
        enum Name {
            INSTALL,
            /** Another way to install, where the first did not work. */
            REINSTALL,
            BUILD;

            String text() {
                return name().toLowerCase(java.util.Locale.ROOT);
            }
        }
    }

    /** The same with another image. */
    BuildOrder on(String other) {
        return new BuildOrder(
                deployment, project, run, attempt, other, phases, outputs, variables, walls, source, work);
    }

    Phase phase(Phase.Name name) {
        return phases.stream().filter(each -> each.name() == name).findFirst().orElseThrow();
    }

    boolean has(Phase.Name name) {
        return phases.stream().anyMatch(each -> each.name() == name);
    }
}
