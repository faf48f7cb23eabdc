package codehaven.api.projects;

import codehaven.api.requests.Fields;
import codehaven.model.AppSettings;
import codehaven.model.BuildSettings;
import codehaven.model.BuildSettings.HealthCheck;
import codehaven.model.BuildSettings.Limits;
import codehaven.model.Framework;
import codehaven.model.Project;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What can be set of a project. In a change, what is not given stays, and {@code null} means: detect it again. */
record ProjectForm(
        @Nullable String repository,
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
        @Nullable AppSettings app) {

    private static final int COMMAND = 4_000;
    private static final int PATH = 300;
    private static final Pattern NODE = Pattern.compile("v?([1-9]\\d)(?:\\.x)?");
    private static final Pattern URL_PATH = Pattern.compile("/[\\x21-\\x7e]*");

    /** The project with what the fields say; wrong ones are noted there. */
    static Project applied(Fields fields, Project project, Repositories repositories) {
        var old = project.settings();
        var repository = changed(
                fields,
                "repository",
                project.repository(),
                () -> fields.value("repository", 2_000, repositories::normalised));
        if (repository == null) {
            if (fields.isNull("repository")) {
                fields.wrong("repository", "A project has a repository; give its address.");
            }
            repository = project.repository();
        }
        // The branch of another repository says nothing of this one; its first clone tells.
        var branch = repository.equals(project.repository()) ? project.productionBranch() : null;
        var settings = new BuildSettings(
                changed(fields, "rootDirectory", old.rootDirectory(), () -> path(fields, "rootDirectory")),
                changed(
                        fields,
                        "framework",
                        old.framework(),
                        () -> fields.value("framework", 40, ProjectForm::framework)),
                changed(
                        fields,
                        "installCommand",
                        old.installCommand(),
                        () -> fields.textOrEmpty("installCommand", COMMAND)),
                changed(fields, "buildCommand", old.buildCommand(), () -> fields.textOrEmpty("buildCommand", COMMAND)),
                changed(fields, "outputDirectory", old.outputDirectory(), () -> path(fields, "outputDirectory")),
                changed(fields, "startCommand", old.startCommand(), () -> fields.text("startCommand", COMMAND)),
                changed(
                        fields,
                        "nodeVersion",
                        old.nodeVersion(),
                        () -> fields.value("nodeVersion", 10, ProjectForm::node)),
                changed(fields, "dockerfile", old.dockerfile(), () -> path(fields, "dockerfile")),
                changed(fields, "ignoreCommand", old.ignoreCommand(), () -> fields.text("ignoreCommand", COMMAND)),
                changed(fields, "spaFallback", old.spaFallback(), () -> fields.flag("spaFallback")),
                changed(fields, "cleanUrls", old.cleanUrls(), () -> fields.flag("cleanUrls")),
                changed(fields, "submodules", old.submodules(), () -> fields.flag("submodules")),
                changed(fields, "healthCheck", old.healthCheck(), () -> healthCheck(fields, old.healthCheck())),
                limits(fields, old.limits()),
                AppForm.applied(fields, old.app()));
        return new Project(
                project.slug(),
                repository,
                changed(fields, "productionBranch", branch, () -> fields.value("productionBranch", 250, Refs::checked)),
                settings,
                project.createdAt());
    }

    private static <T> @Nullable T changed(Fields fields, String name, @Nullable T old, Supplier<@Nullable T> read) {
        return fields.given(name) ? read.get() : old;
    }

    private static @Nullable HealthCheck healthCheck(Fields fields, @Nullable HealthCheck old) {
        var inner = fields.object("healthCheck");
        if (fields.isNull("healthCheck")) {
            return null;
        }
        var path = changed(
                inner, "path", old == null ? null : old.path(), () -> inner.value("path", PATH, ProjectForm::urlPath));
        var period = changed(
                inner,
                "startPeriodSeconds",
                old == null ? null : old.startPeriodSeconds(),
                () -> inner.whole("startPeriodSeconds", 1, 3_600));
        inner.closed();
        return path == null && period == null ? null : new HealthCheck(path, period);
    }

    private static Limits limits(Fields fields, Limits old) {
        if (!fields.given("limits")) {
            return old;
        }
        var inner = fields.object("limits");
        if (fields.isNull("limits")) {
            return Limits.DEFAULT;
        }
        var limits = new Limits(
                changed(inner, "buildMemoryMb", old.buildMemoryMb(), () -> inner.whole("buildMemoryMb", 128, 65_536)),
                changed(inner, "buildSeconds", old.buildSeconds(), () -> inner.whole("buildSeconds", 10, 14_400)),
                changed(inner, "memoryMb", old.memoryMb(), () -> inner.whole("memoryMb", 64, 65_536)),
                changed(inner, "cpus", old.cpus(), () -> inner.number("cpus", 0.1, 64)));
        inner.closed();
        return limits;
    }

    /** A path within the repository; the top of it is the same as none. */
    static @Nullable String path(Fields fields, String name) {
        var text = fields.textOrEmpty(name, PATH);
        if (text == null) {
            return null;
        }
        var path = text.strip().replaceAll("^(?:\\./+)+", "").replaceAll("/+$", "");
        if (text.strip().startsWith("/") || path.contains("\\") || path.contains("//")) {
            fields.wrong(name, name + " is relative to the repository, with '/' between folders, such as apps/web.");
            return null;
        }
        if (("/" + path + "/").contains("/../")) {
            fields.wrong(name, name + " may not lead out of the repository with '..'.");
            return null;
        }
        return path.isEmpty() || path.equals(".") ? null : path;
    }

    private static String framework(String text) {
        if (Framework.of(text).isEmpty()) {
            throw new IllegalArgumentException("framework is one of " + Framework.ids() + "; not '" + text + "'.");
        }
        return text;
    }

    private static String node(String text) {
        var match = NODE.matcher(text.strip());
        if (!match.matches()) {
            throw new IllegalArgumentException("nodeVersion is a major version such as 22, not '" + text + "'.");
        }
        return match.group(1);
    }

    private static String urlPath(String text) {
        if (!URL_PATH.matcher(text).matches()) {
            throw new IllegalArgumentException("healthCheck.path begins with '/', such as /health.");
        }
        return text;
    }
}
