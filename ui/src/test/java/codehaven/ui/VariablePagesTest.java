package codehaven.ui;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.model.Environment;
import codehaven.model.Slug;
import codehaven.state.Variables.Variable;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class VariablePagesTest {

    private static final String SECRET = "sk_live_never-shown";

    private final ProjectHaven haven = ProjectHaven.get();

    @Test
    void variableIsAddedEditedAndRemovedByPlainForms() {
        var plain = haven.project("plain");
        var page = "/projects/plain/env";

        var added = haven.post(
                page,
                page,
                "key",
                "GREETING",
                "value",
                "Welkom 👋 <b>&",
                "environments",
                "production",
                "environments",
                "preview");
        assertThat(ProjectHaven.location(added)).isEqualTo(page + "?done=1");
        assertThat(haven.get(page).body())
                .contains("Welkom 👋 &lt;b&gt;&amp;", "production, preview")
                .doesNotContain("<b>");

        assertThat(haven.get(page + "?edit=GREETING").body())
                .contains("action=\"/projects/plain/env/GREETING\"", "autofocus");
        haven.post(page, page + "/GREETING", "value", "line\r\nbreak", "environments", "preview");
        assertThat(haven.state.variables().readable(plain, "GREETING")).contains("line\nbreak");
        assertThat(haven.state.variables().list(plain))
                .singleElement()
                .extracting(Variable::environments)
                .isEqualTo(Set.of(Environment.PREVIEW));

        var removed = haven.post(page, page + "/GREETING/remove");
        assertThat(haven.get(ProjectHaven.location(removed)).body()).contains("is removed.");
        assertThat(haven.state.variables().list(plain)).isEmpty();
    }

    @Test
    void sensitiveValueIsNeverOnAPageAgain() {
        haven.project("secretive");
        var page = "/projects/secretive/env";
        haven.post(page, page, "key", "TOKEN", "value", SECRET, "environments", "production", "sensitive", "true");

        assertThat(haven.get(page).body())
                .contains("sensitive, not shown", "1, of which 1 sensitive")
                .doesNotContain(SECRET);
        assertThat(haven.get(page + "?edit=TOKEN").body())
                .contains("Give it again")
                .doesNotContain(SECRET);
        haven.post(page, page + "/TOKEN", "value", "another", "environments", "production");
        assertThat(haven.state.variables().list(new Slug("secretive")))
                .as("it stays sensitive")
                .allMatch(Variable::sensitive);
    }

    @Test
    void envFileBecomesOneVariableALine() {
        haven.project("pasted");
        var page = "/projects/pasted/env";
        var file = "# a comment\r\nexport A=1\r\n\r\nB=\"two words\"\r\nC=\r\n";

        haven.post(page, page, "key", "", "value", file, "environments", "production");

        var variables = haven.state.variables();
        assertThat(variables.readable(new Slug("pasted"))).hasToString("{A=1, B=two words, C=}");
    }

    @Test
    void fileWithALineThatIsNoVariableSetsNothing() {
        haven.project("halved");
        var page = "/projects/halved/env";

        var answer = haven.post(page, page, "key", "", "value", "A=1\nwhat is this", "environments", "production");

        assertThat(answer.statusCode()).isEqualTo(422);
        assertThat(answer.body()).contains("Line 2", "what is this", "aria-describedby=\"add-v-e\"");
        assertThat(haven.state.variables().list(new Slug("halved"))).isEmpty();
    }

    @Test
    void nameThatIsNoneIsRefusedAtItsFieldAndKept() {
        haven.project("misnamed");
        var page = "/projects/misnamed/env";

        var answer = haven.post(page, page, "key", "1 \"A\"", "value", "kept <i>", "environments", "preview");

        assertThat(answer.statusCode()).isEqualTo(422);
        assertThat(answer.body())
                .contains("does not begin with a digit", "value=\"1 &quot;A&quot;\"", "kept &lt;i&gt;</textarea>")
                .contains("aria-invalid=\"true\"", "aria-describedby=\"k-e\"");
    }

    @Test
    void withoutAnEnvironmentItIsRefused() {
        haven.project("homeless");
        var page = "/projects/homeless/env";

        var answer = haven.post(page, page, "key", "A", "value", "1");

        assertThat(answer.statusCode()).isEqualTo(422);
        assertThat(answer.body()).contains("names production, preview or both", "add-w-e");
    }

    @Test
    void whatIsNotLiveYetIsSaidWithTheButtonThatMakesItSo() {
        var behind = haven.project("behind");
        haven.state.variables().put(behind, "OLD", "1", false, Set.of(Environment.PRODUCTION));
        tick();
        haven.past(behind, "behind01").ago(ProjectHaven.BEFORE_BUILDING).put().live(Duration.ZERO);
        tick();
        assertThat(haven.get("/projects/behind/env").body()).doesNotContain("not live");

        haven.state.variables().put(behind, "OLD", "2", false, Set.of(Environment.PRODUCTION));
        haven.state.variables().put(behind, "NEW", "1", false, Set.of(Environment.PRODUCTION));
        haven.state.variables().put(behind, "ELSEWHERE", "1", false, Set.of(Environment.PREVIEW));

        assertThat(haven.get("/projects/behind/env").body())
                .contains("2 changes are not live yet.", "changed, not live", "new, not live")
                .contains("action=\"/deployments/behind01/redeploy\"");
    }

    /** Times are kept in milliseconds. */
    private static void tick() {
        var now = Instant.now();
        while (Duration.between(now, Instant.now()).toMillis() < 2) {
            Thread.onSpinWait();
        }
    }
}
