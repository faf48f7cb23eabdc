package codehaven.api.deployments;

import codehaven.api.ApiSettings;
import codehaven.api.SystemInfo;
import codehaven.api.apps.AppView;
import codehaven.api.apps.AppViews;
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
    private final AppViews apps;
    private final @Nullable URI console;
    private final String namespace;

    DeploymentViews(State state, ApiSettings settings, AppViews apps, SystemInfo info, WorkflowClient client) {
        this.state = state;
        this.settings = settings;
        this.apps = apps;
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
        return view(deployment, isLive(deployment, production(deployment.project())), app(deployment), null);
    }

    /** The deployment and where production points now. */
    public DeploymentView moved(Deployment deployment, Site site) {
        return view(
                deployment,
                isLive(deployment, Optional.of(site)),
                app(deployment),
                DeploymentView.of(site, settings.urlOf(site.host().text())));
    }

    /** For many: asks once a project which deployment is live. */
    public Function<Deployment, DeploymentView> lister() {
        var live = new HashMap<Slug, Optional<Site>>();
        return deployment -> {
            var site = live.computeIfAbsent(deployment.project(), this::production);
            return view(deployment, isLive(deployment, site), null, null);
        };
    }

    private DeploymentView view(
            Deployment deployment, boolean live, @Nullable AppView app, DeploymentView.@Nullable SiteView site) {
        return DeploymentView.of(deployment, urls(deployment), live, workflow(deployment), app, site);
    }

    private @Nullable AppView app(Deployment deployment) {
        return apps.find(deployment).orElse(null);
    }

    private Optional<Site> production(Slug project) {
        return state.sites().find(Host.ofProduction(project, settings.sitesDomain()));
    }

    private static boolean isLive(Deployment deployment, Optional<Site> production) {
        return production
                .filter(site -> site.deployment().equals(deployment.id()))
                .isPresent();
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
