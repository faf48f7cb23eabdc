package codehaven.ui;

import codehaven.api.deployments.DeploymentLists;
import codehaven.api.deployments.DeploymentLists.Wanted;
import codehaven.api.deployments.DeploymentView;
import codehaven.api.problems.Problem;
import codehaven.api.projects.ProjectSettings;
import codehaven.api.sites.Production;
import codehaven.model.Framework;
import codehaven.model.Project;
import codehaven.model.Site;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import tools.jackson.databind.json.JsonMapper;

/** What is set of a project, and its end. */
@Controller
@RequestMapping("/projects/{slug}")
final class SettingsPages {

    /** So far back the last detection is looked for. */
    private static final int LOOKED_AT = 10;

    private final ProjectSettings projects;
    private final ProjectHeads heads;
    private final Production production;
    private final DeploymentLists lists;
    private final JsonMapper json;

    SettingsPages(
            ProjectSettings projects,
            ProjectHeads heads,
            Production production,
            DeploymentLists lists,
            JsonMapper json) {
        this.projects = projects;
        this.heads = heads;
        this.production = production;
        this.lists = lists;
        this.json = json;
    }

    @GetMapping("/settings")
    String settings(Model model, @PathVariable String slug, @RequestParam(defaultValue = "") String saved) {
        model.addAttribute("saved", saved);
        return page(model, projects.find(slug), Map.of(), Refusal.NONE);
    }

    @PostMapping("/settings")
    String save(
            Model model,
            HttpServletResponse response,
            @PathVariable String slug,
            @RequestParam Map<String, String> typed) {
        var project = projects.find(slug);
        try {
            var section = SettingsSection.of(typed.getOrDefault("section", ""));
            projects.change(slug, section.body(typed, json));
            return "redirect:/projects/" + project.slug() + "/settings?saved=" + section.id() + "#" + section.id();
        } catch (Problem refused) {
            response.setStatus(refused.status());
            return page(model, project, typed, Refusal.of(refused));
        }
    }

    @PostMapping("/delete")
    String delete(
            Model model,
            HttpServletResponse response,
            @PathVariable String slug,
            @RequestParam(defaultValue = "") String name) {
        var project = projects.find(slug);
        try {
            if (!name.strip().equals(slug)) {
                throw Problem.invalid("name", "Not deleted: this is not the project’s name, " + slug + ".");
            }
            projects.delete(slug);
            return "redirect:/?deleted=" + project.slug();
        } catch (Problem refused) {
            response.setStatus(refused.status());
            return page(model, project, Map.of("name", name), Refusal.of(refused));
        }
    }

    private String page(Model model, Project project, Map<String, String> typed, Refusal refusal) {
        var values = SettingsSection.values(project);
        values.putAll(typed);
        // A box that is not ticked is not sent.
        Optional.ofNullable(typed.get("section"))
                .map(SettingsSection::of)
                .ifPresent(section -> section.boxes().forEach(box -> values.put(box, typed.getOrDefault(box, ""))));
        var framework = framework(project, values);
        model.addAttribute("head", heads.of(project));
        model.addAttribute("value", values);
        model.addAttribute("frameworks", Framework.values());
        model.addAttribute("framework", framework);
        model.addAttribute("detected", ProjectHeads.label(detected(project)));
        model.addAttribute(
                "live", production.now(project.slug()).map(Site::deployment).orElse(null));
        model.addAttribute("refusal", refusal);
        return "projects/settings";
    }

    /** The framework that is set, or was detected last. */
    private @Nullable Framework framework(Project project, Map<String, String> values) {
        return Optional.of(values.getOrDefault("framework", ""))
                .flatMap(Framework::of)
                .or(() -> Optional.ofNullable(detected(project)).flatMap(Framework::of))
                .orElse(null);
    }

    private @Nullable String detected(Project project) {
        return lists.page(Wanted.of(project.slug()), LOOKED_AT, null).items().stream()
                .map(DeploymentView::framework)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }
}
