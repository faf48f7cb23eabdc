package codehaven.ui;

import codehaven.api.deployments.DeploymentView;
import codehaven.model.DeploymentStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The last builds as columns, the newest at the right: how long each took and how it ended. Heights are in pixels of
 * {@code .plot}, places in per cent.
 *
 * @param sentence all of it, for those who do not see it
 * @param grid the line to measure by, where there is one
 * @param usual what a build that succeeds typically takes; absent below three
 */
record BuildPlot(
        List<Column> columns,
        String sentence,
        @Nullable Grid grid,
        @Nullable String usual,
        long failed,
        long canceled) {

    /** How many builds are shown. */
    static final int SHOWN = 30;

    private static final int FLOOR = 78;
    private static final int TALLEST = 66;
    private static final int SHORTEST = 2;

    /** Room for the grid's label is left at the right. */
    private static final double WIDTH = 88.0;

    private static final int[] GRIDS = {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200};

    /**
     * A build.
     *
     * @param kind the class that colours it
     * @param centre where its cross is, if it failed
     * @param title what it is, for the pointer
     */
    record Column(String kind, String x, String width, int y, int height, String centre, String title) {
        public boolean failed() {
            return kind.equals("bad");
        }
    }

    /** A line across, and what height it stands for. */
    record Grid(int y, String label) {}

    /**
     * @param deployments newest first; those that have not begun, or were overtaken before, are no builds
     */
    static BuildPlot of(List<DeploymentView> deployments, Instant now) {
        var builds = deployments.stream()
                .filter(each -> each.status() != DeploymentStatus.SUPERSEDED
                        && each.status() != DeploymentStatus.QUEUED
                        && !each.steps().isEmpty())
                .limit(SHOWN)
                .toList()
                .reversed();
        var longest = builds.stream()
                .map(each -> WorkTime.of(each, now))
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
        var columns = new ArrayList<Column>();
        var slot = WIDTH / SHOWN;
        for (var each : builds) {
            var time = WorkTime.of(each, now);
            var height = Math.max(SHORTEST, height(time, longest));
            var x = columns.size() * slot;
            columns.add(new Column(
                    kind(each.status()),
                    percent(x),
                    percent(slot * 0.62),
                    FLOOR - height,
                    height,
                    percent(x + slot * 0.31),
                    title(each, time)));
        }
        var ready = times(builds, DeploymentStatus.READY, now);
        var usual = ready.size() < 3 ? null : Words.span(ready.get(ready.size() / 2));
        var failed = count(builds, DeploymentStatus.FAILED);
        var canceled = count(builds, DeploymentStatus.CANCELED);
        return new BuildPlot(
                columns, sentence(builds, ready, usual, failed, canceled), grid(longest), usual, failed, canceled);
    }

    private static String sentence(
            List<DeploymentView> builds, List<Duration> ready, @Nullable String usual, long failed, long canceled) {
        if (builds.isEmpty()) {
            return "No builds yet.";
        }
        var parts = new ArrayList<String>();
        if (!ready.isEmpty()) {
            parts.add(ready.size() + " ready" + (usual == null ? "" : ", typically " + usual) + ", the longest "
                    + Words.span(ready.getLast()));
        }
        if (failed > 0) {
            parts.add(failed + " failed");
        }
        if (canceled > 0) {
            parts.add(canceled + " canceled");
        }
        var running = builds.stream().filter(each -> !each.status().isFinal()).count();
        if (running > 0) {
            parts.add(running + " running");
        }
        return "Last " + (builds.size() == 1 ? "build" : builds.size() + " builds") + ": " + String.join("; ", parts)
                + ".";
    }

    /** Ascending. */
    private static List<Duration> times(List<DeploymentView> builds, DeploymentStatus status, Instant now) {
        return builds.stream()
                .filter(each -> each.status() == status)
                .map(each -> WorkTime.of(each, now))
                .sorted()
                .toList();
    }

    private static long count(List<DeploymentView> builds, DeploymentStatus status) {
        return builds.stream().filter(each -> each.status() == status).count();
    }

    /** The highest round figure that leaves the label below the top. */
    private static @Nullable Grid grid(Duration longest) {
        Grid grid = null;
        for (var seconds : GRIDS) {
            var height = height(Duration.ofSeconds(seconds), longest);
            if (height <= TALLEST * 0.85) {
                grid = new Grid(FLOOR - height, label(seconds));
            }
        }
        return longest.toMillis() < 1_200 ? null : grid;
    }

    private static String label(int seconds) {
        return seconds < 60 ? seconds + " s" : seconds < 3_600 ? seconds / 60 + " min" : seconds / 3_600 + " h";
    }

    private static int height(Duration time, Duration longest) {
        return longest.isZero() ? 0 : (int) Math.round((double) TALLEST * time.toMillis() / longest.toMillis());
    }

    private static String kind(DeploymentStatus status) {
        return switch (status) {
            case READY -> "ok";
            case FAILED -> "bad";
            case CANCELED, SUPERSEDED -> "off";
            case QUEUED, CLONING, UPLOADING, BUILDING, PUBLISHING -> "live-bar";
        };
    }

    private static String title(DeploymentView deployment, Duration time) {
        var commit = deployment.commit();
        var status = deployment.status().name();
        return (commit == null ? deployment.id() : commit.sha().text().substring(0, 7)) + ", "
                + status.toLowerCase(Locale.ROOT) + ", " + Words.span(time);
    }

    private static String percent(double value) {
        return String.format(Locale.ROOT, "%.2f%%", value);
    }
}
