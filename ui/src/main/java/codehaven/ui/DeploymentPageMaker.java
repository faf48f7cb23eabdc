package codehaven.ui;

import codehaven.api.ApiSettings;
import codehaven.api.apps.AppViews;
import codehaven.api.deployments.Actions;
import codehaven.api.deployments.Changes;
import codehaven.api.deployments.DeploymentView;
import codehaven.api.deployments.DeploymentViews;
import codehaven.api.deployments.Histories;
import codehaven.api.deployments.History;
import codehaven.api.deployments.Manifests;
import codehaven.api.deployments.Neighbours;
import codehaven.api.deployments.QueuePlaces;
import codehaven.api.deployments.QueuePlaces.Waiting;
import codehaven.api.deployments.UsualTimes;
import codehaven.api.deployments.UsualTimes.Times;
import codehaven.api.problems.Problem;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Failure;
import codehaven.model.Framework;
import codehaven.model.Manifest;
import codehaven.model.Step;
import codehaven.ui.DeploymentPage.Elapsed;
import codehaven.ui.DeploymentPage.Files;
import codehaven.ui.DeploymentPage.Largest;
import codehaven.ui.DeploymentPage.Line;
import codehaven.ui.DeploymentPage.Other;
import codehaven.ui.DeploymentPage.Trouble;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Clock;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.support.ServletUriComponentsBuilder;

/** Gathers what the page of a deployment shows. */
@Component
final class DeploymentPageMaker {

    private static final int LINES_SHOWN = 14;
    private static final int CHANGES_SHOWN = 10;
    private static final int LARGEST_SHOWN = 6;

    private final DeploymentViews views;
    private final Neighbours neighbours;
    private final Manifests manifests;
    private final Histories histories;
    private final UsualTimes usualTimes;
    private final QueuePlaces places;
    private final Actions actions;
    private final AppViews apps;
    private final ApiSettings settings;
    private final Words words;
    private final Clock clock = Clock.systemUTC();

    DeploymentPageMaker(
            DeploymentViews views,
            Neighbours neighbours,
            Manifests manifests,
            Histories histories,
            UsualTimes usualTimes,
            QueuePlaces places,
            Actions actions,
            AppViews apps,
            ApiSettings settings,
            Words words) {
        this.apps = apps;
        this.views = views;
        this.neighbours = neighbours;
        this.manifests = manifests;
        this.histories = histories;
        this.usualTimes = usualTimes;
        this.places = places;
        this.actions = actions;
        this.settings = settings;
        this.words = words;
    }

    /**
     * @param typed the number of replicas that was typed, and refused
     * @param wrong why
     */
    DeploymentPage make(
            Deployment deployment, HttpServletRequest request, @Nullable String typed, @Nullable String wrong) {
        var now = clock.instant();
        var view = views.view(deployment);
        var status = deployment.status();
        var history = histories.of(deployment);
        var usual = status.isFinal() && status != DeploymentStatus.FAILED
                ? null
                : usualTimes.of(deployment.project(), deployment.environment()).orElse(null);
        var waiting = places.of(deployment).orElse(null);
        var isReady = status == DeploymentStatus.READY;
        var retries = status == DeploymentStatus.FAILED || status == DeploymentStatus.CANCELED;
        var retry = retries ? actions.retriesFrom(deployment) : null;
        var previous = isReady ? neighbours.previous(deployment) : Optional.<Deployment>empty();
        Files files = null;
        String filesAway = null;
        if (isReady) {
            try {
                files = manifests
                        .find(deployment)
                        .map(manifest -> files(manifest, previous.flatMap(manifests::find)))
                        .filter(found -> found.count() > 0 || !found.shown().isEmpty())
                        .orElse(null);
            } catch (Problem away) {
                filesAway = away.body().detail();
            }
        }
        return new DeploymentPage(
                view,
                Shapes.of(status) + " " + words.status(status) + " · " + view.project() + " · CodeHaven",
                word(deployment, waiting),
                elapsed(deployment, history, usual, waiting, now),
                about(deployment),
                commitLink(deployment),
                framework(view),
                Track.of(deployment, history, usual, waiting, now, words),
                other(neighbours.production(deployment), deployment),
                isReady ? other(neighbours.branch(deployment), deployment) : null,
                other(previous, deployment),
                status == DeploymentStatus.SUPERSEDED ? other(neighbours.newer(deployment), deployment) : null,
                view.live() ? other(neighbours.earlierProduction(deployment), deployment) : null,
                deployment.failure() == null ? null : trouble(deployment, deployment.failure(), retry, usual),
                retry == null ? null : words.status(retry),
                files,
                filesAway,
                isReady ? app(deployment, now, typed, wrong) : null,
                address(deployment, request));
    }

    private @Nullable AppPanel app(Deployment deployment, Instant now, @Nullable String typed, @Nullable String wrong) {
        return apps.withFigures(deployment)
                .map(app -> AppPanel.of(
                        app, FigurePlot.of(app.figures() == null ? List.of() : app.figures(), now), typed, wrong))
                .orElse(null);
    }

    private static @Nullable Other other(Optional<Deployment> found, Deployment page) {
        return found.map(each -> Other.of(each, page)).orElse(null);
    }

    private String word(Deployment deployment, @Nullable Waiting waiting) {
        var word = words.status(deployment.status());
        var failure = deployment.failure();
        return switch (deployment.status()) {
            case QUEUED -> waiting == null ? word : word + ", " + words.place(waiting.place());
            case FAILED ->
                failure == null || failure.step() == null ? word : word + " in " + words.status(failure.step());
            case CLONING, UPLOADING, BUILDING, PUBLISHING, READY, CANCELED, SUPERSEDED -> word;
        };
    }

    private Elapsed elapsed(
            Deployment deployment, History history, @Nullable Times usual, @Nullable Waiting waiting, Instant now) {
        var time = words.duration(Track.elapsed(deployment, history, now));
        var since = history.queuedAt();
        return switch (deployment.status()) {
            case QUEUED -> new Elapsed("for ", time, "", since);
            case CLONING, UPLOADING, BUILDING, PUBLISHING ->
                new Elapsed(
                        "",
                        time,
                        waiting != null
                                ? ", " + waiting.reason() + ", " + words.place(waiting.place())
                                : usual == null ? "" : ", usually " + words.duration(usual.whole()),
                        since);
            case READY -> new Elapsed("in ", time, "", null);
            case FAILED -> new Elapsed("after ", time, "", null);
            case CANCELED ->
                new Elapsed(deployment.steps().isEmpty() ? "in the queue, after " : "after ", time, "", null);
            case SUPERSEDED -> new Elapsed("after ", time, " in the queue", null);
        };
    }

    private static String about(Deployment deployment) {
        if (deployment.commit() != null) {
            return deployment.commit().message();
        }
        var source = deployment.source();
        return (source.ref() == null ? "The default branch" : source.ref()) + " of " + source.repository();
    }

    private static @Nullable String commitLink(Deployment deployment) {
        var commit = deployment.commit();
        return commit == null
                ? null
                : Forge.of(deployment.source().repository())
                        .map(forge -> forge.commit(commit.sha()))
                        .orElse(null);
    }

    private static @Nullable String framework(DeploymentView view) {
        if (view.framework() == null) {
            return null;
        }
        var name = Framework.of(view.framework()).map(Framework::label).orElse(view.framework());
        return view.kind() == null ? name : name + ", " + view.kind().text();
    }

    private Trouble trouble(Deployment deployment, Failure failure, @Nullable Step retry, @Nullable Times usual) {
        var commit = deployment.commit();
        var source = failure.source();
        String link = null;
        String label = null;
        String place = null;
        if (source != null) {
            place = source.file() + (source.line() == null ? "" : ":" + source.line());
            var forge = Forge.of(deployment.source().repository());
            if (commit != null && forge.isPresent()) {
                link = forge.get().file(commit.sha(), source.file(), source.line());
                label = (source.line() == null ? "Open the file" : "Open line " + source.line()) + " at "
                        + commit.sha().abbreviated();
            }
        }
        var lines = failure.lines();
        return new Trouble(
                Prose.of(failure.message()),
                Prose.of(failure.hint()),
                link,
                label,
                place,
                retry == null ? "" : advice(failure, retry, usual),
                lines == null ? List.of() : lines(deployment, lines),
                lines != null && lines.to() - lines.from() >= LINES_SHOWN,
                failure.kind().name());
    }

    private String advice(Failure failure, Step retry, @Nullable Times usual) {
        var took = usual == null ? null : usual.steps().get(retry);
        var begins = " It begins at " + words.status(retry)
                + (took == null ? "." : ", which usually takes " + words.duration(took) + ".");
        return switch (failure.kind()) {
            case TERMINATED, CANCELED -> "A retry runs it again." + begins;
            case REPOSITORY_UNREACHABLE, DOCKER_UNAVAILABLE, REGISTRY_UNAVAILABLE, STORAGE_UNAVAILABLE, UNEXPECTED ->
                "A retry helps once the cause is gone." + begins;
            case REPOSITORY_NOT_FOUND,
                    REF_NOT_FOUND,
                    REPOSITORY_REFUSED,
                    NO_PROJECT_FOUND,
                    BUILD_OUT_OF_MEMORY,
                    BUILD_TIMED_OUT,
                    NO_OUTPUT,
                    HEALTH_CHECK_FAILED,
                    REGISTRY_REFUSED -> "A retry takes the project's settings as they are then." + begins;
            case INSTALL_FAILED, BUILD_FAILED -> "A retry helps only if something outside the code was wrong." + begins;
        };
    }

    private List<Line> lines(Deployment deployment, Failure.Lines lines) {
        return histories.lines(deployment, lines, LINES_SHOWN).stream()
                .map(each -> new Line(
                        each.n(),
                        each.at(),
                        AnsiText.html(each.text()),
                        each.level().name()))
                .toList();
    }

    private static Files files(Manifest manifest, Optional<Manifest> before) {
        var all = manifest.files();
        var bytes = all.values().stream().mapToLong(Manifest.File::size).sum();
        var changes = before.map(each -> Changes.between(each, manifest)).orElse(null);
        if (changes != null && !changes.files().isEmpty()) {
            var shown = changes.files().stream()
                    .sorted(Comparator.comparingLong((Changes.Change each) -> -Math.abs(each.bytes()))
                            .thenComparing(Changes.Change::path))
                    .limit(CHANGES_SHOWN)
                    .toList();
            return new Files(all.size(), bytes, changes, shown, List.of());
        }
        var largest = all.entrySet().stream()
                .map(each -> new Largest(each.getKey(), each.getValue().size()))
                .sorted(Comparator.comparingLong(Largest::size).reversed().thenComparing(Largest::path))
                .limit(LARGEST_SHOWN)
                .toList();
        return new Files(all.size(), bytes, changes, List.of(), largest);
    }

    private String address(Deployment deployment, HttpServletRequest request) {
        var path = "/deployments/" + deployment.id();
        var known = settings.publicUrl();
        return known == null
                ? ServletUriComponentsBuilder.fromRequestUri(request)
                        .replacePath(path)
                        .toUriString()
                : known.toString().replaceFirst("/+$", "") + path;
    }
}
