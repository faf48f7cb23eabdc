package codehaven.api.deployments;

import codehaven.api.deployments.DeploymentLists.Wanted;
import codehaven.api.requests.Once;
import codehaven.api.requests.Page;
import codehaven.model.Deployment;
import codehaven.model.Environment;
import codehaven.state.State;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.net.URI;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ObjectNode;

/** {@code /v1/deployments}: making, reading, stopping and doing again. */
@RestController
@RequestMapping("/v1/deployments")
@Tag(name = "Deployments", description = "One immutable attempt to put one commit live")
final class DeploymentsController {

    private final State state;
    private final NewDeployments newDeployments;
    private final Actions actions;
    private final DeploymentViews views;
    private final DeploymentLists lists;
    private final Once once;

    DeploymentsController(
            State state,
            NewDeployments newDeployments,
            Actions actions,
            DeploymentViews views,
            DeploymentLists lists,
            Once once) {
        this.state = state;
        this.newDeployments = newDeployments;
        this.actions = actions;
        this.views = views;
        this.lists = lists;
        this.once = once;
    }

    /** What can be asked for; for the description of the API. */
    record DeploymentForm(
            @Schema(
                    description =
                            "The repository's address; its project is made if there is none. Either this or project.",
                    example = "https://github.com/owner/site")
            @Nullable
            String repository,

            @Schema(description = "The slug of a project that is there") @Nullable
            String project,

            @Schema(description = "A branch, a tag or a commit; the default branch if absent") @Nullable
            String ref,

            @Schema(description = "How the project is called if it is made now") @Nullable
            String name,

            @Schema(description = "production for the production branch and the first deployment, otherwise preview")
            @Nullable
            Environment environment) {}

    @PostMapping
    @Operation(summary = "Deploy a repository or a project")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(
            content = @Content(schema = @Schema(implementation = DeploymentForm.class)))
    ResponseEntity<DeploymentView> create(HttpServletRequest request, @RequestBody ObjectNode body) {
        var order = newDeployments.read(body);
        return once.make(request, Ids.next(), (id, repeated) -> accepted(newDeployments.make(order, id, repeated)));
    }

    @GetMapping("/{id}")
    @Operation(summary = "A deployment")
    DeploymentView get(@PathVariable String id) {
        return views.view(views.find(id));
    }

    @GetMapping
    @Operation(summary = "Deployments, newest first")
    Page<DeploymentView> list(
            @RequestParam(required = false) @Nullable String project,
            @RequestParam(required = false) @Nullable String branch,
            @RequestParam(required = false) @Nullable String status,
            @RequestParam(required = false) @Nullable String environment,
            @RequestParam(required = false) @Nullable String limit,
            @RequestParam(required = false) @Nullable String after) {
        var size = Page.limit(limit, Page.USUAL, 100);
        return lists.page(new Wanted(project, branch, status, environment, null), size, after);
    }

    @PostMapping("/{id}/cancel")
    @Operation(summary = "Cancel a deployment that has not ended")
    ResponseEntity<DeploymentView> cancel(HttpServletRequest request, @PathVariable String id) {
        return once.make(request, id, (result, repeated) -> accepted(actions.cancel(views.find(id), repeated)));
    }

    @PostMapping("/{id}/retry")
    @Operation(
            summary = "Run a failed or cancelled deployment again",
            description = "It goes on at the step that did not succeed, with the project's settings as they are now.")
    ResponseEntity<DeploymentView> retry(HttpServletRequest request, @PathVariable String id) {
        var deployment = views.find(id);
        var end = String.valueOf(deployment.finishedAt());
        return once.make(
                request,
                end,
                (result, repeated) ->
                        accepted(repeated && !end.equals(result) ? deployment : actions.retry(deployment)));
    }

    @PostMapping("/{id}/redeploy")
    @Operation(summary = "Deploy the same commit once more, as a new deployment")
    ResponseEntity<DeploymentView> redeploy(HttpServletRequest request, @PathVariable String id) {
        var old = views.find(id);
        return once.make(
                request,
                Ids.next(),
                (result, repeated) ->
                        accepted(state.deployments().find(result).orElseGet(() -> newDeployments.again(old, result))));
    }

    private ResponseEntity<DeploymentView> accepted(Deployment deployment) {
        return ResponseEntity.accepted()
                .location(URI.create("/v1/deployments/" + deployment.id()))
                .body(views.view(deployment));
    }
}
