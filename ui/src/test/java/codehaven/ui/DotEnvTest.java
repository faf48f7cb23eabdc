package codehaven.ui;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DotEnvTest {

    @Test
    void aLineIsANameAndAValue() {
        var read = DotEnv.parse("A=1\nB = two words \n\n# nothing\nexport C=x=y\nD=\n");

        assertThat(read.wrong()).isEmpty();
        assertThat(read.variables())
                .containsExactly(
                        Map.entry("A", "1"), Map.entry("B", "two words"), Map.entry("C", "x=y"), Map.entry("D", ""));
    }

    @Test
    void commentsStandAloneOrBehindASpace() {
        assertThat(DotEnv.parse("A=red#1 # the colour\nB=# none\n  # C=3\nD='#' # kept\n")
                        .variables())
                .isEqualTo(Map.of("A", "red#1", "B", "", "D", "#"));
    }

    @Test
    void quotesHoldLinesAndSpaces() {
        var read = DotEnv.parse("""
                KEY="-----BEGIN KEY-----
                abc
                -----END KEY-----"
                JSON='{
                  "a": "\\n" }'
                BACK=`it's "so"`
                LAST=" x "
                """);

        assertThat(read.wrong()).isEmpty();
        assertThat(read.variables())
                .containsEntry("KEY", "-----BEGIN KEY-----\nabc\n-----END KEY-----")
                .containsEntry("JSON", "{\n  \"a\": \"\\n\" }")
                .containsEntry("BACK", "it's \"so\"")
                .containsEntry("LAST", " x ");
    }

    @Test
    void escapesMeanSomethingInDoubleQuotesOnly() {
        assertThat(DotEnv.parse("A=\"a\\nb\\t\\\"c\\\\ \\d\"\nB='a\\nb'\nC=a\\nb\nD=\"\\$HOME\"")
                        .variables())
                .isEqualTo(Map.of("A", "a\nb\t\"c\\ \\d", "B", "a\\nb", "C", "a\\nb", "D", "$HOME"));
    }

    @Test
    void linesOfOtherSystemsAreLinesToo() {
        assertThat(DotEnv.parse("\uFEFFA=1\r\nB='x\r\ny'\r\n").variables()).isEqualTo(Map.of("A", "1", "B", "x\ny"));
    }

    @Test
    void theLastOfANameHolds() {
        assertThat(DotEnv.parse("A=1\nB=2\nA=3").variables()).containsExactly(Map.entry("B", "2"), Map.entry("A", "3"));
    }

    @Test
    void whatIsWrongIsNamedByItsLineAndNotQuoted() {
        var read = DotEnv.parse("A=1\nhunter2\n1B=x\nC=\"open\nD=4\nE='x' y");

        assertThat(read.variables()).isEqualTo(Map.of("A", "1", "D", "4"));
        assertThat(read.wrong())
                .hasSize(4)
                .satisfiesExactly(
                        each -> assertThat(each).startsWith("Line 2 has no '='"),
                        each -> assertThat(each).startsWith("Line 3 has no name"),
                        each -> assertThat(each).isEqualTo("Line 4 opens a quote that is never closed."),
                        each -> assertThat(each).isEqualTo("Line 6 goes on after its closing quote."));
        assertThat(String.join(" ", read.wrong())).doesNotContain("hunter2");
    }

    @ParameterizedTest
    @CsvSource({
        "PAYMENT_KEY,x,true",
        "SECRET,x,true",
        "github_token,x,true",
        "DB_PASSWORD,x,true",
        "AWS_SECRET_ACCESS_KEY,x,true",
        "SENTRY_DSN,x,true",
        "DATABASE_URL,postgres://ada:pw@db/x,true",
        "DATABASE_URL,postgres://db/x,false",
        "NEXT_PUBLIC_API_KEY,x,false",
        "VITE_TOKEN,x,false",
        "MONKEY,x,false",
        "KEYBOARD,x,false",
        "NODE_ENV,production,false",
        "AUTHOR,x,false"
    })
    void secretsAreKnownByTheirNames(String name, String value, boolean isSecret) {
        assertThat(DotEnv.isSecret(name, value)).isEqualTo(isSecret);
    }
}
