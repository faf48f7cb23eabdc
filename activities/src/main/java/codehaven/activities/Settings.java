package codehaven.activities;

import com.github.dockerjava.api.model.AuthConfig;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;
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
 * @param registry where images of apps are stored; absent means that they stay on the engine that built them
 */
public record Settings(
        Path data,
        @Nullable URI dockerHost,
        boolean allowProcessSandbox,
        int builds,
        boolean gitAllowLocal,
        String sitesDomain,
        URI edgeUrl,
        Limits limits,
        @Nullable Registry registry) {

    /** Without a registry. */
    public Settings(
            Path data,
            @Nullable URI dockerHost,
            boolean allowProcessSandbox,
            int builds,
            boolean gitAllowLocal,
            String sitesDomain,
            URI edgeUrl,
            Limits limits) {
        this(data, dockerHost, allowProcessSandbox, builds, gitAllowLocal, sitesDomain, edgeUrl, limits, null);
    }

    /**
     * An image registry.
     *
     * @param host with its port and the path below which images are, such as {@code registry.example.com:5000/apps};
     *     {@code docker.io} for Docker Hub
     * @param user absent where none is needed
     */
    public record Registry(
            String host, @Nullable String user, @Nullable String password) {

        /** Docker Hub, as clients know it. */
        private static final String HUB = "docker.io";

        private static final Pattern HOST = Pattern.compile("[A-Za-z0-9.-]+(?::\\d{1,5})?(?:/[a-z0-9._/-]+)?");

        public Registry {
            host = host.strip().replaceFirst("^https?://", "").replaceFirst("/+$", "");
            if (host.equals("index.docker.io/v1") || host.equals("index.docker.io") || host.equals("hub.docker.com")) {
                host = HUB;
            }
            if (!HOST.matcher(host).matches()) {
                throw new IllegalArgumentException(
                        "a registry is a host such as registry.example.com:5000, not '" + host + "'");
            }
            if (host.equals(HUB) && (user == null || user.isBlank())) {
                throw new IllegalArgumentException("Docker Hub wants a user");
            }
        }

        /**
         * The registry that these settings name; absent where they name none.
         *
         * @param host absent for Docker Hub, if there is a user
         */
        public static Optional<Registry> of(@Nullable String host, @Nullable String user, @Nullable String password) {
            if (host == null || host.isBlank()) {
                return user == null || user.isBlank()
                        ? Optional.empty()
                        : Optional.of(new Registry(HUB, user, password));
            }
            return Optional.of(new Registry(host, user, password));
        }

        /** The name of a project's images. */
        public String repository(String project) {
            return host.equals(HUB) ? user + "/" + project : host + "/" + project;
        }

        /** For engines that push to it or pull from it. */
        public AuthConfig auth() {
            var auth = new AuthConfig()
                    .withRegistryAddress(
                            host.equals(HUB) ? AuthConfig.DEFAULT_SERVER_ADDRESS : host.replaceFirst("/.*", ""));
            return user == null || user.isBlank()
                    ? auth
                    : auth.withUsername(user).withPassword(password == null ? "" : password);
        }

        @Override
        public String toString() {
            return host;
        }
    }

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
