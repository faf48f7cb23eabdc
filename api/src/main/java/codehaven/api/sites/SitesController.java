package codehaven.api.sites;

import codehaven.api.deployments.DeploymentView;
import codehaven.api.deployments.DeploymentViews;
import codehaven.api.requests.Fields;
import codehaven.api.requests.Once;
import codehaven.model.Site;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
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

    private final Production production;
    private final DeploymentViews views;
    private final Once once;

    SitesController(Production production, DeploymentViews views, Once once) {
        this.production = production;
        this.views = views;
        this.once = once;
    }

    /** What can be said of a rollback; for the description of the API. */
    record RollbackForm(
            @Schema(description = "An earlier READY deployment; without one, the one before what is live now") @Nullable
            String deployment) {}

    @PostMapping("/v1/deployments/{id}/promote")
    @Operation(
            summary = "Show a READY deployment in production, as it was built",
            description = "An app that does not run is started first, and production moves when all of its containers"
                    + " answer; 409 or 504 with the reason if they do not, and production stays as it is.")
    ResponseEntity<DeploymentView> promote(HttpServletRequest request, @PathVariable String id) {
        var deployment = views.find(id);
        production.checkPromotable(deployment);
        return once.make(
                request,
                Long.toString(production.generation(deployment.project())),
                (generation, repeated) -> ResponseEntity.accepted()
                        .body(production.promote(deployment, Long.parseLong(generation), repeated)));
    }

    @PostMapping("/v1/projects/{slug}/rollback")
    @Operation(
            summary = "Show an earlier deployment in production again",
            description = "Answers when it is live. An app that does not run is started first, as for a promotion.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(
            required = false,
            content = @Content(schema = @Schema(implementation = RollbackForm.class)))
    DeploymentView rollback(
            HttpServletRequest request,
            @PathVariable String slug,
            @RequestBody(required = false) @Nullable ObjectNode body) {
        var project = production.project(slug);
        var fields = Fields.of(body);
        var wanted = fields.text("deployment", 100);
        fields.check();
        var minted = production.generation(project) + ":"
                + production.now(project).map(Site::deployment).orElse("");
        return once.make(request, minted, (result, repeated) -> {
            // What was live when it was first asked for decides which one is before it.
            var colon = result.indexOf(':');
            var generation = Long.parseLong(result.substring(0, colon));
            return production.rollback(project, wanted, result.substring(colon + 1), generation, repeated);
        });
    }
}
