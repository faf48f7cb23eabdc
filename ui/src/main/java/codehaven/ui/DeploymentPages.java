package codehaven.ui;

import codehaven.api.deployments.Actions;
import codehaven.api.deployments.DeploymentViews;
import codehaven.api.problems.Problem;
import codehaven.api.sites.Production;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.servlet.ModelAndView;
import org.springframework.web.servlet.view.RedirectView;

/** A deployment: its state, its time, its log, its files, and what can be done with it. */
@Controller
final class DeploymentPages {

    private final DeploymentViews views;
    private final DeploymentPageMaker maker;
    private final FilesPageMaker files;
    private final LogViews logs;
    private final Actions actions;
    private final Production production;

    DeploymentPages(
            DeploymentViews views,
            DeploymentPageMaker maker,
            FilesPageMaker files,
            LogViews logs,
            Actions actions,
            Production production) {
        this.views = views;
        this.maker = maker;
        this.files = files;
        this.logs = logs;
        this.actions = actions;
        this.production = production;
    }

    @GetMapping("/deployments/{id}")
    ModelAndView deployment(HttpServletRequest request, @PathVariable String id) {
        return page(request, id, null);
    }

    @GetMapping("/deployments/{id}/files")
    ModelAndView files(
            @PathVariable String id,
            @RequestParam(defaultValue = "") String q,
            @RequestParam(defaultValue = "all") String show,
            @RequestParam(defaultValue = "path") String sort,
            @RequestParam(defaultValue = "1") String from) {
        return new ModelAndView("deployments/files", "page", files.make(views.find(id), q, show, sort, from));
    }

    /** Whoever reloads after a refusal is to see the deployment. */
    @GetMapping("/deployments/{id}/{action:cancel|retry|redeploy|promote}")
    ModelAndView back(@PathVariable String id) {
        return to(id);
    }

    @PostMapping("/deployments/{id}/cancel")
    ModelAndView cancel(HttpServletRequest request, HttpServletResponse response, @PathVariable String id) {
        return done(request, response, id, () -> actions.cancel(views.find(id)).id());
    }

    @PostMapping("/deployments/{id}/retry")
    ModelAndView retry(HttpServletRequest request, HttpServletResponse response, @PathVariable String id) {
        return done(request, response, id, () -> actions.retry(views.find(id)).id());
    }

    @PostMapping("/deployments/{id}/redeploy")
    ModelAndView redeploy(HttpServletRequest request, HttpServletResponse response, @PathVariable String id) {
        return done(
                request, response, id, () -> actions.redeploy(views.find(id)).id());
    }

    @PostMapping("/deployments/{id}/promote")
    ModelAndView promote(HttpServletRequest request, HttpServletResponse response, @PathVariable String id) {
        return done(request, response, id, () -> production.promote(id).id());
    }

    /** Gives the id of the deployment that shows what came of it. */
    @FunctionalInterface
    private interface Action {
        String perform();
    }

    /** A refusal is told on the page that the button was on. */
    private ModelAndView done(HttpServletRequest request, HttpServletResponse response, String id, Action action) {
        try {
            return to(action.perform());
        } catch (Problem refused) {
            if (refused.status() == HttpStatus.NOT_FOUND.value()) {
                throw refused;
            }
            response.setStatus(refused.status());
            return page(request, id, refused);
        }
    }

    private ModelAndView page(HttpServletRequest request, String id, @Nullable Problem refused) {
        var page = new ModelAndView("deployments/page");
        // In this order: what happens in between is told by the stream, from the end of the log on.
        page.addObject("log", isWithoutLog(request) ? null : logs.of(id, request));
        page.addObject("page", maker.make(views.find(id), request));
        page.addObject("refused", refused == null ? null : refused.body().detail());
        return page;
    }

    /** The log of a page that is there goes on by itself; only the rest is fetched anew. */
    private static boolean isWithoutLog(HttpServletRequest request) {
        return "summary".equals(request.getHeader("HX-Target"));
    }

    private static ModelAndView to(String id) {
        var seeOther = new RedirectView("/deployments/" + id, false, false);
        seeOther.setExposeModelAttributes(false);
        return new ModelAndView(seeOther);
    }
}
