package codehaven.ui;

import codehaven.api.ApiSettings;
import codehaven.model.Framework;
import codehaven.model.Host;
import codehaven.model.Project;
import java.net.URI;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** What stands at the top of each page of a project. */
@Component
final class ProjectHeads {

    private final ApiSettings settings;

    ProjectHeads(ApiSettings settings) {
        this.settings = settings;
    }

    /**
     * @param repository how it is shown
     * @param link to the repository, where a browser can open it
     * @param framework as it was set; absent where it is detected
     * @param url of production
     */
    record Head(
            Project project,
            String slug,
            String repository,
            @Nullable String link,
            @Nullable String framework,
            URI url) {

        /** Host and port of production. */
        public String host() {
            return url.getRawAuthority();
        }

        public @Nullable String root() {
            return project.settings().rootDirectory();
        }

        /** What is deployed when nobody says what. */
        public String branch() {
            return project.productionBranch() == null ? "" : project.productionBranch();
        }
    }

    Head of(Project project) {
        var repository = project.repository();
        var web = repository.startsWith("https://") || repository.startsWith("http://");
        var plain = web ? repository.substring(repository.indexOf("//") + 2) : repository;
        return new Head(
                project,
                project.slug().text(),
                plain.endsWith(".git") ? plain.substring(0, plain.length() - 4) : plain,
                web ? repository : null,
                label(project.settings().framework()),
                settings.urlOf(Host.ofProduction(project.slug(), settings.sitesDomain())
                        .text()));
    }

    /** The name that people know a framework by. */
    static @Nullable String label(@Nullable String id) {
        return Optional.ofNullable(id)
                .flatMap(Framework::of)
                .map(Framework::label)
                .orElse(id);
    }
}
