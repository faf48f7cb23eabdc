package codehaven.model;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a project says that its app runs; an absent figure is detected, or the installation's default.
 *
 * @param port the app listens on, 1 to 65,535
 * @param replicas how many containers share the requests, 1 to 50; 1 unless given
 * @param sleepAfterSeconds an app that nobody asked for so long is stopped until somebody asks again, 10 to 604,800; 0
 *     for never; unless given, production never sleeps and other deployments do after a while
 * @param stopSignal how it is asked to end, {@code SIGTERM} unless given
 * @param stopSeconds how long it may take to end, 1 to 600
 * @param writable whether it may write outside of {@code /tmp} and its volumes
 * @param volumes what outlives its containers
 * @param dockerContext the folder that a Dockerfile builds from, relative to the root directory; absent means the latter
 */
public record AppSettings(
        @Nullable Integer port,
        @Nullable Integer replicas,
        @Nullable Integer sleepAfterSeconds,
        @Nullable String stopSignal,
        @Nullable Integer stopSeconds,
        @Nullable Boolean writable,
        List<Volume> volumes,
        @Nullable String dockerContext) {

    /** All of it by default. */
    public static final AppSettings DEFAULT = new AppSettings(null, null, null, null, null, null, List.of(), null);

    private static final Pattern SIGNAL = Pattern.compile("SIG[A-Z]{2,8}\\d{0,2}");
    private static final int MOST_VOLUMES = 10;

    public AppSettings {
        check("app.port", port, 1, 65_535);
        check("app.replicas", replicas, 1, 50);
        if (sleepAfterSeconds == null || sleepAfterSeconds != 0) {
            check("app.sleepAfterSeconds (0 for never)", sleepAfterSeconds, 10, 604_800);
        }
        check("app.stopSeconds", stopSeconds, 1, 600);
        if (stopSignal != null && !SIGNAL.matcher(stopSignal).matches()) {
            throw new IllegalArgumentException("app.stopSignal is a signal's name such as SIGTERM, not " + stopSignal);
        }
        volumes = volumes == null ? List.of() : List.copyOf(volumes);
        if (volumes.size() > MOST_VOLUMES) {
            throw new IllegalArgumentException("app.volumes are at most " + MOST_VOLUMES);
        }
        if (volumes.stream().map(Volume::name).distinct().count() < volumes.size()
                || volumes.stream().map(Volume::path).distinct().count() < volumes.size()) {
            throw new IllegalArgumentException("app.volumes have each a name and a path of its own");
        }
    }

    private static void check(String name, @Nullable Integer value, int least, int most) {
        if (value != null && (value < least || value > most)) {
            throw new IllegalArgumentException(name + " is from " + least + " to " + most + ", not " + value);
        }
    }

    /**
     * A directory that all containers of a project's environment share and that outlives them.
     *
     * @param name 1 to 40 of {@code a-z 0-9 -}
     * @param path where it is in the container, absolute
     */
    public record Volume(String name, String path) {
        private static final Pattern NAME = Pattern.compile("[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?");
        private static final Pattern PATH = Pattern.compile("(?:/[A-Za-z0-9._-]{1,100}){1,10}");

        public Volume {
            if (name == null || !NAME.matcher(name).matches()) {
                throw new IllegalArgumentException("app.volumes.name is 1 to 40 of a-z, 0-9 and -, not " + name);
            }
            if (path == null
                    || !PATH.matcher(path).matches()
                    || (path + "/").contains("/../")
                    || (path + "/").contains("/./")) {
                throw new IllegalArgumentException(
                        "app.volumes.path is an absolute path such as /data, without .. in it, not " + path);
            }
        }
    }
}
