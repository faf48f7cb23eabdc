package codehaven.ui;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class ProjectPagesTest {

    private static final Pattern ROW = Pattern.compile("<li class=\"project-row\" id=\"project-([^\"]+)\"");

    private final NewProjectHaven haven = NewProjectHaven.get();
    private final Instant now = Instant.now();

    @Test
    void aRowSaysWhatProductionServesWhereThatDiffers() {
        haven.project("words-failed", now);
        var old = haven.deployment("wordold1", "words-failed", DeploymentStatus.READY, "Old", hoursAgo(30));
        haven.live(old, hoursAgo(30));
        haven.deployment("wordnew1", "words-failed", DeploymentStatus.FAILED, "New", hoursAgo(2));
        haven.project("words-running", now);
        var live = haven.deployment("wordold2", "words-running", DeploymentStatus.READY, "Old", hoursAgo(80));
        haven.live(live, hoursAgo(80));
        haven.deployment("wordnew2", "words-running", DeploymentStatus.BUILDING, "New", hoursAgo(1));
        haven.project("words-canceled", now);
        haven.deployment("wordnew3", "words-canceled", DeploymentStatus.CANCELED, "New", hoursAgo(1));
        haven.project("words-ready", now);
        var ready = haven.deployment("wordnew4", "words-ready", DeploymentStatus.READY, "New", hoursAgo(3));
        haven.live(ready, hoursAgo(3));
        haven.project("words-saved", now);

        var page = haven.get("/?q=words-").body();

        assertThat(row(page, "words-failed")).contains("production still serves " + sha(old), "2 h ago", "Vite");
        assertThat(row(page, "words-running"))
                .containsPattern("production live for [34] days")
                .contains("for 1 h", "#i-BUILDING");
        assertThat(row(page, "words-canceled"))
                .contains("never been live")
                .as("where nothing answers, nothing leads")
                .doesNotContain("<a class=\"host");
        assertThat(row(page, "words-ready")).doesNotContain("production", "never");
        assertThat(row(page, "words-saved")).contains("Not deployed", "Saved without deploying");
        assertThat(page).contains("5 of ");
    }

    @Test
    void searchFindsNamesHostsMessagesAndCommits() {
        haven.project("find-one", now);
        var one = haven.deployment("findone1", "find-one", DeploymentStatus.READY, "Draw the Zebra", hoursAgo(1));

        assertThat(rows(haven.get("/?q=FIND-ONE.sites").body())).containsExactly("find-one");
        assertThat(rows(haven.get("/?q=zebra").body())).containsExactly("find-one");
        assertThat(rows(haven.get("/?q=" + sha(one)).body())).containsExactly("find-one");
        assertThat(rows(haven.get("/?q=zebra&state=ready").body())).containsExactly("find-one");
        assertThat(rows(haven.get("/?q=zebra&state=failed").body())).isEmpty();
    }

    @Test
    void aFilterWithoutHitsSaysSoAndCanBeCleared() {
        haven.project("any", now);

        assertThat(haven.get("/?q=%3Cscript%3E&state=failed").body())
                .contains("No project ", "&lt;script&gt;", "failed in its newest deployment", "Clear filters")
                .doesNotContain("<bdi class=\"mono\"><script>");
    }

    @Test
    void theNewestActivityComesFirstAndTheRestOnOlderPages() {
        for (int i = 0; i < 51; i++) {
            haven.project("page-" + i, hoursAgo(1_000 + i));
        }
        haven.deployment("pagenew1", "page-50", DeploymentStatus.READY, "Newest of them", hoursAgo(900));

        var first = haven.get("/?q=page-").body();
        var older = Pattern.compile("href=\"([^\"]*after=[^\"]*)\"").matcher(first);

        assertThat(rows(first)).hasSize(50).startsWith("page-50", "page-0", "page-1");
        assertThat(older.find()).isTrue();
        assertThat(rows(haven.get(older.group(1).replace("&amp;", "&")).body())).containsExactly("page-49");
    }

    @Test
    void textOfOthersIsInert() {
        haven.project("inert", now);
        haven.deployment("inert001", "inert", DeploymentStatus.FAILED, "<img src=x onerror=alert(1)>\" '", hoursAgo(1));

        assertThat(haven.get("/?q=inert").body()).contains("&lt;img src=x").doesNotContain("<img src=x");
    }

    private static String sha(Deployment deployment) {
        return deployment.commit() == null ? "" : deployment.commit().sha().abbreviated();
    }

    private Instant hoursAgo(int hours) {
        return now.minus(Duration.ofHours(hours)).minusSeconds(60);
    }

    private static List<String> rows(String page) {
        var slugs = new ArrayList<String>();
        ROW.matcher(page).results().forEach(each -> slugs.add(each.group(1)));
        return slugs;
    }

    private static String row(String page, String slug) {
        var from = page.indexOf("id=\"project-" + slug + "\"");
        assertThat(from).as(slug).isPositive();
        return page.substring(from, page.indexOf("</li>", from));
    }
}
