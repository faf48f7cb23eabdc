package codehaven.activities;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a worker is told.
 *
 * @param data the worker's own directory; clones and outputs are under {@code work/} in it
 * @param dockerHost such as {@code unix:///var/run/docker.sock}; absent means the docker client's usual one
 * @param allowProcessSandbox whether builds may run as plain processes of this machine when there is no Docker engine:
 *     for a single user's own code only
 * @param builds how many builds at once
 * @param gitAllowLocal whether Git remotes on loopback, private addresses and {@code file:} are allowed
 * @param sitesDomain what stands behind the label in host names
 * @param edgeUrl scheme and port of the edge's addresses, such as {@code http://sites.localhost:8081}
 */
public record Settings(
        Path data,
        @Nullable URI dockerHost,
        boolean allowProcessSandbox,
        int builds,
        boolean gitAllowLocal,
        String sitesDomain,
        URI edgeUrl,
        Limits limits) {

    /**
     * What a deployment may use at most, unless its project says less or, for a build, more.
     *
     * @param treeFiles how many files a repository may have
     * @param treeBytes how large its checked-out tree may be
     * @param packBytes how much a clone may transfer
     * @param buildMemoryMb MiB
     * @param buildDiskMb MiB of source, dependencies and output together
     * @param logBytes how much of a deployment's log is kept, beginning and end
     * @param outputFiles how many files a site may have
     * @param outputBytes how large they may be together
     */
    public record Limits(
            int treeFiles,
            long treeBytes,
            long packBytes,
            int buildMemoryMb,
            double buildCpus,
            int buildPids,
            int buildDiskMb,
            Duration build,
            long logBytes,
            int outputFiles,
            long outputBytes) {

        public static final Limits DEFAULT = new Limits(
                100_000,
                2L << 30,
                1L << 30,
                4096,
                2,
                512,
                10_240,
                Duration.ofMinutes(20),
                16L << 20,
                100_000,
                4L << 30);
    }
}
