package codehaven.api.sites;

import codehaven.api.ApiSettings;
import codehaven.api.deployments.DeploymentView;
import codehaven.api.deployments.DeploymentViews;
import codehaven.model.Deployment;
import codehaven.model.Site;
import codehaven.model.Slug;
import codehaven.state.State;
import java.net.URI;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.springframework.stereotype.Component;

/** The hosts of a project that move: production, and the newest of each branch. */
@Component
public final class ProjectHosts {

    private final State state;
    private final ApiSettings settings;
    private final DeploymentViews views;

    ProjectHosts(State state, ApiSettings settings, DeploymentViews views) {
        this.state = state;
        this.settings = settings;
        this.views = views;
    }

    /**
     * A host and what it shows.
     *
     * @param since when it was pointed there
     */
    public record Shown(Site.Role role, URI url, DeploymentView deployment, Instant since) {}

    /** Production first, then those that changed last. */
    public List<Shown> of(Slug project) {
        var sites = state.sites().ofProject(project).stream()
                .filter(each -> each.role() == Site.Role.PRODUCTION || each.role() == Site.Role.BRANCH)
                .sorted(Comparator.comparing(Site::role).thenComparing(Site::pointedAt, Comparator.reverseOrder()))
                .toList();
        var ids = sites.stream().map(Site::deployment).collect(Collectors.toSet());
        var shown = state.deployments().all(ids).stream().collect(Collectors.toMap(Deployment::id, views.lister()));
        return sites.stream()
                .flatMap(site -> Optional.ofNullable(shown.get(site.deployment())).stream()
                        .map(view -> new Shown(
                                site.role(), settings.urlOf(site.host().text()), view, site.pointedAt())))
                .toList();
    }
}
