package codehaven.ui;

import codehaven.api.ApiSettings;
import codehaven.api.deployments.NewDeployments;
import codehaven.api.inspections.Inspections;
import codehaven.api.inspections.Inspections.Order;
import codehaven.api.inspections.Inspections.Seen;
import codehaven.api.problems.Problem;
import codehaven.api.problems.Problem.FieldError;
import codehaven.api.projects.NewProjects;
import codehaven.api.projects.ProjectVariables;
import codehaven.api.projects.Repositories;
import codehaven.api.requests.Once;
import codehaven.model.Host;
import codehaven.model.Inspection.Candidate;
import codehaven.model.Project;
import codehaven.model.Slug;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.servlet.ModelAndView;
import org.springframework.web.servlet.view.RedirectView;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** From the address of a repository to its first deployment. */
@Controller
final class NewProjectPages {

    /** What can be set of a project in this form, by the names that REST knows. */
    private static final List<String> SETTINGS =
            List.of("rootDirectory", "framework", "installCommand", "buildCommand", "outputDirectory", "nodeVersion");

    /** As they stand in the form: the first that is wrong gets the focus. */
    private static final List<String> ORDER = List.of(
            "repository",
            "name",
            "productionBranch",
            "rootDirectory",
            "installCommand",
            "buildCommand",
            "outputDirectory",
            "nodeVersion",
            "framework",
            "env");

    private static final List<String> FIELDS = List.of("repository", "name", "productionBranch", "env", "ref");

    /** Deploy buttons of other platforms call the same fields so. */
    private static final Map<String, String> IN_LINKS = Map.of(
            "repository-url", "repository",
            "project-name", "name",
            "root-directory", "rootDirectory",
            "install-command", "installCommand",
            "build-command", "buildCommand",
            "output-directory", "outputDirectory",
            "branch", "ref");

    private static final Set<String> FRESH = Set.of("repository");
    private static final String NO_LOOK = "none";

    private final Inspections inspections;
    private final Repositories repositories;
    private final NewProjects projects;
    private final ProjectVariables variables;
    private final NewDeployments deployments;
    private final Once once;
    private final ApiSettings settings;

    NewProjectPages(
            Inspections inspections,
            Repositories repositories,
            NewProjects projects,
            ProjectVariables variables,
            NewDeployments deployments,
            Once once,
            ApiSettings settings) {
        this.inspections = inspections;
        this.repositories = repositories;
        this.projects = projects;
        this.variables = variables;
        this.deployments = deployments;
        this.once = once;
        this.settings = settings;
    }

    /** Also what a deploy button leads to. */
    @GetMapping("/new")
    ModelAndView form(HttpServletRequest request) {
        var typed = typed(request);
        IN_LINKS.forEach((link, field) -> {
            var given = request.getParameter(link);
            if (given != null && !given.isBlank()) {
                typed.putIfAbsent(field, given.strip());
            }
        });
        var wanted = request.getParameter("env");
        if (wanted != null && !wanted.contains("=")) {
            // A deploy button names the variables; their values are for whoever presses it.
            typed.put("env", wanted.isBlank() ? "" : wanted.strip().replaceAll("[\\s,]+", "=\n") + "=");
        }
        return shown(typed, true, Refusal.NONE);
    }

    /** Makes the project; or, with {@code look}, shows the form again with what there is to see. */
    @PostMapping("/projects")
    ModelAndView create(HttpServletRequest request, HttpServletResponse response) {
        var typed = typed(request);
        var look = request.getParameter("look");
        var isOfAnother = isOfAnother(typed, request.getParameter("seen"));
        if (isOfAnother) {
            typed.remove("rootDirectory");
            look = look == null ? "repository" : look;
        }
        if (look != null) {
            if (request.getHeader("HX-Request") != null && look.equals("repository")) {
                response.setHeader("HX-Push-Url", address(typed));
            }
            return shown(typed, FRESH.contains(look), Refusal.NONE);
        }
        try {
            return made(request, typed);
        } catch (Problem refused) {
            if (refused.status() >= 500) {
                throw refused;
            }
            // A name is all that can be taken.
            var refusal = refused.status() == 409
                    ? Refusal.of(Problem.invalid(
                            "name", Objects.toString(refused.body().detail())))
                    : Refusal.of(refused);
            return shown(typed, false, refusal);
        }
    }

    private ModelAndView made(HttpServletRequest request, Map<String, String> typed) {
        var read = DotEnv.parse(typed.getOrDefault("env", ""));
        var wanted = checked(typed, read);
        var name = projects.nameOf(wanted);
        var deploys = !"no".equals(request.getParameter("deploy"));
        var result = name + "/" + NewDeployments.newId();
        return once.make(request, request.getParameter("once"), result, (first, repeated) -> {
            var slash = first.indexOf('/');
            var project = projects.create(wanted, new Slug(first.substring(0, slash)), repeated);
            read.variables().forEach((key, value) -> variables.put(project.slug(), key, variable(key, value)));
            if (!deploys) {
                return seeOther("/projects/" + project.slug());
            }
            var id = first.substring(slash + 1);
            deployments.make(deployments.read(order(project)), id, repeated);
            return seeOther("/deployments/" + id);
        });
    }

    /**
     * @throws Problem 422 with all that is wrong, in the order of the form
     */
    private NewProjects.Wanted checked(Map<String, String> typed, DotEnv.Parsed read) {
        var errors = new ArrayList<FieldError>();
        NewProjects.Wanted wanted = null;
        try {
            wanted = projects.read(settings(typed));
        } catch (Problem wrong) {
            errors.addAll(wrong.body().errors());
        }
        var slug = wanted == null ? new Slug("new") : wanted.project().slug();
        var lines = new ArrayList<>(read.wrong());
        read.variables().forEach((key, value) -> {
            try {
                variables.check(slug, key, variable(key, value));
            } catch (Problem wrong) {
                wrong.body().errors().forEach(each -> lines.add(each.message()));
            }
        });
        if (!lines.isEmpty()) {
            errors.add(new FieldError("env", String.join(" ", lines)));
        }
        if (wanted == null || !errors.isEmpty()) {
            errors.sort(Comparator.comparingInt(each -> ORDER.indexOf(each.field())));
            throw Problem.invalid(errors);
        }
        return wanted;
    }

    private static ObjectNode settings(Map<String, String> typed) {
        var body = JsonNodeFactory.instance.objectNode();
        body.put("repository", typed.getOrDefault("repository", ""));
        for (var each : List.of("name", "productionBranch")) {
            given(typed, each, body);
        }
        SETTINGS.forEach(each -> given(typed, each, body));
        return body;
    }

    private static void given(Map<String, String> typed, String field, ObjectNode body) {
        var text = typed.getOrDefault(field, "");
        if (!text.isBlank()) {
            body.put(field, text);
        }
    }

    private static ObjectNode variable(String key, String value) {
        return JsonNodeFactory.instance.objectNode().put("value", value).put("sensitive", DotEnv.isSecret(key, value));
    }

    private static ObjectNode order(Project project) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("project", project.slug().text());
    }

    private ModelAndView shown(Map<String, String> typed, boolean fresh, Refusal refusal) {
        var repository = typed.getOrDefault("repository", "");
        Seen seen = null;
        var told = refusal;
        var open = false;
        if (!repository.isBlank()) {
            try {
                seen = seen(typed, fresh);
                typed.put("repository", seen.order().repository());
                open = true;
            } catch (Problem unseen) {
                // Where nobody could look, it can be deployed all the same.
                open = unseen.status() >= 500;
                told = refusal.equals(Refusal.NONE) ? Refusal.of(atRepository(unseen)) : refusal;
            }
        }
        var page = page(typed, open, seen, told);
        var view = new ModelAndView("projects/new", Map.of("form", page));
        if (!refusal.equals(Refusal.NONE)) {
            view.setStatus(HttpStatus.UNPROCESSABLE_CONTENT);
        }
        return view;
    }

    private Seen seen(Map<String, String> typed, boolean fresh) {
        var body = JsonNodeFactory.instance.objectNode();
        body.put("repository", typed.getOrDefault("repository", ""));
        given(typed, "ref", body);
        var order = inspections.read(body);
        var root = typed.getOrDefault("rootDirectory", "");
        var seen = fresh && root.isBlank() ? inspections.look(order) : inspections.lately(order);
        if (root.isBlank() || candidate(seen, root) != null) {
            return seen;
        }
        return inspections.lately(new Order(order.repository(), order.ref(), root));
    }

    private NewProjectPage page(Map<String, String> typed, boolean open, @Nullable Seen seen, Refusal refusal) {
        var repository = typed.getOrDefault("repository", "");
        var chosen = seen == null ? null : chosen(seen, typed.getOrDefault("rootDirectory", ""));
        if (chosen != null) {
            typed.put("rootDirectory", chosen.directory());
        }
        var suggested = open ? suggested(repository, chosen) : "";
        var name = typed.getOrDefault("name", "");
        if (name.isBlank() || name.equals(typed.get("suggested"))) {
            typed.put("name", suggested);
        }
        if (seen != null) {
            var branch = seen.inspection().branch();
            if (typed.getOrDefault("productionBranch", "").equals(typed.getOrDefault("defaultBranch", ""))) {
                typed.put("productionBranch", branch == null ? "" : branch);
            }
            var usual = seen.inspection().defaultBranch();
            typed.put("defaultBranch", usual == null ? "" : usual);
        }
        var read = DotEnv.parse(typed.getOrDefault("env", ""));
        return new NewProjectPage(
                typed,
                open,
                seen,
                chosen,
                suggested,
                host(typed.getOrDefault("name", "")),
                open
                        ? projects.existing(repository).stream()
                                .map(each -> each.slug().text())
                                .toList()
                        : List.of(),
                read.variables().size(),
                read.secrets(),
                UUID.randomUUID().toString(),
                refusal);
    }

    /** A folder's own name says most, unless all repositories have one of that name. */
    private String suggested(String repository, @Nullable Candidate chosen) {
        var root = chosen == null ? "" : chosen.directory();
        var folder = root.substring(root.lastIndexOf('/') + 1);
        var usual = Set.of("web", "app", "site", "www", "docs", "website", "frontend", "client", "ui", "public", "src");
        if (folder.isEmpty()) {
            return projects.free(repository).text();
        }
        return projects.free(usual.contains(folder) ? Repositories.nameOf(repository) + "-" + folder : folder)
                .text();
    }

    private String host(String name) {
        try {
            var host = Host.ofProduction(new Slug(name), settings.sitesDomain());
            return settings.urlOf(host.text()).getAuthority();
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    private static @Nullable Candidate chosen(Seen seen, String root) {
        var found = candidate(seen, root);
        if (found != null || !root.isEmpty()) {
            return found;
        }
        var usual = seen.inspection().root();
        var candidates = seen.inspection().candidates();
        var detected = usual == null ? null : candidate(seen, usual);
        return detected == null && !candidates.isEmpty() ? candidates.getFirst() : detected;
    }

    private static @Nullable Candidate candidate(Seen seen, String root) {
        var directory = root.strip().replaceAll("^(?:\\./+)+|/+$", "");
        return seen.inspection().candidates().stream()
                .filter(each -> each.directory().equals(directory))
                .findFirst()
                .orElse(null);
    }

    private static Problem atRepository(Problem unseen) {
        var detail = Objects.toString(unseen.body().detail());
        return unseen.body().errors().stream().anyMatch(each -> each.field().equals("repository"))
                ? unseen
                : Problem.invalid("repository", detail);
    }

    /** Whether the address was changed after it was looked at: nothing that stands below is of it then. */
    private boolean isOfAnother(Map<String, String> typed, @Nullable String seen) {
        if (seen == null || seen.equals(NO_LOOK)) {
            return false;
        }
        var repository = typed.getOrDefault("repository", "");
        try {
            return !repositories.normalised(repository).equals(seen);
        } catch (IllegalArgumentException wrong) {
            return false;
        }
    }

    private static String address(Map<String, String> typed) {
        var query = List.of("repository", "ref").stream()
                .filter(each -> !typed.getOrDefault(each, "").isBlank())
                .map(each -> each + "=" + URLEncoder.encode(typed.getOrDefault(each, ""), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        return query.isEmpty() ? "/new" : "/new?" + query;
    }

    private static Map<String, String> typed(HttpServletRequest request) {
        var typed = new HashMap<String, String>();
        for (var fields : List.of(FIELDS, SETTINGS, List.of("suggested", "defaultBranch"))) {
            for (var each : fields) {
                var given = request.getParameter(each);
                if (given != null) {
                    typed.put(each, each.equals("env") ? given : given.strip());
                }
            }
        }
        return typed;
    }

    private static ModelAndView seeOther(String path) {
        var view = new RedirectView(path);
        view.setStatusCode(HttpStatus.SEE_OTHER);
        return new ModelAndView(view);
    }
}
