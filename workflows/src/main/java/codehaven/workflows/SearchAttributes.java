package codehaven.workflows;

import io.temporal.common.SearchAttributeKey;
import java.util.List;

/** What a deployment's workflow can be found by in the console and with {@code temporal workflow list}. */
public final class SearchAttributes {
    public static final SearchAttributeKey<String> PROJECT_SLUG = SearchAttributeKey.forKeyword("ProjectSlug");
    public static final SearchAttributeKey<String> DEPLOYMENT_STATUS =
            SearchAttributeKey.forKeyword("DeploymentStatus");
    public static final SearchAttributeKey<String> BRANCH = SearchAttributeKey.forKeyword("Branch");
    public static final SearchAttributeKey<String> COMMIT_SHA = SearchAttributeKey.forKeyword("CommitSha");
    public static final SearchAttributeKey<String> ENVIRONMENT = SearchAttributeKey.forKeyword("Environment");
    public static final SearchAttributeKey<String> TRIGGER = SearchAttributeKey.forKeyword("Trigger");

    /** All of them; each must be registered with the Temporal namespace before a workflow starts. */
    public static final List<SearchAttributeKey<String>> ALL =
            List.of(PROJECT_SLUG, DEPLOYMENT_STATUS, BRANCH, COMMIT_SHA, ENVIRONMENT, TRIGGER);

    private SearchAttributes() {}
}
