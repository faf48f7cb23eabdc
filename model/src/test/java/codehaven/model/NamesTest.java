package codehaven.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.json.JsonMapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Slug, Host and CommitSha: text that was checked once and is safe in addresses, keys and arguments from then on. */
class NamesTest {

    private static final String DOMAIN = "sites.localhost";

    @ParameterizedTest
    @ValueSource(strings = {"a", "blog", "my-site-2", "0"})
    void slugsAreLabels(String text) {
        assertThat(new Slug(text).text()).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "-a",
                "a-",
                "A",
                "a.b",
                "a b",
                "a_b",
                "ä",
                "a\n",
                "../a",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            })
    void whatIsNoLabelIsNoSlug(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Slug(text))
                .withMessageContaining("1 to 40 lower-case letters, digits and inner hyphens");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '!', textBlock = """
            My Site.git                                     ! my-site-git
            Ünïcödé                                         ! unicode
            --                                              ! site
            日本                                            ! site
            aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbb ! aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
            """)
    void theNearestSlugIsMadeOfAnyText(String text, String slug) {
        assertThat(Slug.nearestTo(text).text()).isEqualTo(slug);
    }

    @Test
    void hostsAreNamedAfterWhatTheyPointAt() {
        var blog = new Slug("blog");
        assertThat(Host.ofProduction(blog, DOMAIN)).hasToString("blog.sites.localhost");
        assertThat(Host.ofDeployment(blog, "k3v9x2mq", DOMAIN)).hasToString("blog-k3v9x2mq.sites.localhost");
        assertThat(Host.ofBranch(blog, "Feature/Übung_1", DOMAIN))
                .hasToString("blog-git-feature-bung-1.sites.localhost");
    }

    @Test
    void aLabelThatIsTooLongIsCutAndEndsInAHash() {
        var longest = new Slug("a".repeat(Slug.MAX_LENGTH));
        var branch = "feature/" + "very-".repeat(20);

        var host = Host.ofBranch(longest, branch + "1", DOMAIN);
        var label = host.text().substring(0, host.text().indexOf('.'));

        assertThat(label).hasSizeLessThanOrEqualTo(63).matches("a{40}-git-feature-ver-[0-9a-f]{6}");
        assertThat(Host.ofBranch(longest, branch + "1", DOMAIN))
                .as("always the same")
                .isEqualTo(host);
        assertThat(Host.ofBranch(longest, branch + "2", DOMAIN))
                .as("branches that only differ at their end have hosts of their own")
                .isNotEqualTo(host);
        assertThat(Host.ofDeployment(longest, "k3v9x2mq", DOMAIN).text().indexOf('.'))
                .as("a slug leaves room for a deployment's id")
                .isLessThanOrEqualTo(63);
    }

    @Test
    void branchesWithoutALatinLetterHaveHostsToo() {
        assertThat(Host.ofBranch(new Slug("blog"), "日本", DOMAIN).text())
                .matches("blog-git-[0-9a-f]{6}\\.sites\\.localhost");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "a..b", "-a.b", "a-.b", "A.b", "a.b.", "a:80", "a/b", "a b", "a\n"})
    void whatIsNoHostNameIsRefused(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> new Host(text));
    }

    @Test
    void hostNamesEndAt253CharactersAndLabelsAt63() {
        assertThat(new Host("a".repeat(63) + ".b").text()).hasSize(65);
        assertThatIllegalArgumentException().isThrownBy(() -> new Host("a".repeat(64) + ".b"));
        assertThatIllegalArgumentException().isThrownBy(() -> new Host("ab.".repeat(85) + "a"));
    }

    @Test
    void commitsAreTheirFullNames() {
        var sha = new CommitSha("0123456789abcdef0123456789abcdef01234567");
        assertThat(sha.abbreviated()).isEqualTo("0123456");
        assertThat(new CommitSha("f".repeat(64)).text()).hasSize(64);
        for (var text : new String[] {"", "main", "0123456", "F".repeat(40), "a".repeat(41), "-" + "a".repeat(39)}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new CommitSha(text))
                    .withMessageContaining("'" + text + "'");
        }
    }

    @Test
    void namesAreTextInJson() throws Exception {
        var json = new JsonMapper();
        assertThat(json.writeValueAsString(new Slug("blog"))).isEqualTo("\"blog\"");
        assertThat(json.readValue("\"blog.example.org\"", Host.class)).isEqualTo(new Host("blog.example.org"));
    }
}
