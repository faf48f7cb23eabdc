package codehaven.api.sites;

import codehaven.api.ApiSettings;
import codehaven.api.deployments.DeploymentView;
import codehaven.api.deployments.DeploymentViews;
import codehaven.api.problems.Problem;
import codehaven.api.requests.Fields;
import codehaven.api.requests.Once;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.Host;
import codehaven.model.Project;
import codehaven.model.Site;
import codehaven.model.Slug;
import codehaven.model.Target;
import codehaven.state.Deployments.Filter;
import codehaven.state.State;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ObjectNode;

/** Moves production: one conditional update of one pointer, which the edge follows within a second. */
@RestController
@Tag(name = "Production", description = "What production shows")
final class SitesController {

    private final State state;
    private final ApiSettings settings;
    private final DeploymentViews views;
    private final Once once;

    SitesController(State state, ApiSettings settings, DeploymentViews views, Once once) {
        this.state = state;
        this.settings = settings;
        this.views = views;
        this.once = once;
    }

    /** What can be said of a rollback; for the description of the API. */
    record RollbackForm(
            @Schema(description = "An earlier READY deployment; without one, the one before what is live now") @Nullable
            String deployment) {}

    @PostMapping("/v1/deployments/{id}/promote")
    @Operation(summary = "Show a READY deployment in production, as it was built")
    ResponseEntity<DeploymentView> promote(HttpServletRequest request, @PathVariable String id) {
        var deployment = views.find(id);
        var target = targetOf(deployment, "be promoted");
        return once.make(
                request,
                generation(deployment.project()),
                (generation, repeated) -> ResponseEntity.accepted()
                        .body(point(deployment, target, Long.parseLong(generation), repeated)));
    }

    @PostMapping("/v1/projects/{slug}/rollback")
    @Operation(summary = "Show an earlier deployment in production again", description = "Answers when it is live.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(
            required = false,
            content = @Content(schema = @Schema(implementation = RollbackForm.class)))
    DeploymentView rollback(
            HttpServletRequest request,
            @PathVariable String slug,
            @RequestBody(required = false) @Nullable ObjectNode body) {
        var project = slugOf(slug)
                .flatMap(state.projects()::find)
                .orElseThrow(() -> Problem.notFound("There is no project " + slug + "."));
        var fields = Fields.of(body);
        var wanted = fields.text("deployment", 100);
        fields.check();
        var now = state.sites().find(Host.ofProduction(project.slug(), settings.sitesDomain()));
        var minted = generation(project.slug());
        return once.make(request, minted + ":" + now.map(Site::deployment).orElse(""), (result, repeated) -> {
            // What was live when it was first asked for decides which one is before it.
            var colon = result.indexOf(':');
            var before = result.substring(colon + 1);
            var deployment = wanted == null ? earlier(project, before) : named(project, wanted);
            var generation = Long.parseLong(result.substring(0, colon));
            return point(deployment, targetOf(deployment, "be rolled back to"), generation, repeated);
        });
    }

    private Deployment named(Project project, String id) {
        return state.deployments()
                .find(id)
                .filter(each -> each.project().equals(project.slug()))
                .orElseThrow(
                        () -> Problem.notFound("The project " + project.slug() + " has no deployment " + id + "."));
    }

    private Deployment earlier(Project project, String live) {
        if (live.isEmpty()) {
            throw Problem.conflict("Production shows nothing yet, so there is nothing to go back from.");
        }
        var filter = new Filter(project.slug(), null, DeploymentStatus.READY, Environment.PRODUCTION);
        return state.deployments().list(filter, live, 1).stream()
                .findFirst()
                .orElseThrow(() -> Problem.conflict("There is no deployment before " + live
                        + " that was READY in production. Name one to go back to."));
    }

    private Target targetOf(Deployment deployment, String what) {
        if (deployment.status() != DeploymentStatus.READY) {
            throw Problem.conflict("The deployment " + deployment.id() + " is " + deployment.status()
                    + "; only a READY one can " + what + ".");
        }
        return state.sites()
                .find(Host.ofDeployment(deployment.project(), deployment.id(), settings.sitesDomain()))
                .map(Site::target)
                .orElseThrow(() ->
                        Problem.conflict("The files of the deployment " + deployment.id() + " are no longer kept."));
    }

    private DeploymentView point(Deployment deployment, Target target, long generation, boolean repeated) {
        var host = Host.ofProduction(deployment.project(), settings.sitesDomain());
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
        state.bus().nudgeRoutes();
        return views.moved(deployment, state.sites().find(host).orElse(site));
    }

    private String generation(Slug project) {
        return Long.toString(state.projects().nextGeneration(project));
    }

    private static Optional<Slug> slugOf(String text) {
        try {
            return Optional.of(new Slug(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
