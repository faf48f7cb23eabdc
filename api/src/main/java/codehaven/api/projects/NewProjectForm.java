package codehaven.api.projects;

import codehaven.model.AppSettings;
import codehaven.model.BuildSettings.HealthCheck;
import codehaven.model.BuildSettings.Limits;
import io.swagger.v3.oas.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/** What can be said of a new project; for the description of the API. */
record NewProjectForm(
        @Schema(requiredMode = Schema.RequiredMode.REQUIRED, example = "https://github.com/owner/site")
        String repository,

        @Schema(description = "Lower-case letters, digits and inner hyphens, at most 40") @Nullable
        String name,

        @Nullable String productionBranch,
        @Nullable String rootDirectory,
        @Nullable String framework,
        @Nullable String installCommand,
        @Nullable String buildCommand,
        @Nullable String outputDirectory,
        @Nullable String startCommand,
        @Nullable String nodeVersion,
        @Nullable String dockerfile,
        @Nullable String ignoreCommand,
        @Nullable Boolean spaFallback,
        @Nullable Boolean cleanUrls,
        @Nullable Boolean submodules,
        @Nullable HealthCheck healthCheck,
        @Nullable Limits limits,
        @Nullable AppSettings app) {}
