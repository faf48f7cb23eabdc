package codehaven.api.deployments;

import codehaven.api.ApiSettings;
import codehaven.api.problems.Problem;
import codehaven.api.requests.Page;
import codehaven.model.Deployment;
import codehaven.model.Host;
import codehaven.model.Manifest;
import codehaven.model.Target;
import codehaven.state.Blobs;
import codehaven.state.State;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** The files that a deployment serves. */
@RestController
@Tag(name = "Deployments")
final class FilesController {

    private static final int USUAL = 1_000;
    private static final int MOST = 10_000;

    private final State state;
    private final ApiSettings settings;
    private final DeploymentViews views;
    private final JsonMapper json;

    FilesController(State state, ApiSettings settings, DeploymentViews views, JsonMapper json) {
        this.state = state;
        this.settings = settings;
        this.views = views;
        this.json = json.rebuild()
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .build();
    }

    /** A file; its bytes are the blob of that digest. */
    record FileView(String path, String sha256, long size, String type) {
        static FileView of(Map.Entry<String, Manifest.File> entry) {
            var file = entry.getValue();
            return new FileView(entry.getKey(), file.sha256(), file.size(), file.type());
        }
    }

    @GetMapping("/v1/deployments/{id}/files")
    @Operation(summary = "The files of a deployment that was published, by path")
    Page<FileView> files(
            @PathVariable String id,
            @RequestParam(required = false) @Nullable String limit,
            @RequestParam(required = false) @Nullable String after)
            throws IOException {
        var size = Page.limit(limit, USUAL, MOST);
        var files = manifest(views.find(id)).files();
        var rest = after == null ? files : files.tailMap(after + "\0");
        var found = rest.entrySet().stream().limit(size + 1L).toList();
        return Page.of(found, size, Map.Entry::getKey, FileView::of);
    }

    private Manifest manifest(Deployment deployment) throws IOException {
        var host = Host.ofDeployment(deployment.project(), deployment.id(), settings.sitesDomain());
        var target = state.sites()
                .find(host)
                .orElseThrow(() -> Problem.notFound("The deployment " + deployment.id() + " has no files: it is "
                        + deployment.status() + " and was not published."))
                .target();
        var digest = switch (target) {
            case Target.Files files -> files.manifest();
            case Target.Container container -> container.manifest();
        };
        try (var in = state.blobs().open(Blobs.blob(digest))) {
            return json.readValue(in, Manifest.class);
        } catch (Blobs.NotThere e) {
            throw Problem.notFound("The files of the deployment " + deployment.id() + " are no longer kept.");
        }
    }
}
