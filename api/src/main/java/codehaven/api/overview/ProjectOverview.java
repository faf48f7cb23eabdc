package codehaven.api.overview;

import codehaven.api.ApiSettings;
import codehaven.api.deployments.QueuePlaces;
import codehaven.model.CommitSha;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Framework;
import codehaven.model.Host;
import codehaven.model.Site;
import codehaven.state.Deployments.Filter;
import codehaven.state.Deployments.Sayings;
import codehaven.state.Projects.Activity;
import codehaven.state.State;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * The list of projects, newest activity first: each with its newest deployment and what its production serves. A page
 * costs three questions to the database, whose answers are found by id, however many deployments there are.
 */
@Component
public final class ProjectOverview {

    /** Rows on a page. */
    public static final int ROWS = 50;

    private static final Duration TRUSTED = Duration.ofSeconds(5);
    private static final Pattern CURSOR = Pattern.compile("(\\d{1,15})\\.([a-z0-9-]{1,40})");

    private final State state;
    private final ApiSettings settings;
    private final QueuePlaces queue;

    /** Of the newest deployments: who searches types, so the database is asked once, and again for what may change. */
    private final Map<String, Heard> heard = new ConcurrentHashMap<>();

    ProjectOverview(State state, ApiSettings settings, QueuePlaces queue) {
        this.state = state;
        this.settings = settings;
        this.queue = queue;
    }

    private record Heard(Sayings sayings, long at) {
        private boolean holds() {
            return sayings.settled() || System.nanoTime() - at < TRUSTED.toNanos();
        }
    }

    /** How the newest deployment is, as people filter by it. */
    public enum Standing {
        RUNNING,
        FAILED,
        READY;

        private Set<DeploymentStatus> statuses() {
            return switch (this) {
                case RUNNING ->
                    EnumSet.of(
                            DeploymentStatus.QUEUED,
                            DeploymentStatus.CLONING,
                            DeploymentStatus.UPLOADING,
                            DeploymentStatus.BUILDING,
                            DeploymentStatus.PUBLISHING);
                case FAILED -> EnumSet.of(DeploymentStatus.FAILED);
                case READY -> EnumSet.of(DeploymentStatus.READY);
            };
        }
    }

    /** What production serves, beside the newest deployment. */
    public sealed interface Production {
        /** The newest deployment itself. */
        record Newest() implements Production {}

        /**
         * Another one.
         *
         * @param commit absent where it is not known any more
         * @param since when it was pointed there
         */
        record Other(@Nullable CommitSha commit, Instant since) implements Production {}

        /** Nothing yet. */
        record Nothing() implements Production {}
    }

    /**
     * A project.
     *
     * @param host of its production
     * @param url where that is visited
     * @param deployment its newest; absent where nothing was deployed
     * @param place in the queue, from 1; 0 for one that does not wait
     * @param framework for people; absent while it is not known
     * @param at when the newest deployment was made, or the project
     */
    public record Row(
            String slug,
            String host,
            URI url,
            @Nullable Deployment deployment,
            int place,
            Production production,
            @Nullable String framework,
            Instant at) {}

    /**
     * A part of the list.
     *
     * @param found how many there are that match
     * @param total how many there are
     * @param older the cursor of the page after this one; absent at the end
     */
    public record Page(
            List<Row> rows, int found, int total, @Nullable String older) {}

    /**
     * The projects that match.
     *
     * @param text is part of the name, the host or the newest commit's message, or begins its name; empty for any
     * @param standing absent for any
     * @param after {@link Page#older} of the page before; what is no such cursor means the first
     */
    public Page page(String text, @Nullable Standing standing, @Nullable String after) {
        var all = state.projects().activity();
        var matching = matching(all, text.strip(), standing);
        var rest = after(matching, after);
        var shown = rest.subList(0, Math.min(ROWS, rest.size()));
        var older = rest.size() > ROWS ? cursor(shown.getLast()) : null;
        return new Page(rows(shown), matching.size(), all.size(), older);
    }

    private List<Activity> matching(List<Activity> all, String text, @Nullable Standing standing) {
        var matching = all;
        if (!text.isEmpty()) {
            var lower = text.toLowerCase(Locale.ROOT);
            var mentioning = mentioning(lower, deployments(all));
            var domain = "." + settings.sitesDomain();
            matching = matching.stream()
                    .filter(each -> (each.project().text() + domain).contains(lower)
                            || mentioning.contains(Objects.toString(each.deployment())))
                    .toList();
        }
        if (standing != null) {
            var having = state.deployments().having(standing.statuses(), deployments(matching));
            matching = matching.stream()
                    .filter(each -> having.contains(Objects.toString(each.deployment())))
                    .toList();
        }
        return matching;
    }

    private Set<String> mentioning(String text, List<String> newest) {
        heard.keySet().retainAll(Set.copyOf(newest));
        var at = System.nanoTime();
        var unknown = newest.stream()
                .filter(each -> {
                    var known = heard.get(each);
                    return known == null || !known.holds();
                })
                .toList();
        state.deployments().sayings(unknown).forEach(each -> heard.put(each.id(), new Heard(each, at)));
        return heard.values().stream()
                .map(Heard::sayings)
                .filter(each -> each.mention(text))
                .map(Sayings::id)
                .collect(Collectors.toSet());
    }

    private static List<String> deployments(List<Activity> projects) {
        return projects.stream()
                .map(Activity::deployment)
                .filter(Objects::nonNull)
                .toList();
    }

    private static List<Activity> after(List<Activity> all, @Nullable String cursor) {
        var match = CURSOR.matcher(cursor == null ? "" : cursor);
        if (!match.matches()) {
            return all;
        }
        var at = Instant.ofEpochMilli(Long.parseLong(match.group(1)));
        var slug = match.group(2);
        return all.stream()
                .dropWhile(each -> each.at().isAfter(at)
                        || (each.at().equals(at) && each.project().text().compareTo(slug) <= 0))
                .toList();
    }

    private static String cursor(Activity last) {
        return last.at().toEpochMilli() + "." + last.project();
    }

    private List<Row> rows(List<Activity> shown) {
        var sites = state.sites().all(shown.stream().map(this::host).toList()).stream()
                .collect(Collectors.toMap(Site::host, Function.identity()));
        var ids = new HashSet<>(deployments(shown));
        sites.values().forEach(each -> ids.add(each.deployment()));
        var deployments = new HashMap<String, Deployment>();
        state.deployments().all(ids).forEach(each -> deployments.put(each.id(), each));
        var newest = new HashMap<String, Deployment>();
        for (var each : shown) {
            var found = newest(each, deployments);
            if (found != null) {
                newest.put(each.project().text(), found);
            }
        }
        var waiting = newest.values().stream().anyMatch(QueuePlaces::waits)
                ? queue.byDeployment()
                : Map.<String, QueuePlaces.Waiting>of();
        var rows = new ArrayList<Row>();
        for (var each : shown) {
            var deployment = newest.get(each.project().text());
            var host = host(each);
            var site = sites.get(host);
            var place = deployment == null ? null : waiting.get(deployment.id());
            rows.add(new Row(
                    each.project().text(),
                    host.text(),
                    settings.urlOf(host.text()),
                    deployment,
                    place == null ? 0 : place.place(),
                    production(deployment, site, deployments),
                    framework(deployment, site, deployments),
                    each.at()));
        }
        return List.copyOf(rows);
    }

    /** A crash between a project's record and its deployment's leaves the former with one that never came to be. */
    private @Nullable Deployment newest(Activity project, Map<String, Deployment> deployments) {
        if (project.deployment() == null || deployments.containsKey(project.deployment())) {
            return project.deployment() == null ? null : deployments.get(project.deployment());
        }
        return state.deployments().list(new Filter(project.project(), null, null, null), null, 1).stream()
                .findFirst()
                .orElse(null);
    }

    private static Production production(
            @Nullable Deployment newest, @Nullable Site site, Map<String, Deployment> deployments) {
        if (site == null) {
            return new Production.Nothing();
        }
        if (newest != null && newest.id().equals(site.deployment())) {
            return new Production.Newest();
        }
        var live = deployments.get(site.deployment());
        var commit = live == null ? null : live.commit();
        return new Production.Other(commit == null ? null : commit.sha(), site.pointedAt());
    }

    /** As it was built last, or is live. */
    private static @Nullable String framework(
            @Nullable Deployment newest, @Nullable Site site, Map<String, Deployment> deployments) {
        if (newest != null && newest.framework() != null) {
            return label(newest.framework());
        }
        var live = site == null ? null : deployments.get(site.deployment());
        return live == null ? null : label(live.framework());
    }

    private static @Nullable String label(@Nullable String id) {
        return id == null ? null : Framework.of(id).map(Framework::label).orElse(id);
    }

    private Host host(Activity project) {
        return Host.ofProduction(project.project(), settings.sitesDomain());
    }
}
