package codehaven.ui;

import codehaven.api.deployments.Changes;
import codehaven.api.deployments.DeploymentViews;
import codehaven.api.deployments.Manifests;
import codehaven.api.deployments.Neighbours;
import codehaven.model.Deployment;
import codehaven.model.Kind;
import codehaven.ui.DeploymentPage.Other;
import codehaven.ui.FilesPage.Row;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import org.springframework.stereotype.Component;
import org.springframework.web.util.UriUtils;

/** Gathers what the page of a deployment's files shows. */
@Component
final class FilesPageMaker {

    private static final int ON_A_PAGE = 200;
    private static final int LONGEST_SEARCH = 200;

    private final DeploymentViews views;
    private final Neighbours neighbours;
    private final Manifests manifests;

    FilesPageMaker(DeploymentViews views, Neighbours neighbours, Manifests manifests) {
        this.views = views;
        this.neighbours = neighbours;
        this.manifests = manifests;
    }

    FilesPage make(Deployment deployment, String search, String show, String sort, String start) {
        var view = views.view(deployment);
        var title = "Files of " + deployment.id() + " · " + view.project();
        var q = search.strip();
        q = q.length() > LONGEST_SEARCH ? q.substring(0, LONGEST_SEARCH) : q;
        var onlyChanged = show.equals("changed");
        var bySize = sort.equals("size");
        var manifest = manifests.find(deployment);
        if (manifest.isEmpty() || (manifest.get().files().isEmpty() && deployment.kind() == Kind.DYNAMIC)) {
            return new FilesPage(
                    view,
                    title,
                    q,
                    "all",
                    "path",
                    0,
                    0,
                    null,
                    null,
                    List.of(),
                    0,
                    0,
                    0,
                    null,
                    null,
                    whyNone(deployment));
        }
        var previous = neighbours.previous(deployment);
        var changes = previous.flatMap(manifests::find).map(before -> Changes.between(before, manifest.get()));
        var byPath = new HashMap<String, Changes.Change>();
        changes.ifPresent(all -> all.files().forEach(each -> byPath.put(each.path(), each)));
        var rows = new ArrayList<Row>();
        manifest.get().files().forEach((path, file) -> {
            var change = byPath.get(path);
            rows.add(new Row(
                    path,
                    view.urls().deployment() + UriUtils.encodePath(path, StandardCharsets.UTF_8),
                    file.size(),
                    file.type().replaceFirst(";.*", ""),
                    change == null ? null : change.kind().name(),
                    change == null ? null : change.was(),
                    change == null ? 0 : change.bytes()));
        });
        var bytes = rows.stream().mapToLong(Row::size).sum();
        var count = rows.size();
        if (onlyChanged) {
            rows.removeIf(each -> each.change() == null);
            changes.ifPresent(all -> all.files().stream()
                    .filter(each -> each.kind() == Changes.Kind.removed)
                    .forEach(each -> rows.add(new Row(
                            each.path(), null, each.size(), "", each.kind().name(), null, each.bytes()))));
            rows.sort(Comparator.comparing(Row::path));
        }
        var wanted = q.toLowerCase(Locale.ROOT);
        rows.removeIf(each -> !each.path().toLowerCase(Locale.ROOT).contains(wanted));
        if (bySize) {
            rows.sort(Comparator.comparingLong(Row::size).reversed().thenComparing(Row::path));
        }
        var found = rows.size();
        var from = Math.clamp(number(start), found == 0 ? 0 : 1, found);
        var to = Math.min(found, from == 0 ? 0 : from + ON_A_PAGE - 1);
        return new FilesPage(
                view,
                title,
                q,
                onlyChanged ? "changed" : "all",
                bySize ? "size" : "path",
                count,
                bytes,
                changes.map(all -> all.files().size()).orElse(null),
                previous.map(each -> Other.of(each, deployment)).orElse(null),
                List.copyOf(rows.subList(Math.max(0, from - 1), to)),
                found,
                from,
                to,
                from > 1 ? Math.max(1, from - ON_A_PAGE) : null,
                to < found ? to + 1 : null,
                null);
    }

    private static String whyNone(Deployment deployment) {
        return switch (deployment.status()) {
            case READY ->
                deployment.kind() == Kind.DYNAMIC
                        ? "This is an app without static files of its own: its containers answer every request."
                        : "The files of this deployment are no longer kept. Redeploy it to make them again.";
            case FAILED, CANCELED, SUPERSEDED -> "It was not published, so it has no files.";
            case QUEUED, CLONING, UPLOADING, BUILDING, PUBLISHING ->
                "It is not published yet. Its files are here as soon as it is ready.";
        };
    }

    private static int number(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            return 1;
        }
    }
}
