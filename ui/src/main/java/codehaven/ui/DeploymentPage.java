package codehaven.ui;

import codehaven.api.deployments.Changes;
import codehaven.api.deployments.DeploymentView;
import codehaven.model.Deployment;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the page of a deployment shows.
 *
 * @param title of the tab: shape, word, project
 * @param word the state in words
 * @param about the commit's message, or what is to be built as long as no commit is known
 * @param commitLink the commit at the repository's host, where its pages are known
 * @param production what production shows now
 * @param branch what the address of the branch shows now
 * @param previous what the files are compared with
 * @param newer what took its place
 * @param back what production would show after a rollback, where this one is live
 * @param retry the step that a retry begins at, where a retry is possible
 * @param files what it published, where it did
 * @param filesAway why the files cannot be shown, where they cannot
 * @param app what runs behind it, where something does
 * @param address of this very page
 */
record DeploymentPage(
        DeploymentView view,
        String title,
        String word,
        Elapsed elapsed,
        String about,
        @Nullable String commitLink,
        @Nullable String framework,
        Track track,
        @Nullable Other production,
        @Nullable Other branch,
        @Nullable Other previous,
        @Nullable Other newer,
        @Nullable Other back,
        @Nullable Trouble trouble,
        @Nullable String retry,
        @Nullable Files files,
        @Nullable String filesAway,
        @Nullable AppPanel app,
        String address) {

    /** Which icon the tab has. */
    public String favicon() {
        return switch (view.status()) {
            case QUEUED -> "queued";
            case CLONING, UPLOADING, BUILDING, PUBLISHING -> "running";
            case READY -> "ready";
            case FAILED -> "failed";
            case CANCELED, SUPERSEDED -> "canceled";
        };
    }

    /** Whether something still happens by itself. */
    public boolean moves() {
        return track.moves();
    }

    /** What tells how it goes on: the stream of a deployment that moves, or of its app. */
    public @Nullable String stream(boolean logRuns) {
        if (moves() || logRuns) {
            return "/deployments/" + view.id() + "/stream";
        }
        return app == null ? null : "/deployments/" + view.id() + "/app-stream";
    }

    /** The host of an address, with its port. */
    public String host(URI address) {
        return address.getRawAuthority();
    }

    /** The address that a visitor wants: production's where it is live there. */
    public String visit() {
        var production = view.urls().production();
        return (view.live() && production != null ? production : view.urls().deployment()).toString();
    }

    /**
     * How long, in words.
     *
     * @param time alone, so that a script can let it go on
     * @param since when it began, where it goes on
     */
    record Elapsed(
            String before,
            String time,
            String after,
            @Nullable Instant since) {}

    /**
     * Another deployment, as a link.
     *
     * @param label its commit, or its id as long as none is known
     * @param itself whether it is none other than that of the page
     */
    record Other(String id, String label, String message, Instant at, boolean itself) {
        static Other of(Deployment deployment, Deployment page) {
            var commit = deployment.commit();
            return new Other(
                    deployment.id(),
                    commit == null ? deployment.id() : commit.sha().abbreviated(),
                    commit == null ? "" : commit.message(),
                    deployment.finishedAt() == null ? deployment.createdAt() : deployment.finishedAt(),
                    deployment.id().equals(page.id()));
        }
    }

    /**
     * Why it failed.
     *
     * @param source the place in the code at the repository's host
     * @param sourceLabel such as {@code Open line 88 at 03cc9ea}
     * @param place the place in the code in words, where there is no page for it
     * @param advice when a retry helps
     * @param more whether there are more lines than shown
     */
    record Trouble(
            List<Prose.Piece> message,
            List<Prose.Piece> hint,
            @Nullable String source,
            @Nullable String sourceLabel,
            @Nullable String place,
            String advice,
            List<Line> lines,
            boolean more,
            String kind) {}

    /**
     * A line of the log.
     *
     * @param html made from escaped text
     */
    record Line(long n, Instant at, String html, String level) {}

    /**
     * What it published.
     *
     * @param changes against the deployment before; null where there is none or its files are gone
     * @param largest the largest files, where no changes are shown
     */
    record Files(int count, long bytes, @Nullable Changes changes, List<Changes.Change> shown, List<Largest> largest) {}

    /** A file. */
    record Largest(String path, long size) {}
}
