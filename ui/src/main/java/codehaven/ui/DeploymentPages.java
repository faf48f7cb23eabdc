package codehaven.ui;

import codehaven.api.apps.AppActions;
import codehaven.api.apps.AppActions.Action;
import codehaven.api.deployments.Actions;
import codehaven.api.deployments.DeploymentViews;
import codehaven.api.problems.Problem;
import codehaven.api.sites.Production;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Locale;
import java.util.regex.Pattern;
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

    private static final int MOST_REPLICAS = 50;
    private static final Pattern REPLICAS = Pattern.compile("[1-9]\\d?");

    private final DeploymentViews views;
    private final DeploymentPageMaker maker;
    private final FilesPageMaker files;
    private final LogViews logs;
    private final Actions actions;
    private final AppActions apps;
    private final Production production;

    DeploymentPages(
            DeploymentViews views,
            DeploymentPageMaker maker,
            FilesPageMaker files,
            LogViews logs,
            Actions actions,
            AppActions apps,
            Production production) {
        this.apps = apps;
        this.views = views;
        this.maker = maker;
        this.files = files;
        this.logs = logs;
        this.actions = actions;
        this.production = production;
    }

    @GetMapping("/deployments/{id}")
    ModelAndView deployment(HttpServletRequest request, @PathVariable String id) {
        return page(request, id, null, null, null);
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
    @GetMapping({
        "/deployments/{id}/{action:cancel|retry|redeploy|promote}",
        "/deployments/{id}/app/{action:start|stop|restart|wake|replicas}"
    })
    ModelAndView back(@PathVariable String id) {
        return to(id);
    }

    @PostMapping("/deployments/{id}/app/{action:start|stop|restart|wake}")
    ModelAndView app(
            HttpServletRequest request,
            HttpServletResponse response,
            @PathVariable String id,
            @PathVariable String action) {
        return done(request, response, id, () -> {
            apps.perform(views.find(id), Action.valueOf(action.toUpperCase(Locale.ROOT)));
            return id + "#app";
        });
    }

    @PostMapping("/deployments/{id}/app/replicas")
    ModelAndView replicas(
            HttpServletRequest request,
            HttpServletResponse response,
            @PathVariable String id,
            @RequestParam(defaultValue = "") String replicas) {
        var wanted = replicas.strip();
        if (!REPLICAS.matcher(wanted).matches() || Integer.parseInt(wanted) > MOST_REPLICAS) {
            response.setStatus(HttpStatus.UNPROCESSABLE_CONTENT.value());
            return page(request, id, null, replicas, "A whole number from 1 to " + MOST_REPLICAS + ".");
        }
        return done(request, response, id, () -> {
            apps.replicas(views.find(id), Integer.parseInt(wanted));
            return id + "#app";
        });
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
    private interface Doing {
        String perform();
    }

    /** A refusal is told on the page that the button was on. */
    private ModelAndView done(HttpServletRequest request, HttpServletResponse response, String id, Doing action) {
        try {
            return to(action.perform());
        } catch (Problem refused) {
            if (refused.status() == HttpStatus.NOT_FOUND.value()) {
                throw refused;
            }
            response.setStatus(refused.status());
            return page(request, id, refused, null, null);
        }
    }

    private ModelAndView page(
            HttpServletRequest request,
            String id,
            @Nullable Problem refused,
            @Nullable String typed,
            @Nullable String wrong) {
        var page = new ModelAndView("deployments/page");
        // In this order: what happens in between is told by the stream, from the end of the log on.
        page.addObject("log", isWithoutLog(request) ? null : logs.of(id, request));
        page.addObject("page", maker.make(views.find(id), request, typed, wrong));
        page.addObject("refused", refused == null ? null : refused.body().detail());
        return page;
    }

    /** The log of a page that is there goes on by itself; only the rest is fetched anew. */
    private static boolean isWithoutLog(HttpServletRequest request) {
        var target = request.getHeader("HX-Target");
        return "summary".equals(target) || "app".equals(target);
    }

    private static ModelAndView to(String id) {
        var seeOther = new RedirectView("/deployments/" + id, false, false);
        seeOther.setExposeModelAttributes(false);
        return new ModelAndView(seeOther);
    }
}
