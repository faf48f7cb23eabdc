package codehaven.model;

import org.jspecify.annotations.Nullable;

/**
 * How a project says it is built; whatever is absent is detected from the repository.
 *
 * @param rootDirectory a folder of the repository, relative, with {@code /}; absent means the top
 * @param framework an id of {@link Framework}
 * @param outputDirectory relative to the root directory
 * @param nodeVersion a major version such as {@code 22}
 * @param spaFallback whether unknown paths are answered with {@code index.html}
 * @param submodules whether Git submodules are cloned too; off unless true
 */
public record BuildSettings(
        @Nullable String rootDirectory,
        @Nullable String framework,
        @Nullable String installCommand,
        @Nullable String buildCommand,
        @Nullable String outputDirectory,
        @Nullable String startCommand,
        @Nullable String nodeVersion,
        @Nullable String dockerfile,
        @Nullable String ignoreCommand,
        @Nullable Boolean spaFallback,
        @Nullable Boolean cleanUrls,
        @Nullable Boolean submodules,
        @Nullable HealthCheck healthCheck,
        Limits limits,
        AppSettings app) {

    /** All of it detected, default limits. */
    public static final BuildSettings DETECTED = new BuildSettings(
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            Limits.DEFAULT,
            AppSettings.DEFAULT);

    public BuildSettings {
        // Records of before there were apps have none.
        limits = limits == null ? Limits.DEFAULT : limits;
        app = app == null ? AppSettings.DEFAULT : app;
    }

    /** How a dynamic app says that it is up. */
    public record HealthCheck(
            @Nullable String path, @Nullable Integer startPeriodSeconds) {}

    /**
     * What a build, and later the app, may use; an absent figure is the installation's default.
     *
     * @param buildMemoryMb MiB, 128 to 65,536
     * @param buildSeconds 10 to 14,400
     * @param memoryMb MiB, 64 to 65,536
     * @param cpus 0.1 to 64
     */
    public record Limits(
            @Nullable Integer buildMemoryMb,
            @Nullable Integer buildSeconds,
            @Nullable Integer memoryMb,
            @Nullable Double cpus) {

        public static final Limits DEFAULT = new Limits(null, null, null, null);

        public Limits {
            check("limits.buildMemoryMb", buildMemoryMb, 128, 65_536);
            check("limits.buildSeconds", buildSeconds, 10, 14_400);
            check("limits.memoryMb", memoryMb, 64, 65_536);
            check("limits.cpus", cpus, 0.1, 64);
        }

        private static void check(String name, @Nullable Number value, double least, double most) {
            if (value != null && !(value.doubleValue() >= least && value.doubleValue() <= most)) {
                throw new IllegalArgumentException(
                        name + " is from " + plain(least) + " to " + plain(most) + ", not " + value);
            }
        }

        private static String plain(double figure) {
            return figure == Math.rint(figure) ? Long.toString((long) figure) : Double.toString(figure);
        }
    }
}
