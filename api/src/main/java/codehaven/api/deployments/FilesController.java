package codehaven.api.deployments;

import codehaven.api.requests.Page;
import codehaven.model.Manifest;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The files that a deployment serves. */
@RestController
@Tag(name = "Deployments")
final class FilesController {

    private static final int USUAL = 1_000;
    private static final int MOST = 10_000;

    private final DeploymentViews views;
    private final Manifests manifests;

    FilesController(DeploymentViews views, Manifests manifests) {
        this.views = views;
        this.manifests = manifests;
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
            @RequestParam(required = false) @Nullable String after) {
        var size = Page.limit(limit, USUAL, MOST);
        var files = manifests.of(views.find(id)).files();
        var rest = after == null ? files : files.tailMap(after + "\0");
        var found = rest.entrySet().stream().limit(size + 1L).toList();
        return Page.of(found, size, Map.Entry::getKey, FileView::of);
    }
}
