package codehaven.api.system;

import codehaven.api.SystemInfo;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.HttpRequestHandler;
import org.springframework.web.servlet.handler.SimpleUrlHandlerMapping;
import org.springframework.web.util.HtmlUtils;

/** What is at {@code /} while nothing else is: any controller for it comes first. */
@Configuration(proxyBeanMethods = false)
class FrontPage {

    private static final int AFTER_CONTROLLERS = 10;

    @Bean
    SimpleUrlHandlerMapping frontPageMapping(SystemInfo info) {
        var page = page(info).getBytes(StandardCharsets.UTF_8);
        HttpRequestHandler handler = (request, response) -> {
            response.setContentType("text/html;charset=UTF-8");
            response.setContentLength(page.length);
            response.getOutputStream().write(page);
        };
        return new SimpleUrlHandlerMapping(Map.of("/", handler), AFTER_CONTROLLERS);
    }

    private static String page(SystemInfo info) {
        var ui = info.temporalUi();
        var console = ui == null
                ? ""
                : "<li><a href=\"" + HtmlUtils.htmlEscape(ui.toString()) + "\">Workflow console</a></li>";
        return """
                <!doctype html>
                <html lang="en">
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width">
                <title>CodeHaven</title>
                <h1>CodeHaven %s</h1>
                <ul>
                <li><a href="/docs">The API</a></li>
                <li><a href="/v1/system">This installation</a></li>
                <li><a href="/v1/deployments">Deployments</a></li>
                %s
                </ul>
                </html>
                """.formatted(HtmlUtils.htmlEscape(info.version()), console);
    }
}
