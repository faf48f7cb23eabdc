package codehaven.api.deployments;

import codehaven.api.problems.Problem;
import codehaven.api.requests.Page;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.Slug;
import codehaven.state.Deployments.Filter;
import codehaven.state.State;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Lists of deployments, newest first. */
@Component
public final class DeploymentLists {

    private final State state;
    private final DeploymentViews views;

    DeploymentLists(State state, DeploymentViews views) {
        this.state = state;
        this.views = views;
    }

    /**
     * Which ones, as callers write it; absent means any.
     *
     * @param text part of the commit's message, its author or the branch, or the beginning of an id
     */
    public record Wanted(
            @Nullable String project,
            @Nullable String branch,
            @Nullable String status,
            @Nullable String environment,
            @Nullable String text) {

        /** All of a project. */
        public static Wanted of(Slug project) {
            return new Wanted(project.text(), null, null, null, null);
        }
    }

    /**
     * @param after what the page before gave as its next
     * @throws Problem 422 that names what cannot be understood
     */
    public Page<DeploymentView> page(Wanted wanted, int size, @Nullable String after) {
        var filter = new Filter(
                wanted.project() == null ? null : slugOf(wanted.project()),
                wanted.branch(),
                statusOf(wanted.status()),
                environmentOf(wanted.environment()),
                wanted.text());
        if (after != null && state.deployments().find(after).isEmpty()) {
            throw Problem.invalid("after", "after is the next of the page before, not '" + after + "'.");
        }
        var found = state.deployments().list(filter, after, size + 1);
        return Page.of(found, size, Deployment::id, views.lister());
    }

    private static Slug slugOf(String text) {
        try {
            return new Slug(text);
        } catch (IllegalArgumentException e) {
            throw Problem.invalid("project", "project is the slug of a project, not '" + text + "'.");
        }
    }

    private static @Nullable DeploymentStatus statusOf(@Nullable String text) {
        if (text == null) {
            return null;
        }
        try {
            return DeploymentStatus.valueOf(text.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw Problem.invalid(
                    "status", "status is one of " + List.of(DeploymentStatus.values()) + ", not '" + text + "'.");
        }
    }

    private static @Nullable Environment environmentOf(@Nullable String text) {
        try {
            return text == null ? null : Environment.of(text);
        } catch (IllegalArgumentException e) {
            throw Problem.invalid("environment", "environment is production or preview, not '" + text + "'.");
        }
    }
}
