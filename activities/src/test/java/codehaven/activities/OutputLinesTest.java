package codehaven.activities;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.URLEncoder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class OutputLinesTest {

    private static final String ESC = "\u001b";

    private static List<String> lines(Masks masks, byte[]... pieces) {
        var lines = new ArrayList<String>();
        var output = new OutputLines(masks, lines::add);
        for (var each : pieces) {
            output.accept(each, 0, each.length);
        }
        output.flush();
        return lines;
    }

    private static List<String> lines(String text) {
        return lines(Masks.NONE, text.getBytes(UTF_8));
    }

    /** The same output, cut at every place once, byte by byte, and at random into many pieces. */
    private static void everyCut(Masks masks, String text, List<String> expected) {
        var bytes = text.getBytes(UTF_8);
        for (var cut = 0; cut <= bytes.length; cut++) {
            var first = java.util.Arrays.copyOfRange(bytes, 0, cut);
            var second = java.util.Arrays.copyOfRange(bytes, cut, bytes.length);
            assertThat(lines(masks, first, second)).as("cut at %d", cut).isEqualTo(expected);
        }
        var single = new byte[bytes.length][];
        for (var i = 0; i < bytes.length; i++) {
            single[i] = new byte[] {bytes[i]};
        }
        assertThat(lines(masks, single)).isEqualTo(expected);
        var random = new Random(7);
        for (var round = 0; round < 50; round++) {
            var pieces = new ArrayList<byte[]>();
            for (var from = 0; from < bytes.length; ) {
                var to = Math.min(bytes.length, from + 1 + random.nextInt(9));
                pieces.add(java.util.Arrays.copyOfRange(bytes, from, to));
                from = to;
            }
            assertThat(lines(masks, pieces.toArray(byte[][]::new))).isEqualTo(expected);
        }
    }

    @Test
    void charactersAndLinesSurviveEveryCut() {
        everyCut(Masks.NONE, "grüße 🚀\r\n\n日本語 last", List.of("grüße 🚀", "", "日本語 last"));
    }

    @Test
    void coloursStayAndAllElseThatDrivesATerminalGoes() {
        everyCut(
                Masks.NONE,
                ESC + "[1;31mred" + ESC + "[0m " + ESC + "]0;title\u0007" + ESC + "]8;;http://x" + ESC + "\\link" + ESC
                        + "[2J" + ESC + "[10;10H" + ESC + "(B" + ESC + "c\u0000\u0008\u009b done\n",
                List.of(ESC + "[1;31mred" + ESC + "[0m link done"));
    }

    @Test
    void anUnfinishedSequenceDoesNotSwallowTheLog() {
        assertThat(lines(ESC + "]0;never ended\nnext\n" + ESC + "[12\nlast")).containsExactly("", "next", "", "last");
    }

    @Test
    void ofAProgressLineTheLastStateIsKept() {
        everyCut(Masks.NONE, "10%\r50%\r100%\ndone\r\n", List.of("100%", "done"));
        assertThat(lines("building...\r             \r\nnext\n"))
                .as("a line that was wiped still says what it said")
                .containsExactly("building...", "next");
        assertThat(lines("a" + ESC + "[2K" + ESC + "[1Gb\n")).containsExactly("b");
    }

    @Test
    void longLinesBecomeSeveral() {
        var lines = lines("x".repeat(OutputLines.LONGEST + 10) + "\nshort\n");
        assertThat(lines).hasSize(3);
        assertThat(lines.get(0)).hasSize(OutputLines.LONGEST);
        assertThat(lines.get(1)).isEqualTo(OutputLines.CONTINUED + "x".repeat(10));
        assertThat(lines.get(2)).isEqualTo("short");
        assertThat(lines("🚀".repeat(OutputLines.LONGEST)))
                .as("no character is cut in two")
                .allMatch(line ->
                        line.replace(OutputLines.CONTINUED, "").codePoints().allMatch(c -> c == 0x1F680));
    }

    @Test
    void secretsAreMaskedWhereverTheOutputIsCut() {
        var masks = new Masks(List.of("hunter2!", "hunter", "pass\nword=äö"));
        everyCut(
                masks,
                "a hunter2! b\nhunte c huntehunter d\npass\nword=äö e\npass\nwork\nhunterhunter2!\n",
                List.of("a •••••• b", "hunte c hunte•••••• d", "•••••• e", "pass", "work", "••••••"));
    }

    @Test
    void theFormsThatProgramsPrintSecretsInAreMasked() {
        var secret = "p@ss/w\"ord\\1+~é ü";
        var masks = new Masks(List.of(secret));
        var json = "p@ss/w\\\"ord\\\\1+~é ü";
        for (var form : List.of(
                secret,
                json,
                json.replace("/", "\\/"),
                URLEncoder.encode(secret, UTF_8),
                URLEncoder.encode(secret, UTF_8).replace("+", "%20"))) {
            everyCut(masks, "<" + form + ">\n", List.of("<••••••>"));
        }
        for (var before : List.of("", "u", "us", "use", "user:")) {
            var encoded = Base64.getEncoder().encodeToString((before + secret + "tail").getBytes(UTF_8));
            var shown = String.join("\n", lines(masks, encoded.getBytes(UTF_8)));
            assertThat(shown).contains(Masks.MASK);
            assertThat(Base64.getEncoder().encodeToString(secret.getBytes(UTF_8)))
                    .as("hardly more than the neighbours' bits is left")
                    .satisfies(whole -> assertThat(shown.replace(Masks.MASK, "").length())
                            .isLessThanOrEqualTo(encoded.length() - whole.length() + 8));
        }
    }

    @Test
    void aSecretThatControlCharactersInterruptIsMasked() {
        assertThat(lines(new Masks(List.of("hunter2!")), ("hun\u0000ter" + ESC + "[K2!\n").getBytes(UTF_8)))
                .containsExactly("••••••");
    }

    @Test
    void aSecretOfWhichTheEndIsMissingIsMaskedToo() {
        assertThat(lines(new Masks(List.of("correct horse battery")), "x correct horse bat".getBytes(UTF_8)))
                .containsExactly("x ••••••");
    }

    @Test
    void linesOfASecretOfSeveralLinesAreMaskedAlone() {
        var masks = new Masks(List.of("-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQE\n-----END KEY-----\n"));
        assertThat(masks.apply("  1: MIIEvQIBADANBg\n  2: kqhkiG9w0BAQE")).isEqualTo("  1: ••••••\n  2: ••••••");
    }

    @Test
    void aSecretThatBecomesKnownIsMaskedAlsoWhereItHasBegun() {
        var lines = new ArrayList<String>();
        var output = new OutputLines(new Masks(List.of("abcdef")), lines::add);
        output.accept("abcd".getBytes(UTF_8), 0, 4);
        output.use(new Masks(List.of("abcdef", "cdxy")));
        output.accept("xy\n".getBytes(UTF_8), 0, 3);
        assertThat(lines).containsExactly("ab••••••");
    }

    @Test
    void shortTextsAreNoSecrets() {
        assertThat(new Masks(List.of("abc", " 1 ", "")).apply("abc 1 ")).isEqualTo("abc 1 ");
    }
}
