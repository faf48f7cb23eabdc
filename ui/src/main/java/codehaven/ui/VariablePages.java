package codehaven.ui;

import codehaven.api.deployments.DeploymentView;
import codehaven.api.deployments.DeploymentViews;
import codehaven.api.problems.Problem;
import codehaven.api.projects.ProjectSettings;
import codehaven.api.projects.ProjectVariables;
import codehaven.api.projects.ProjectVariables.Known;
import codehaven.api.sites.Production;
import codehaven.model.Environment;
import codehaven.model.Project;
import codehaven.model.Step;
import codehaven.model.StepRun;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The environment variables of a project. */
@Controller
@RequestMapping("/projects/{slug}/env")
final class VariablePages {

    private static final int SHOWN_OF_WRONG = 300;
    private static final int SHOWN_OF_VALUE = 300;
    private static final int SHOWN_IN_TITLE = 2_000;

    private final ProjectSettings projects;
    private final ProjectVariables variables;
    private final ProjectHeads heads;
    private final Production production;
    private final DeploymentViews views;
    private final JsonMapper json;

    VariablePages(
            ProjectSettings projects,
            ProjectVariables variables,
            ProjectHeads heads,
            Production production,
            DeploymentViews views,
            JsonMapper json) {
        this.projects = projects;
        this.variables = variables;
        this.heads = heads;
        this.production = production;
        this.views = views;
        this.json = json;
    }

    /**
     * A variable in the table.
     *
     * @param pending {@code new} or {@code changed} while production shows something older; otherwise absent
     */
    record Row(Known variable, @Nullable String pending) {

        public String environments() {
            return variable.environments().stream().map(Environment::text).collect(Collectors.joining(", "));
        }

        /** What stands in the table, in one line. */
        public String shown() {
            return shortened(Objects.requireNonNullElse(variable.value(), ""), SHOWN_OF_VALUE)
                    .replace("\n", "↵ ");
        }

        /** All that may be seen, within reason. */
        public @Nullable String title() {
            return variable.value() == null ? null : shortened(variable.value(), SHOWN_IN_TITLE);
        }
    }

    /** What is in a form. */
    record Typed(String key, String value, List<String> environments, boolean sensitive) {

        static final Typed NEW = new Typed(
                "",
                "",
                Arrays.stream(Environment.values()).map(Environment::text).toList(),
                false);

        static Typed of(Known variable) {
            return new Typed(
                    variable.key(),
                    Objects.requireNonNullElse(variable.value(), ""),
                    variable.environments().stream().map(Environment::text).toList(),
                    variable.sensitive());
        }
    }

    @GetMapping
    String variables(
            Model model,
            @PathVariable String slug,
            @RequestParam(defaultValue = "") String edit,
            @RequestParam(defaultValue = "") String done,
            @RequestParam(defaultValue = "") String removed) {
        var project = projects.find(slug);
        var known = variables.list(project.slug());
        var edited = known.stream()
                .filter(each -> each.key().equals(edit))
                .map(Typed::of)
                .findFirst()
                .orElse(null);
        model.addAttribute("done", done);
        model.addAttribute("removed", removed);
        return page(model, project, known, Typed.NEW, edited, Refusal.NONE);
    }

    @PostMapping
    String add(
            Model model,
            HttpServletResponse response,
            @PathVariable String slug,
            @RequestParam(defaultValue = "") String key,
            @RequestParam(defaultValue = "") String value,
            @RequestParam(defaultValue = "") List<String> environments,
            @RequestParam(defaultValue = "false") boolean sensitive) {
        var project = projects.find(slug);
        var typed = new Typed(key.strip(), lines(value), environments, sensitive);
        try {
            var given = given(typed);
            given.forEach((name, text) -> variables.check(project.slug(), name, body(typed, text)));
            given.forEach((name, text) -> variables.put(project.slug(), name, body(typed, text)));
            return "redirect:/projects/" + project.slug() + "/env?done=" + given.size();
        } catch (Problem refused) {
            response.setStatus(refused.status());
            return page(model, project, variables.list(project.slug()), typed, null, Refusal.of(refused));
        }
    }

    @PostMapping("/{key}")
    String change(
            Model model,
            HttpServletResponse response,
            @PathVariable String slug,
            @PathVariable String key,
            @RequestParam(defaultValue = "") String value,
            @RequestParam(defaultValue = "") List<String> environments,
            @RequestParam(defaultValue = "false") boolean sensitive) {
        var project = projects.find(slug);
        var known = variables.list(project.slug());
        var was = known.stream().anyMatch(each -> each.key().equals(key) && each.sensitive());
        var typed = new Typed(key, lines(value), environments, sensitive || was);
        try {
            variables.put(project.slug(), key, body(typed, typed.value()));
            return "redirect:/projects/" + project.slug() + "/env?done=1";
        } catch (Problem refused) {
            response.setStatus(refused.status());
            return page(model, project, known, Typed.NEW, typed, Refusal.of(refused));
        }
    }

    @PostMapping("/{key}/remove")
    String remove(@PathVariable String slug, @PathVariable String key) {
        var project = projects.find(slug);
        var there = variables.delete(project.slug(), key);
        return "redirect:/projects/" + project.slug() + "/env" + (there ? "?removed=" + key : "");
    }

    /** One by its name, or all of a file. */
    private static Map<String, String> given(Typed typed) {
        if (!typed.key().isEmpty()) {
            return Map.of(typed.key(), typed.value());
        }
        var parsed = DotEnv.parse(typed.value());
        if (!parsed.wrong().isEmpty()) {
            throw Problem.invalid("value", shortened(String.join(" ", parsed.wrong()), SHOWN_OF_WRONG));
        }
        if (parsed.variables().isEmpty()) {
            throw Problem.invalid("key", "Give a name, or paste lines like NAME=value into the value.");
        }
        return parsed.variables();
    }

    private static String shortened(String text, int most) {
        return text.length() > most ? text.substring(0, most) + "…" : text;
    }

    private ObjectNode body(Typed typed, String value) {
        var body = json.createObjectNode().put("value", value);
        if (typed.sensitive()) {
            body.put("sensitive", true);
        }
        var where = body.putArray("environments");
        typed.environments().forEach(where::add);
        return body;
    }

    /** Browsers send line ends as forms have them. */
    private static String lines(String text) {
        return text.replace("\r\n", "\n");
    }

    private String page(
            Model model, Project project, List<Known> known, Typed typed, @Nullable Typed edited, Refusal refusal) {
        var live = production
                .now(project.slug())
                .map(site -> views.view(views.find(site.deployment())))
                .orElse(null);
        var rows =
                known.stream().map(each -> new Row(each, pending(each, live))).toList();
        model.addAttribute("head", heads.of(project));
        model.addAttribute("rows", rows);
        model.addAttribute("sensitive", known.stream().filter(Known::sensitive).count());
        model.addAttribute(
                "pending", rows.stream().filter(each -> each.pending() != null).count());
        model.addAttribute("live", live == null ? null : live.id());
        model.addAttribute("typed", typed);
        model.addAttribute("edited", edited);
        model.addAttribute("environments", Environment.values());
        model.addAttribute("refusal", refusal);
        return "projects/env";
    }

    private static @Nullable String pending(Known variable, @Nullable DeploymentView live) {
        if (live == null || !variable.environments().contains(Environment.PRODUCTION)) {
            return null;
        }
        var built = built(live);
        if (variable.createdAt().isAfter(built)) {
            return "new";
        }
        return variable.updatedAt().isAfter(built) ? "changed" : null;
    }

    /** When it took the variables: as its build began. */
    private static Instant built(DeploymentView live) {
        return live.steps().stream()
                .filter(each -> each.step() == Step.BUILDING)
                .map(StepRun::startedAt)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(live.createdAt());
    }
}
