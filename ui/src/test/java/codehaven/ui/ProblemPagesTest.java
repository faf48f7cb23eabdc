package codehaven.ui;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.api.problems.Problem;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** How refusals and faults look to people, and that programs still get theirs. */
class ProblemPagesTest {

    private final ShellHaven haven = ShellHaven.get();

    @Test
    void aPageThatIsNotThereSaysWhatWasLookedForInTheFrame() {
        var answer = haven.page("/northsea/%3Cscript%3E");
        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(answer.headers().firstValue("Content-Type")).contains("text/html;charset=UTF-8");
        assertThat(answer.body())
                .contains("<h1>Not found</h1>", "/northsea/%3Cscript%3E", "class=\"topbar\"", "href=\"/\"")
                .doesNotContain("<script>")
                .containsPattern("/assets/haven-[0-9a-f]{32}\\.css");
        assertThat(answer.headers().firstValue("Content-Security-Policy")).isPresent();
        assertThat(answer.headers().firstValue("X-Frame-Options")).contains("DENY");
        assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
    }

    @Test
    void aFirstVisitThatFailsCanStillSendForms() {
        var answer = haven.page("/nothing");
        var cookie = answer.headers().firstValue("Set-Cookie").orElseThrow();
        assertThat(cookie).startsWith("codehaven-form=").contains("HttpOnly", "SameSite=Strict");
        assertThat(answer.body()).contains("content=\"" + cookie.split("[=;]", 3)[1] + "\"");
    }

    @Test
    void programsGetProblemsAsBefore() {
        for (var path : List.of("/v1/nothing", "/v1/deployments/nobody", "/v1/projects/nobody")) {
            var answer = haven.page(path);
            assertThat(answer.statusCode()).isEqualTo(404);
            assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
        }
        var unmatched = haven.send(haven.request("/nothing").header("Accept", "application/json"));
        assertThat(unmatched.statusCode()).isEqualTo(404);
        assertThat(unmatched.headers().firstValue("Content-Type")).contains("application/problem+json");
        var asset = haven.send(haven.request("/assets/nothing.css").header("Accept", "text/css,*/*;q=0.1"));
        assertThat(asset.statusCode()).isEqualTo(404);
        assertThat(asset.headers().firstValue("Content-Type")).contains("application/problem+json");
    }

    @Test
    void aFormWithoutItsTokenIsRefusedWithAPageThatLeadsBack() {
        var without = haven.send(haven.form("/theme", null, Map.of("theme", "dark")));
        assertThat(without.statusCode()).isEqualTo(403);
        assertThat(without.body()).contains("<h1>Not sent</h1>", "Reload the page and send it again.");
        assertThat(without.headers().allValues("Set-Cookie")).noneMatch(each -> each.startsWith("codehaven-theme"));

        var visit = haven.visit();
        var forged = new ShellHaven.Visit(visit.cookie(), "x".repeat(43));
        assertThat(haven.send(haven.form("/theme", forged, Map.of("theme", "dark")))
                        .statusCode())
                .isEqualTo(403);
        var with = haven.send(haven.form("/theme", visit, Map.of("theme", "dark", "here", "/system?a=b")));
        assertThat(with.statusCode()).isEqualTo(303);
        assertThat(with.headers().firstValue("Location").orElseThrow()).endsWith("/system?a=b");
        assertThat(with.headers().allValues("Set-Cookie")).anyMatch(each -> each.startsWith("codehaven-theme=dark"));
    }

    @Test
    void eachFormCarriesTheTokenOfItsVisitor() {
        var page = haven.page("/system");
        var token = page.headers().firstValue("Set-Cookie").orElseThrow().split("[=;]", 3)[1];
        assertThat(page.body()).contains("name=\"" + FormTokens.FIELD + "\" value=\"" + token + "\"");
    }

    @Test
    void htmxGetsTheNoticeAlone() {
        var answer = haven.send(haven.request("/nothing").header("HX-Request", "true"));
        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(answer.headers().firstValue(ProblemPages.HEADER)).contains("404");
        assertThat(answer.body())
                .startsWith("<div class=\"notice bad\" role=\"alert\"")
                .contains("<strong>Not found.</strong>")
                .doesNotContain("<html", "topbar");
    }

    @Test
    void withoutTheDatabasePagesSayWhatStillWorks() throws IOException {
        haven.project("afloat");
        haven.mongo.stop();
        try {
            var system = haven.page("/system");
            assertThat(system.statusCode()).as("the page that tells of it").isEqualTo(200);
        } finally {
            haven.mongo.start();
        }
    }

    @Test
    void refusalsHaveWordsForEachKind() {
        var gone = ProblemWords.of(
                Problem.notFound("There is no deployment k3v9x2mq."),
                "/deployments/k3v9x2mq",
                "/deployments/k3v9x2mq",
                true);
        assertThat(gone.sentence()).isEqualTo("There is no deployment k3v9x2mq.");
        assertThat(gone.link()).isEqualTo("/");
        var part = ProblemWords.of(
                Problem.notFound("There is no variable KEY."), "/projects/blog/env", "/projects/blog/env", true);
        assertThat(part.link()).isEqualTo("/projects/blog");
        var away = ProblemWords.of(
                Problem.unavailable("The database does not answer right now."),
                "/projects/blog",
                "/projects/blog",
                true);
        assertThat(away.linkText()).isEqualTo("Try again");
        assertThat(away.hint()).contains("served");
    }
}
