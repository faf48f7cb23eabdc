package codehaven.api.deployments;

import codehaven.api.apps.AppView;
import codehaven.model.Commit;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.Failure;
import codehaven.model.Kind;
import codehaven.model.Output;
import codehaven.model.Site;
import codehaven.model.StepRun;
import codehaven.model.Trigger;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A deployment as callers see it; what is not known yet is absent.
 *
 * @param live whether production shows it now
 * @param app how the app of a dynamic deployment is, where it is kept; not in lists
 * @param site where production points, in the answer to what moved it
 */
public record DeploymentView(
        String id,
        String project,
        Environment environment,
        DeploymentStatus status,
        Trigger trigger,
        @Nullable String ref,
        @Nullable String branch,
        @Nullable Commit commit,
        @Nullable String framework,
        @Nullable Kind kind,
        Instant createdAt,
        @Nullable Instant finishedAt,
        Urls urls,
        boolean live,
        List<StepRun> steps,
        @Nullable Failure failure,
        @Nullable Output output,
        @Nullable Links links,
        @Nullable AppView app,
        @Nullable SiteView site) {

    /**
     * Where it is, or will be, visited.
     *
     * @param branch absent until the branch is known, and where there is none
     * @param production absent for a preview
     */
    public record Urls(
            URI deployment, @Nullable URI branch, @Nullable URI production) {}

    /**
     * Where more is to be seen.
     *
     * @param workflow in the workflow console
     */
    public record Links(@Nullable URI workflow) {}

    /** A host and what it points at. */
    public record SiteView(String host, URI url, String deployment, long generation, Instant pointedAt) {}

    static DeploymentView of(
            Deployment deployment,
            Urls urls,
            boolean live,
            @Nullable URI workflow,
            @Nullable AppView app,
            @Nullable SiteView site) {
        return new DeploymentView(
                deployment.id(),
                deployment.project().text(),
                deployment.environment(),
                deployment.status(),
                deployment.trigger(),
                deployment.source().ref(),
                deployment.branch(),
                deployment.commit(),
                deployment.framework(),
                deployment.kind(),
                deployment.createdAt(),
                deployment.finishedAt(),
                urls,
                live,
                deployment.steps(),
                deployment.failure(),
                deployment.output(),
                workflow == null ? null : new Links(workflow),
                app,
                site);
    }

    static SiteView of(Site site, URI url) {
        return new SiteView(site.host().text(), url, site.deployment(), site.generation(), site.pointedAt());
    }
}
