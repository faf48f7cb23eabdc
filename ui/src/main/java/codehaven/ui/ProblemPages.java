package codehaven.ui;

import codehaven.api.problems.Problem;
import codehaven.api.problems.ProblemPage;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerMapping;
import org.springframework.web.servlet.resource.ResourceUrlProvider;
import org.springframework.web.servlet.resource.ResourceUrlProviderExposingInterceptor;
import org.thymeleaf.spring6.view.ThymeleafViewResolver;

/**
 * Tells problems of the dashboard as pages in its frame, and to htmx as the notice alone, which the page puts where the
 * part was to go.
 */
@Component
final class ProblemPages implements ProblemPage {

    /** Tells the page's script that this is a notice, not the part. */
    static final String HEADER = "X-Haven-Problem";

    private final ObjectProvider<ThymeleafViewResolver> views;
    private final ObjectProvider<ResourceUrlProvider> assets;
    private final ObjectProvider<Shell> shell;

    ProblemPages(
            ObjectProvider<ThymeleafViewResolver> views,
            ObjectProvider<ResourceUrlProvider> assets,
            ObjectProvider<Shell> shell) {
        this.views = views;
        this.assets = assets;
        this.shell = shell;
    }

    @Override
    public boolean answer(Problem problem, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        if (!wants(request)) {
            return false;
        }
        var isPart = request.getHeader("HX-Request") != null;
        var path = Pages.path(request);
        SafetyHeaders.set(response);
        response.setHeader("Cache-Control", "no-store");
        response.setHeader(HEADER, Integer.toString(problem.status()));
        request.setAttribute(ResourceUrlProviderExposingInterceptor.RESOURCE_URL_PROVIDER_ATTR, assets.getObject());
        var model = new HashMap<String, Object>(Map.of(
                "shell",
                shell.getObject().frame(request),
                "refusal",
                ProblemWords.of(problem, path, Pages.here(request), isOurHandler(request)),
                "part",
                path.equals("/system") ? "system" : "projects"));
        render(isPart ? "errors/problem :: notice" : "errors/problem", model, request, response);
        return true;
    }

    private void render(
            String name, Map<String, Object> model, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        try {
            var view = views.getObject().resolveViewName(name, Locale.ENGLISH);
            if (view == null) {
                throw new IOException("There is no template " + name);
            }
            view.render(model, request, response);
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException("The page of a problem could not be made", e);
        }
    }

    /** What a person looks at, rather than a program or a tag of a page. */
    private static boolean wants(HttpServletRequest request) {
        if (!Pages.isOurs(request) || Pages.path(request).startsWith("/assets/")) {
            return false;
        }
        var accept = request.getHeader("Accept");
        if (request.getHeader("HX-Request") != null || (accept != null && accept.contains("text/html"))) {
            return true;
        }
        return (accept == null || accept.contains("*/*")) && isOurHandler(request);
    }

    private static boolean isOurHandler(HttpServletRequest request) {
        return request.getAttribute(HandlerMapping.BEST_MATCHING_HANDLER_ATTRIBUTE) instanceof HandlerMethod method
                && method.getBeanType().getPackageName().startsWith("codehaven.ui");
    }
}
