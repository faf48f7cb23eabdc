package codehaven.ui;

import codehaven.api.deployments.DeploymentLists;
import codehaven.api.deployments.DeploymentLists.Wanted;
import codehaven.api.deployments.DeploymentView;
import codehaven.api.deployments.DeploymentViews;
import codehaven.api.deployments.NewDeployments;
import codehaven.api.deployments.QueuePlaces;
import codehaven.api.deployments.QueuePlaces.Waiting;
import codehaven.api.problems.Problem;
import codehaven.api.projects.ProjectSettings;
import codehaven.api.requests.Page;
import codehaven.api.sites.Production;
import codehaven.api.sites.ProjectHosts;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.Project;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import tools.jackson.databind.json.JsonMapper;

/** A project: what production shows, how builds went, its deployments and its hosts. */
@Controller
@RequestMapping("/projects/{slug}")
final class OneProjectPages {

    private static final int ROWS = 20;

    /** Many enough for the plot, and for most branches to be among them. */
    private static final int LOOKED_AT = 60;

    private static final int CANDIDATES = 12;

    private final ProjectSettings projects;
    private final ProjectHeads heads;
    private final Production production;
    private final ProjectHosts hosts;
    private final DeploymentLists lists;
    private final DeploymentViews views;
    private final NewDeployments newDeployments;
    private final QueuePlaces places;
    private final JsonMapper json;

    OneProjectPages(
            ProjectSettings projects,
            ProjectHeads heads,
            Production production,
            ProjectHosts hosts,
            DeploymentLists lists,
            DeploymentViews views,
            NewDeployments newDeployments,
            QueuePlaces places,
            JsonMapper json) {
        this.projects = projects;
        this.heads = heads;
        this.production = production;
        this.hosts = hosts;
        this.lists = lists;
        this.views = views;
        this.newDeployments = newDeployments;
        this.places = places;
        this.json = json;
    }

    /** Which deployments the visitor wants to see. */
    record Filters(
            String q,
            String status,
            String branch,
            String environment,
            @Nullable String after) {

        static final Filters NONE = new Filters("", "", "", "", null);

        public boolean any() {
            return !(q.isEmpty() && status.isEmpty() && branch.isEmpty() && environment.isEmpty());
        }

        /** Whether this is the first page of all. */
        boolean plain() {
            return !any() && after == null;
        }

        Wanted of(Project project) {
            return new Wanted(project.slug().text(), given(branch), given(status), given(environment), given(q));
        }

        private static @Nullable String given(String text) {
            return text.isEmpty() ? null : text;
        }
    }

    /** What somebody typed to deploy something else than the production branch. */
    record Typed(String ref, String environment) {
        static final Typed NOTHING = new Typed("", "");
    }

    @GetMapping
    String project(
            Model model,
            @PathVariable String slug,
            @RequestParam(defaultValue = "") String q,
            @RequestParam(defaultValue = "") String status,
            @RequestParam(defaultValue = "") String branch,
            @RequestParam(defaultValue = "") String environment,
            @RequestParam(required = false) @Nullable String after,
            @RequestParam(defaultValue = "") String done) {
        model.addAttribute("done", done);
        return page(
                model,
                projects.find(slug),
                new Filters(q.strip(), status, branch, environment, after),
                Typed.NOTHING,
                Refusal.NONE);
    }

    @PostMapping("/deploy")
    String deploy(
            Model model,
            HttpServletResponse response,
            @PathVariable String slug,
            @RequestParam(defaultValue = "") String ref,
            @RequestParam(defaultValue = "") String environment) {
        var project = projects.find(slug);
        var body = json.createObjectNode().put("project", slug);
        if (!ref.isBlank()) {
            body.put("ref", ref.strip());
        }
        if (!environment.isEmpty()) {
            body.put("environment", environment);
        }
        try {
            var made = newDeployments.make(newDeployments.read(body), NewDeployments.newId(), false);
            return "redirect:/deployments/" + made.id();
        } catch (Problem refused) {
            return refused(model, response, project, new Typed(ref, environment), refused);
        }
    }

    @PostMapping("/rollback")
    String rollback(
            Model model,
            HttpServletResponse response,
            @PathVariable String slug,
            @RequestParam(required = false) @Nullable String deployment) {
        var project = projects.find(slug);
        try {
            production.rollback(slug, deployment);
            return "redirect:/projects/" + project.slug() + "?done=rollback";
        } catch (Problem refused) {
            return refused(model, response, project, Typed.NOTHING, refused);
        }
    }

    @GetMapping("/domains")
    String domains(Model model, @PathVariable String slug) {
        var project = projects.find(slug);
        model.addAttribute("head", heads.of(project));
        model.addAttribute("hosts", hosts.of(project.slug()));
        return "projects/domains";
    }

    private String refused(Model model, HttpServletResponse response, Project project, Typed typed, Problem refused) {
        response.setStatus(refused.status());
        return page(model, project, Filters.NONE, typed, Refusal.of(refused));
    }

    private String page(Model model, Project project, Filters filters, Typed typed, Refusal refusal) {
        var now = Instant.now();
        var all = lists.page(Wanted.of(project.slug()), LOOKED_AT, null);
        var shown = filters.plain() ? first(all) : lists.page(filters.of(project), ROWS, filters.after());
        var live = production.now(project.slug());
        var head = heads.of(project);
        model.addAttribute("head", head);
        model.addAttribute("framework", head.framework() == null ? detected(all.items()) : head.framework());
        model.addAttribute("since", live.map(each -> each.pointedAt()).orElse(null));
        var shows = live.map(each -> views.view(views.find(each.deployment())));
        model.addAttribute("live", shows.orElse(null));
        model.addAttribute(
                "app", shows.map(DeploymentView::app).map(AppSaid::of).orElse(null));
        model.addAttribute("plot", BuildPlot.of(all.items(), now));
        model.addAttribute("candidates", production.candidates(project.slug().text(), CANDIDATES));
        model.addAttribute("rows", DeploymentRow.of(shown.items(), waiting(shown.items()), now));
        model.addAttribute("next", shown.next());
        model.addAttribute("none", all.items().isEmpty());
        model.addAttribute("filters", filters);
        model.addAttribute("branches", branches(project, all.items(), filters));
        model.addAttribute("statuses", DeploymentStatus.values());
        model.addAttribute("environments", Environment.values());
        model.addAttribute("typed", typed);
        model.addAttribute("refusal", refusal);
        return "projects/page";
    }

    private static @Nullable String detected(List<DeploymentView> deployments) {
        return deployments.stream()
                .map(DeploymentView::framework)
                .filter(Objects::nonNull)
                .findFirst()
                .map(ProjectHeads::label)
                .orElse(null);
    }

    private static Page<DeploymentView> first(Page<DeploymentView> all) {
        return Page.of(all.items(), ROWS, DeploymentView::id, each -> each);
    }

    private Map<String, Waiting> waiting(List<DeploymentView> shown) {
        var any = shown.stream()
                .anyMatch(
                        each -> each.status() == DeploymentStatus.QUEUED || each.status() == DeploymentStatus.BUILDING);
        return any ? places.byDeployment() : Map.of();
    }

    /** Those met lately, the production branch first. */
    private static List<String> branches(Project project, List<DeploymentView> deployments, Filters filters) {
        var others = new TreeSet<String>();
        deployments.stream()
                .map(DeploymentView::branch)
                .filter(Objects::nonNull)
                .forEach(others::add);
        if (!filters.branch().isEmpty()) {
            others.add(filters.branch());
        }
        var main = project.productionBranch();
        if (main == null) {
            return List.copyOf(others);
        }
        others.remove(main);
        return Stream.concat(Stream.of(main), others.stream()).toList();
    }
}
