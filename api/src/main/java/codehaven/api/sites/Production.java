package codehaven.api.sites;

import codehaven.api.ApiSettings;
import codehaven.api.apps.AppReadiness;
import codehaven.api.deployments.DeploymentView;
import codehaven.api.deployments.DeploymentViews;
import codehaven.api.problems.Problem;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.Host;
import codehaven.model.Site;
import codehaven.model.Slug;
import codehaven.model.Target;
import codehaven.state.Deployments.Filter;
import codehaven.state.Sites;
import codehaven.state.State;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** What production shows: moves it, by one conditional update of one pointer, and says where it can be moved to. */
@Component
public final class Production {

    private final State state;
    private final ApiSettings settings;
    private final DeploymentViews views;
    private final AppReadiness readiness;

    Production(State state, ApiSettings settings, DeploymentViews views, AppReadiness readiness) {
        this.state = state;
        this.settings = settings;
        this.views = views;
        this.readiness = readiness;
    }

    /**
     * A deployment that production can be rolled back to.
     *
     * @param since when it went live last
     * @param live for how long it then was
     */
    public record Candidate(DeploymentView deployment, Instant since, Duration live) {}

    /** Where production points, if anything was published. */
    public Optional<Site> now(Slug project) {
        return state.sites().find(host(project));
    }

    /**
     * Shows a READY deployment in production, as it was built. An app that does not run is started first; production
     * moves when it answers.
     *
     * @throws Problem 404 if there is none, 409 if it cannot be shown, 504 if its app is not up in time
     */
    public DeploymentView promote(String deploymentId) {
        var deployment = views.find(deploymentId);
        return promote(deployment, generation(deployment.project()), false);
    }

    /**
     * Shows an earlier deployment in production again.
     *
     * @param deploymentId without one, the one before what is live now
     * @throws Problem 404 if there is none, 409 if it cannot be shown, 504 if its app is not up in time
     */
    public DeploymentView rollback(String slug, @Nullable String deploymentId) {
        var project = project(slug);
        var before = now(project).map(Site::deployment).orElse("");
        return rollback(project, deploymentId, before, generation(project), false);
    }

    /** What production has shown and could show again, the one that was live last at first; not what is live now. */
    public List<Candidate> candidates(String slug, int limit) {
        var project = project(slug);
        var live = now(project).map(Site::deployment).orElse("");
        var lives = lives(project);
        lives.remove(live);
        var hosts = new HashMap<Host, String>();
        lives.keySet().forEach(id -> hosts.put(Host.ofDeployment(project, id, settings.sitesDomain()), id));
        var kept = state.sites().all(hosts.keySet()).stream()
                .map(site -> hosts.get(site.host()))
                .collect(Collectors.toSet());
        var ready = state.deployments().all(kept).stream()
                .filter(each -> each.status() == DeploymentStatus.READY)
                .collect(Collectors.toMap(Deployment::id, views.lister()));
        return lives.entrySet().stream()
                .flatMap(each -> Optional.ofNullable(ready.get(each.getKey())).stream()
                        .map(view -> new Candidate(
                                view, each.getValue().since(), each.getValue().lasted())))
                .limit(limit)
                .toList();
    }

    private record Life(Instant since, Duration lasted) {}

    /** The last time each deployment was live, by its id; the newest first. */
    private Map<String, Life> lives(Slug project) {
        var lives = new LinkedHashMap<String, Life>();
        var until = Instant.now();
        for (var each : state.sites().pointings(host(project))) {
            lives.putIfAbsent(each.deployment(), new Life(each.at(), Duration.between(each.at(), until)));
            until = each.at();
        }
        return lives;
    }

    /** Refuses what cannot be promoted, before anything is done. */
    void checkPromotable(Deployment deployment) {
        published(deployment, "be promoted");
    }

    DeploymentView promote(Deployment deployment, long generation, boolean repeated) {
        return point(deployment, targetOf(deployment, "be promoted"), generation, repeated);
    }

    /**
     * @param live what was live when it was first asked for; decides which one is before it
     */
    DeploymentView rollback(Slug project, @Nullable String wanted, String live, long generation, boolean repeated) {
        var deployment = wanted == null ? earlier(project, live) : named(project, wanted);
        return point(deployment, targetOf(deployment, "be rolled back to"), generation, repeated);
    }

    /** A number higher than that of any change of the project's production before. */
    long generation(Slug project) {
        return state.projects().nextGeneration(project);
    }

    /**
     * @throws Problem 404 if there is no such project
     */
    Slug project(String slug) {
        return Slug.of(slug)
                .filter(each -> state.projects().find(each).isPresent())
                .orElseThrow(() -> Problem.notFound("There is no project " + slug + "."));
    }

    private DeploymentView point(Deployment deployment, Target target, long generation, boolean repeated) {
        var host = host(deployment.project());
        var site = new Site(
                host,
                deployment.project(),
                deployment.id(),
                target,
                generation,
                Site.Role.PRODUCTION,
                Instant.now().truncatedTo(ChronoUnit.MILLIS));
        var pointed = state.sites().point(site);
        if (!pointed && !repeated) {
            throw Problem.conflict("Something newer went to production at the same moment. Look, and try again.");
        }
        if (target instanceof Target.Container) {
            // Its containers may have changed between the look at them and the pointer, which nobody saw pointing here.
            state.apps().find(deployment.id()).ifPresent(app -> state.sites().reach(deployment.id(), app.addresses()));
        }
        state.bus().nudgeRoutes();
        return views.moved(deployment, state.sites().find(host).orElse(site));
    }

    private Deployment named(Slug project, String id) {
        return state.deployments()
                .find(id)
                .filter(each -> each.project().equals(project))
                .orElseThrow(() -> Problem.notFound("The project " + project + " has no deployment " + id + "."));
    }

    /** What was live before this one first was. */
    private Deployment earlier(Slug project, String live) {
        if (live.isEmpty()) {
            throw Problem.conflict("Production shows nothing yet, so there is nothing to go back from.");
        }
        var shown = state.sites().pointings(host(project)).stream()
                .map(Sites.Pointing::deployment)
                .toList();
        for (var id : shown.subList(shown.lastIndexOf(live) + 1, shown.size())) {
            var one = state.deployments().find(id).filter(this::canBeShown);
            if (one.isPresent()) {
                return one.get();
            }
        }
        // What was live longer ago than is remembered.
        var filter = new Filter(project, null, DeploymentStatus.READY, Environment.PRODUCTION);
        return state.deployments().list(filter, live, 1).stream()
                .findFirst()
                .orElseThrow(() -> Problem.conflict("There is no deployment before " + live
                        + " that was READY in production. Name one to go back to."));
    }

    private boolean canBeShown(Deployment deployment) {
        return deployment.status() == DeploymentStatus.READY
                && state.sites().find(ownHost(deployment)).isPresent();
    }

    /** Of an app: once all of its containers answer, and with where they do. */
    private Target targetOf(Deployment deployment, String what) {
        return switch (published(deployment, what)) {
            case Target.Files files -> files;
            case Target.Container(var manifest, var _) ->
                new Target.Container(manifest, readiness.await(deployment).addresses());
        };
    }

    private Target published(Deployment deployment, String what) {
        if (deployment.status() != DeploymentStatus.READY) {
            throw Problem.conflict("The deployment " + deployment.id() + " is " + deployment.status()
                    + "; only a READY one can " + what + ".");
        }
        return state.sites()
                .find(ownHost(deployment))
                .map(Site::target)
                .orElseThrow(() ->
                        Problem.conflict("The files of the deployment " + deployment.id() + " are no longer kept."));
    }

    private Host ownHost(Deployment deployment) {
        return Host.ofDeployment(deployment.project(), deployment.id(), settings.sitesDomain());
    }

    private Host host(Slug project) {
        return Host.ofProduction(project, settings.sitesDomain());
    }
}
