package codehaven.ui;

import codehaven.api.overview.ProjectOverview;
import codehaven.api.overview.ProjectOverview.Standing;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** The list of projects. */
@Controller
final class ProjectPages {

    /** More than anybody searches for. */
    private static final int LONGEST = 200;

    private final ProjectOverview overview;
    private final Words words;

    ProjectPages(ProjectOverview overview, Words words) {
        this.overview = overview;
        this.words = words;
    }

    @GetMapping("/")
    String projects(
            HttpServletRequest request,
            Model model,
            @RequestParam(defaultValue = "") String q,
            @RequestParam(defaultValue = "") String state,
            @RequestParam(required = false) @Nullable String after) {
        var text = q.length() > LONGEST ? q.substring(0, LONGEST) : q;
        var standing = standing(state);
        model.addAttribute("q", text);
        model.addAttribute("state", standing == null ? "" : standing.name().toLowerCase(Locale.ROOT));
        model.addAttribute("after", after);
        var page = overview.page(text, standing, after);
        model.addAttribute("list", page);
        model.addAttribute(
                "rows",
                page.rows().stream().map(each -> ProjectRow.of(each, words)).toList());
        model.addAttribute("here", request.getServerName() + ":" + request.getServerPort());
        return "projects/list";
    }

    private static @Nullable Standing standing(String text) {
        return Arrays.stream(Standing.values())
                .filter(each -> each.name().equalsIgnoreCase(text))
                .findFirst()
                .orElse(null);
    }
}
