package codehaven.ui;

import codehaven.api.overview.ProjectOverview.Production;
import codehaven.api.overview.ProjectOverview.Row;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import java.net.URI;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A row of the list of projects, in words.
 *
 * @param url of production; absent while nothing is there
 * @param status absent where nothing was deployed
 * @param word what it says for people
 * @param said the commit's message, or why there is none; absent where neither is known
 * @param beside what production serves, where that is not the newest deployment
 */
record ProjectRow(
        String slug,
        String host,
        @Nullable URI url,
        @Nullable DeploymentStatus status,
        String word,
        @Nullable String said,
        @Nullable String branch,
        @Nullable String sha,
        @Nullable String beside,
        @Nullable String framework,
        Instant at,
        boolean running) {

    static ProjectRow of(Row row, Words words) {
        var deployment = row.deployment();
        var status = deployment == null ? null : deployment.status();
        var commit = deployment == null ? null : deployment.commit();
        return new ProjectRow(
                row.slug(),
                row.host(),
                row.production() instanceof Production.Nothing ? null : row.url(),
                status,
                status == null ? "Not deployed" : word(status, row.place(), words),
                said(deployment),
                deployment == null
                        ? null
                        : deployment.branch() == null ? deployment.source().ref() : deployment.branch(),
                commit == null ? null : commit.sha().abbreviated(),
                beside(status, row.production(), words),
                row.framework(),
                row.at(),
                status != null && !status.isFinal());
    }

    private static String word(DeploymentStatus status, int place, Words words) {
        var word = words.status(status);
        return status == DeploymentStatus.QUEUED && place > 0 ? word + ", " + words.place(place) : word;
    }

    private static @Nullable String said(@Nullable Deployment deployment) {
        if (deployment == null) {
            return null;
        }
        if (deployment.commit() != null) {
            return deployment.commit().message();
        }
        return deployment.failure() == null ? null : deployment.failure().message();
    }

    private static @Nullable String beside(@Nullable DeploymentStatus newest, Production production, Words words) {
        return switch (production) {
            case Production.Newest _ -> null;
            case Production.Nothing _ -> newest != null && newest.isFinal() ? "never been live" : null;
            case Production.Other(var commit, var since) ->
                switch (newest) {
                    case FAILED, READY ->
                        commit == null
                                ? "production live " + words.standing(since)
                                : (newest == DeploymentStatus.FAILED
                                                ? "production still serves "
                                                : "production serves ")
                                        + commit.abbreviated();
                    case null, default -> "production live " + words.standing(since);
                };
        };
    }
}
