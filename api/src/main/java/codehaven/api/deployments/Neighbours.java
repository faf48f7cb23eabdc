package codehaven.api.deployments;

import codehaven.api.ApiSettings;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.Host;
import codehaven.model.Site;
import codehaven.state.Deployments.Filter;
import codehaven.state.State;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** The deployments that one is seen beside: what came before it, what took its place, what production shows. */
@Component
public final class Neighbours {

    /** How far a newer one of the same branch is looked for. */
    private static final int LOOKED_AT = 100;

    private final State state;
    private final ApiSettings settings;

    Neighbours(State state, ApiSettings settings) {
        this.state = state;
        this.settings = settings;
    }

    /**
     * The last READY one before it of the same environment, for a preview of the same branch; for the first preview of
     * a branch the production of that time.
     */
    public Optional<Deployment> previous(Deployment deployment) {
        if (deployment.environment() == Environment.PREVIEW && deployment.branch() != null) {
            var same = before(deployment, deployment.branch(), Environment.PREVIEW);
            if (same.isPresent()) {
                return same;
            }
        }
        return earlierProduction(deployment);
    }

    /** The last READY one before it that was made for production. */
    public Optional<Deployment> earlierProduction(Deployment deployment) {
        return before(deployment, null, Environment.PRODUCTION);
    }

    private Optional<Deployment> before(Deployment deployment, @Nullable String branch, Environment environment) {
        var filter = new Filter(deployment.project(), branch, DeploymentStatus.READY, environment);
        return state.deployments().list(filter, deployment.id(), 1).stream().findFirst();
    }

    /** The newest one that was made after it for the same branch. */
    public Optional<Deployment> newer(Deployment deployment) {
        var filter = new Filter(deployment.project(), null, null, deployment.environment());
        return state.deployments().list(filter, null, LOOKED_AT).stream()
                .takeWhile(each -> !each.id().equals(deployment.id()))
                .filter(each -> Objects.equals(branchOf(each), branchOf(deployment)))
                .findFirst();
    }

    private static @Nullable String branchOf(Deployment deployment) {
        return deployment.branch() == null ? deployment.source().ref() : deployment.branch();
    }

    /** What the project's production shows now. */
    public Optional<Deployment> production(Deployment deployment) {
        return shownAt(Host.ofProduction(deployment.project(), settings.sitesDomain()), deployment);
    }

    /** What the address of its branch shows now. */
    public Optional<Deployment> branch(Deployment deployment) {
        var branch = deployment.branch();
        return branch == null
                ? Optional.empty()
                : shownAt(Host.ofBranch(deployment.project(), branch, settings.sitesDomain()), deployment);
    }

    private Optional<Deployment> shownAt(Host host, Deployment deployment) {
        return state.sites()
                .find(host)
                .map(Site::deployment)
                .flatMap(id -> id.equals(deployment.id())
                        ? Optional.of(deployment)
                        : state.deployments().find(id));
    }
}
