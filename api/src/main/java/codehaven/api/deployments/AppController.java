package codehaven.api.deployments;

import codehaven.api.apps.AppActions;
import codehaven.api.apps.AppActions.Action;
import codehaven.api.apps.AppView;
import codehaven.api.apps.AppView.InstanceFigures;
import codehaven.api.apps.AppViews;
import codehaven.api.problems.Problem;
import codehaven.api.requests.Fields;
import codehaven.api.requests.Once;
import codehaven.api.requests.Page;
import codehaven.model.Deployment;
import codehaven.model.Kind;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ObjectNode;

/** The app of a dynamic deployment: how it is, and what can be done with it. */
@RestController
@RequestMapping("/v1/deployments/{id}")
@Tag(name = "Apps", description = "What runs behind a dynamic deployment")
final class AppController {

    private final DeploymentViews deployments;
    private final AppViews apps;
    private final AppActions actions;
    private final Once once;

    AppController(DeploymentViews deployments, AppViews apps, AppActions actions, Once once) {
        this.deployments = deployments;
        this.apps = apps;
        this.actions = actions;
        this.once = once;
    }

    /** What can be said of replicas; for the description of the API. */
    record ReplicasForm(
            @Schema(
                    description = "How many containers share the requests, 1 to 50",
                    requiredMode = Schema.RequiredMode.REQUIRED)
            int replicas) {}

    @GetMapping("/app")
    @Operation(summary = "The app of a deployment, and what its containers used lately")
    AppView app(@PathVariable String id) {
        return apps.withFigures(deployments.find(id)).orElseThrow(() -> none(id));
    }

    @GetMapping("/figures")
    @Operation(
            summary = "What the containers of an app used lately",
            description = "The last half hour: processors, memory in bytes without what the kernel caches, and the"
                    + " bytes that went over the network since the container was started.")
    List<InstanceFigures> figures(@PathVariable String id, @RequestParam(required = false) @Nullable String instance) {
        var deployment = dynamic(id);
        if (instance != null) {
            return List.of(apps.figures(deployment.id(), (int) Page.number("instance", instance, 1, 1, 1_000)));
        }
        return apps.withFigures(deployment).map(AppView::figures).orElse(List.of());
    }

    @PostMapping("/app/start")
    @Operation(summary = "Start an app that was stopped, or that is asleep")
    ResponseEntity<AppView> start(HttpServletRequest request, @PathVariable String id) {
        return perform(request, id, Action.START);
    }

    @PostMapping("/app/stop")
    @Operation(
            summary = "Stop an app",
            description = "Visitors are told so until somebody starts it; they do not wake it.")
    ResponseEntity<AppView> stop(HttpServletRequest request, @PathVariable String id) {
        return perform(request, id, Action.STOP);
    }

    @PostMapping("/app/restart")
    @Operation(summary = "Have the containers of a running app replaced by new ones, one after the other")
    ResponseEntity<AppView> restart(HttpServletRequest request, @PathVariable String id) {
        return perform(request, id, Action.RESTART);
    }

    @PostMapping("/app/wake")
    @Operation(summary = "Wake an app that is asleep, as its next visitor would")
    ResponseEntity<AppView> wake(HttpServletRequest request, @PathVariable String id) {
        return perform(request, id, Action.WAKE);
    }

    @PutMapping("/app/replicas")
    @Operation(
            summary = "Run an app in another number of containers",
            description = "Of this deployment alone; what is deployed next takes the number in the project's settings.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(
            content = @Content(schema = @Schema(implementation = ReplicasForm.class)))
    ResponseEntity<AppView> replicas(
            HttpServletRequest request, @PathVariable String id, @RequestBody ObjectNode body) {
        var deployment = deployments.find(id);
        var fields = Fields.of(body);
        var replicas = fields.whole("replicas", 1, 50);
        if (replicas == null && fields.isNull("replicas")) {
            fields.wrong("replicas", "replicas is missing: a whole number from 1 to 50.");
        }
        fields.check();
        var wanted = replicas == null ? 1 : replicas;
        return once.make(
                request,
                id,
                (result, repeated) -> ResponseEntity.accepted().body(actions.replicas(deployment, wanted)));
    }

    private ResponseEntity<AppView> perform(HttpServletRequest request, String id, Action action) {
        var deployment = deployments.find(id);
        var epoch = actions.of(deployment).epoch();
        return once.make(
                request,
                Integer.toString(epoch),
                (result, repeated) -> ResponseEntity.accepted()
                        .body(actions.perform(deployment, action, Integer.parseInt(result), repeated)));
    }

    private Deployment dynamic(String id) {
        var deployment = deployments.find(id);
        if (deployment.kind() != Kind.DYNAMIC) {
            throw none(id);
        }
        return deployment;
    }

    private static Problem none(String id) {
        return Problem.notFound("The deployment " + id + " has no app: it is static, was not published, or its image is"
                + " no longer kept.");
    }
}
