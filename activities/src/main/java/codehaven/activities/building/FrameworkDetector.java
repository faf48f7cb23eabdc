package codehaven.activities.building;

import codehaven.model.BuildSettings;
import codehaven.model.FailureKind;
import codehaven.model.Framework;
import codehaven.workflows.StepFailure;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Reads a source tree and says how it is built. Nothing of the tree is executed. */
final class FrameworkDetector {

    private FrameworkDetector() {}

    /**
     * The recipe for the tree.
     *
     * @param top the directory with the unpacked tree
     * @throws StepFailure of kind {@code NO_PROJECT_FOUND} when there is nothing that can be built
     */
    static Recipe detect(Path top, BuildSettings settings) {
        var tree = new SourceTree(top);
        var root = settings.rootDirectory() == null ? "" : settings.rootDirectory();
        if (!tree.isFile(SourceTree.in(root, "index.html"))) {
            throw new StepFailure(FailureKind.NO_PROJECT_FOUND, "There is no index.html.");
        }
        return new Recipe(
                Framework.STATIC_FILES,
                "node:22-bookworm-slim",
                22,
                null,
                root,
                root,
                null,
                null,
                null,
                List.of(root),
                false,
                null,
                List.of(),
                List.of(),
                Map.of(),
                "static",
                List.of());
    }
}
