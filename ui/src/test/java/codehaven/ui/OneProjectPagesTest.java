package codehaven.ui;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.DeploymentStatus;
import codehaven.model.Host;
import codehaven.model.Site;
import codehaven.model.Slug;
import codehaven.state.Deployments.Filter;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class OneProjectPagesTest {

    private static final String HOSTILE = "<img src=x onerror=alert(1)> \"'&\u202Eسلام ✨";

    private final ProjectHaven haven = ProjectHaven.get();

    @Test
    void projectSaysWhatProductionShowsAndListsWhatWasDeployed() {
        var shop = haven.project("shop");
        haven.past(shop, "shop0001")
                .says("Cache the price list", "tidewatcher", "b11e6d4")
                .ago(Duration.ofDays(5))
                .put()
                .live(Duration.ofDays(5));
        haven.past(shop, "shop0002")
                .says("Prices in the visitor’s currency", "pilot", "5f1b8a2")
                .ago(Duration.ofHours(3))
                .put()
                .live(Duration.ofHours(3));
        haven.past(shop, "shop0003")
                .is(DeploymentStatus.FAILED)
                .says("Upgrade to React 20", "dependency-bot", "03cc9ea")
                .put();

        var page = haven.get("/projects/shop");

        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.body())
                .contains("shop.sites.localhost:8081", "Production since", "214 files, 3.1 MB", "Deploy main")
                .contains("data-status=\"FAILED\"", "ended with code 1.", "Last 3 builds: 2 ready")
                .contains("value=\"shop0001\"", "was live for 4 days 21 h")
                .doesNotContain("value=\"shop0002\"")
                .doesNotContain(" style=", "onclick");
        assertThat(haven.get("/projects/shop/domains").body())
                .contains("http://shop.sites.localhost:8081/", "http://shop-git-main.sites.localhost:8081/")
                .contains("Domains of your own are not available yet.");
    }

    @Test
    void rollbackPointsProductionAtWhatWasChosen() {
        var back = haven.project("back");
        haven.past(back, "back0001").ago(Duration.ofDays(2)).put().live(Duration.ofDays(2));
        haven.past(back, "back0002").ago(Duration.ofHours(2)).put().live(Duration.ofHours(2));

        var answer = haven.post("/projects/back", "/projects/back/rollback", "deployment", "back0001");

        assertThat(answer.statusCode()).isEqualTo(303);
        assertThat(ProjectHaven.location(answer)).isEqualTo("/projects/back?done=rollback");
        assertThat(haven.state.sites().find(Host.ofProduction(back, ProjectHaven.DOMAIN)))
                .map(Site::deployment)
                .contains("back0001");
        assertThat(haven.get("/projects/back?done=rollback").body())
                .contains("Rolled back.", "value=\"back0002\"")
                .doesNotContain("value=\"back0001\"");
    }

    @Test
    void rollbackToWhatIsNotThereIsRefusedAtItsPlace() {
        haven.past(haven.project("refused"), "refus001").put().live(Duration.ofHours(1));

        var answer = haven.post("/projects/refused", "/projects/refused/rollback", "deployment", "nothing1");

        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(answer.body()).contains("has no deployment nothing1", "role=\"alert\"", "refused.sites.localhost");
    }

    @Test
    void deployBeginsADeploymentAndLeadsToIt() {
        var fresh = haven.project("fresh");
        assertThat(haven.get("/projects/fresh").body())
                .contains("Nothing deployed yet", "Not live yet", "No builds yet.");

        var answer = haven.post("/projects/fresh", "/projects/fresh/deploy", "ref", "try/this", "environment", "");

        assertThat(ProjectHaven.location(answer)).matches("/deployments/[a-z0-9]{8}");
        assertThat(haven.state.deployments().list(new Filter(fresh, null, null, null), null, 10))
                .singleElement()
                .satisfies(each -> assertThat(each.source().ref()).isEqualTo("try/this"));
        assertThat(haven.get("/projects/fresh").body()).contains("1st, waits for");
    }

    @Test
    void refThatGitForbidsIsRefusedAtItsFieldAndKept() {
        haven.project("reffed");

        var answer = haven.post("/projects/reffed", "/projects/reffed/deploy", "ref", "-x \"y\"");

        assertThat(answer.statusCode()).isEqualTo(422);
        assertThat(answer.body())
                .contains("aria-invalid=\"true\"", "value=\"-x &quot;y&quot;\"", "Not a name that Git allows");
    }

    @Test
    void deploymentsAreFoundByTextAndFilteredAndPaged() {
        var many = haven.project("many");
        IntStream.range(0, 45)
                .forEach(n -> haven.past(many, String.format("many%04d", n))
                        .says(
                                "Change number " + n,
                                n % 2 == 0 ? "Even Stevens" : "Odd Olsen",
                                String.format("%07x", 0xabc000 + n))
                        .on(n % 5 == 0 ? "main" : "topic/" + n % 5)
                        .is(n % 3 == 0 ? DeploymentStatus.FAILED : DeploymentStatus.CANCELED)
                        .ago(Duration.ofMinutes(n))
                        .put());

        assertThat(rows("/projects/many")).isEqualTo(20);
        assertThat(rows("/projects/many?q=number+44")).isEqualTo(1);
        assertThat(rows("/projects/many?q=odd+OLSEN&status=FAILED")).isEqualTo(7);
        assertThat(rows("/projects/many?q=0abc00a")).isEqualTo(1);
        assertThat(rows("/projects/many?branch=main&environment=production")).isEqualTo(9);
        assertThat(haven.get("/projects/many?q=.*").body()).contains("No deployment matches", "Clear filters");

        var next = java.util.regex.Pattern.compile("href=\"([^\"]*after=[^\"]*)\"")
                .matcher(haven.get("/projects/many?branch=topic/1").body());
        assertThat(next.find()).isFalse();
        var older = java.util.regex.Pattern.compile("href=\"([^\"]*after=[^\"]*)\"")
                .matcher(haven.get("/projects/many").body());
        assertThat(older.find()).isTrue();
        assertThat(rows(older.group(1).replace("&amp;", "&"))).isEqualTo(20);
    }

    private int rows(String path) {
        return haven.get(path).body().split("<li class=\"deploy-row\"", -1).length - 1;
    }

    @Test
    void whatPeopleWroteIsInert() {
        var rough = haven.project("rough");
        haven.past(rough, "rough001")
                .says(HOSTILE, HOSTILE, "dead0ff")
                .on("<script>alert(1)</script>")
                .put()
                .live(Duration.ofMinutes(2));
        haven.past(rough, "rough002")
                .says(HOSTILE.repeat(40), "x", "dead0fe")
                .put()
                .live(Duration.ofMinutes(1));

        for (var path : new String[] {
            "/projects/rough", "/projects/rough?q=%3Cscript%3E&branch=%22%3E", "/projects/rough/domains"
        }) {
            assertThat(haven.get(path).body()).as(path).doesNotContain("<img", "<script>alert", "\">\"");
        }
    }

    @Test
    void projectThatIsNotThereIsNotFound() {
        assertThat(haven.get("/projects/nowhere").statusCode()).isEqualTo(404);
        assertThat(haven.get("/projects/nowhere/env").statusCode()).isEqualTo(404);
        assertThat(haven.get("/projects/Not%20a%20slug/settings").statusCode()).isEqualTo(404);
        assertThat(haven.state.projects().find(new Slug("nowhere"))).isEmpty();
    }
}
