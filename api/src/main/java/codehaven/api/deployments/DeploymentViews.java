package codehaven.api.deployments;

import codehaven.api.ApiSettings;
import codehaven.api.SystemInfo;
import codehaven.api.deployments.DeploymentView.Urls;
import codehaven.api.problems.Problem;
import codehaven.model.Deployment;
import codehaven.model.Environment;
import codehaven.model.Host;
import codehaven.model.Site;
import codehaven.model.Slug;
import codehaven.state.State;
import io.temporal.client.WorkflowClient;
import java.net.URI;
import java.util.HashMap;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Makes what callers see of deployments. */
@Component
public final class DeploymentViews {

    private final State state;
    private final ApiSettings settings;
    private final @Nullable URI console;
    private final String namespace;

    DeploymentViews(State state, ApiSettings settings, SystemInfo info, WorkflowClient client) {
        this.state = state;
        this.settings = settings;
        this.console = info.temporalUi();
        this.namespace = client.getOptions().getNamespace();
    }

    /**
     * @throws Problem 404 if there is none
     */
    public Deployment find(String id) {
        return state.deployments().find(id).orElseThrow(() -> unknown(id));
    }

    static Problem unknown(String id) {
        return Problem.notFound("There is no deployment " + id + ".");
    }

    public DeploymentView view(Deployment deployment) {
        return lister().apply(deployment);
    }

    /** The deployment and where production points now. */
    public DeploymentView moved(Deployment deployment, Site site) {
        return DeploymentView.of(
                deployment,
                urls(deployment),
                site.deployment().equals(deployment.id()),
                workflow(deployment),
                DeploymentView.of(site, settings.urlOf(site.host().text())));
    }

    /** For many: asks once a project which deployment is live. */
    public Function<Deployment, DeploymentView> lister() {
        var live = new HashMap<Slug, Optional<Site>>();
        return deployment -> {
            var site = live.computeIfAbsent(
                    deployment.project(),
                    project -> state.sites().find(Host.ofProduction(project, settings.sitesDomain())));
            var isLive = site.isPresent() && site.get().deployment().equals(deployment.id());
            return DeploymentView.of(deployment, urls(deployment), isLive, workflow(deployment), null);
        };
    }

    private Urls urls(Deployment deployment) {
        var domain = settings.sitesDomain();
        var project = deployment.project();
        var branch = deployment.branch();
        return new Urls(
                url(Host.ofDeployment(project, deployment.id(), domain)),
                branch == null ? null : url(Host.ofBranch(project, branch, domain)),
                deployment.environment() == Environment.PRODUCTION ? url(Host.ofProduction(project, domain)) : null);
    }

    private URI url(Host host) {
        return settings.urlOf(host.text());
    }

    private @Nullable URI workflow(Deployment deployment) {
        if (console == null) {
            return null;
        }
        var base = console.toString().replaceAll("/+$", "");
        return URI.create(base + "/namespaces/" + namespace + "/workflows/" + deployment.workflowId());
    }
}
