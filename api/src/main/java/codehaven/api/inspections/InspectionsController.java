package codehaven.api.inspections;

import codehaven.model.Commit;
import codehaven.model.Inspection;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ObjectNode;

/** {@code /v1/inspections}: what a repository is, before anything is made of it. */
@RestController
@RequestMapping("/v1/inspections")
@Tag(name = "Inspections", description = "A look at a repository; nothing is kept or built")
final class InspectionsController {

    private final Inspections inspections;

    InspectionsController(Inspections inspections) {
        this.inspections = inspections;
    }

    /** What can be asked; for the description of the API. */
    record InspectionForm(
            @Schema(requiredMode = Schema.RequiredMode.REQUIRED, example = "https://github.com/owner/site")
            String repository,

            @Schema(description = "A branch, a tag or a commit; the default branch if absent") @Nullable
            String ref,

            @Schema(description = "A folder that is wanted among the candidates") @Nullable
            String rootDirectory) {}

    /**
     * What was seen.
     *
     * @param repository its one address
     */
    record InspectionView(
            String repository,
            @Nullable String branch,
            @Nullable String defaultBranch,
            Commit commit,
            @Nullable String root,
            List<Inspection.Candidate> candidates,
            Inspection.@Nullable Problem problem) {}

    @PostMapping
    @Operation(
            summary = "Look at a repository",
            description = "The newest commit of its default branch or of `ref`, and each folder that can be deployed by"
                    + " itself, with how it would be built. Takes seconds; 24 at most.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(
            content = @Content(schema = @Schema(implementation = InspectionForm.class)))
    InspectionView inspect(@RequestBody ObjectNode body) {
        var seen = inspections.look(inspections.read(body));
        var inspection = seen.inspection();
        return new InspectionView(
                seen.order().repository(),
                inspection.branch(),
                inspection.defaultBranch(),
                inspection.commit(),
                inspection.root(),
                inspection.candidates(),
                inspection.problem());
    }
}
