package codehaven.activities.building;

import codehaven.model.Checkpoint.ClonedTree;
import codehaven.workflows.DeploymentRequest;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;

/** The environment of a build: what the platform says, then the project's own variables, then what nobody overrides. */
final class BuildVariables {

    private BuildVariables() {}

    /**
     * All variables for the commands of a recipe, besides {@code HOME} and {@code PATH}.
     *
     * @param url the deployment's own address
     * @param own the project's variables for the environment, secrets among them
     */
    static Map<String, String> of(
            DeploymentRequest request, ClonedTree tree, URI url, Recipe recipe, Map<String, String> own) {
        var all = new LinkedHashMap<String, String>();
        all.put("CI", "1");
        all.putAll(recipe.variables());
        all.putAll(own);
        all.put("CODEHAVEN", "1");
        all.put("CODEHAVEN_ENV", request.environment().text());
        all.put("CODEHAVEN_URL", url.toString());
        all.put("CODEHAVEN_DEPLOYMENT_ID", request.deployment());
        all.put("CODEHAVEN_GIT_COMMIT_SHA", tree.commit().sha().text());
        all.put("CODEHAVEN_GIT_BRANCH", tree.branch() == null ? "" : tree.branch());
        all.put("CODEHAVEN_GIT_REPOSITORY", request.source().repository());
        return all;
    }
}
