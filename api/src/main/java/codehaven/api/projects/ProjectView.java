package codehaven.api.projects;

import codehaven.api.ApiSettings;
import codehaven.model.AppSettings;
import codehaven.model.BuildSettings;
import codehaven.model.Host;
import codehaven.model.Project;
import java.net.URI;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A project as callers see it; a setting that is absent is detected. */
record ProjectView(
        String slug,
        String repository,
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
        BuildSettings.@Nullable HealthCheck healthCheck,
        BuildSettings.Limits limits,
        AppSettings app,
        Instant createdAt,
        Urls urls) {

    /** Where production is, once something is published. */
    record Urls(URI production) {}

    static ProjectView of(Project project, ApiSettings api) {
        var settings = project.settings();
        return new ProjectView(
                project.slug().text(),
                project.repository(),
                project.productionBranch(),
                settings.rootDirectory(),
                settings.framework(),
                settings.installCommand(),
                settings.buildCommand(),
                settings.outputDirectory(),
                settings.startCommand(),
                settings.nodeVersion(),
                settings.dockerfile(),
                settings.ignoreCommand(),
                settings.spaFallback(),
                settings.cleanUrls(),
                settings.submodules(),
                settings.healthCheck(),
                settings.limits(),
                settings.app(),
                project.createdAt(),
                new Urls(api.urlOf(
                        Host.ofProduction(project.slug(), api.sitesDomain()).text())));
    }
}
