package codehaven.ui;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class AnsiTextTest {

    private static final String ESC = "\u001b";
    private static final Pattern TAG =
            Pattern.compile("<span class=\"[a-z0-9 -]+\">|</span>|<mark(?: class=\"on\")?>|</mark>");

    @Test
    void textWithoutColoursStaysAsItIs() {
        assertThat(AnsiText.html("Done in 13.4s")).isEqualTo("Done in 13.4s");
        assertThat(AnsiText.html("")).isEmpty();
        assertThat(AnsiText.html("a\tb  c")).isEqualTo("a\tb  c");
    }

    @Test
    void coloursAndWeightsBecomeClasses() {
        assertThat(AnsiText.html(ESC + "[31;1mFailed" + ESC + "[0m to compile"))
                .isEqualTo("<span class=\"ansi-31 bold\">Failed</span> to compile");
        assertThat(AnsiText.html(ESC + "[2mdim" + ESC + "[22m " + ESC + "[4mline" + ESC + "[24m " + ESC + "[96mcyan"))
                .isEqualTo("<span class=\"dim\">dim</span> <span class=\"underline\">line</span>"
                        + " <span class=\"ansi-96\">cyan</span>");
        assertThat(AnsiText.html(ESC + "[mplain")).isEqualTo("plain");
    }

    @Test
    void nestedColoursAreFlatAndClosed() {
        assertThat(AnsiText.html(ESC + "[31m" + ESC + "[1ma" + ESC + "[32mb" + ESC + "[39mc"))
                .isEqualTo("<span class=\"ansi-31 bold\">a</span><span class=\"ansi-32 bold\">b</span>"
                        + "<span class=\"bold\">c</span>");
    }

    @Test
    void manyColoursBecomeTheNearestOfTheTheme() {
        assertThat(AnsiText.html(ESC + "[38;5;196mred")).isEqualTo("<span class=\"ansi-31\">red</span>");
        assertThat(AnsiText.html(ESC + "[38;5;10mgreen")).isEqualTo("<span class=\"ansi-92\">green</span>");
        assertThat(AnsiText.html(ESC + "[38;2;20;110;200mblue")).isEqualTo("<span class=\"ansi-34\">blue</span>");
        assertThat(AnsiText.html(ESC + "[38:2::20:110:200mblue")).isEqualTo("<span class=\"ansi-34\">blue</span>");
        assertThat(AnsiText.html(ESC + "[38;5;244mgrey")).contains("ansi-");
        assertThat(AnsiText.html(ESC + "[38;5;999999;1mx" + ESC + "[38;2;9999;9;9my"))
                .contains("x", "y");
    }

    @Test
    void aBadgeTakesTheColourOfItsGround() {
        assertThat(AnsiText.html(ESC + "[30;43m WARN " + ESC + "[0m"))
                .isEqualTo("<span class=\"ansi-33\"> WARN </span>");
        assertThat(AnsiText.html(ESC + "[40mplain")).isEqualTo("plain");
    }

    @Test
    void aLineLeavesNothingToTheNext() {
        AnsiText.html(ESC + "[31;1mnever reset");
        assertThat(AnsiText.html("next")).isEqualTo("next");
    }

    @Test
    void whatRewritesTheLineIsCarriedOut() {
        assertThat(AnsiText.html("10 %\r20 %\r100 %")).isEqualTo("100 %");
        assertThat(AnsiText.html("loading" + ESC + "[2K\rdone")).isEqualTo("done");
        assertThat(AnsiText.html("abc\b\bX")).isEqualTo("aXc");
        assertThat(AnsiText.html("abc" + ESC + "[2DX" + ESC + "[K")).isEqualTo("aX");
        assertThat(AnsiText.html("a" + ESC + "[3Cb")).isEqualTo("a   b");
        assertThat(AnsiText.html("abc" + ESC + "[1GX")).isEqualTo("Xbc");
    }

    @Test
    void movesCostNoMemory() {
        assertThat(AnsiText.html(ESC + "[999999999Cx").length()).isLessThan(2_000);
        assertThat(AnsiText.html((ESC + "[9999Cx").repeat(100)).length()).isLessThan(5_000);
    }

    @Test
    void whatConcernsTheTerminalIsLeftOut() {
        assertThat(AnsiText.html(
                        ESC + "[?25l" + ESC + "[2J" + ESC + "[10;20Htext" + ESC + "[1A" + ESC + "(B" + ESC + "7"))
                .isEqualTo("text");
        assertThat(AnsiText.html(ESC + "]0;title\u0007text" + ESC + "P1$r" + ESC + "\\more"))
                .isEqualTo("textmore");
    }

    @Test
    void linksShowTheirTextAndNeverTheirTarget() {
        var link = ESC + "]8;;javascript:alert(1)" + ESC + "\\click" + ESC + "]8;;" + ESC + "\\";
        assertThat(AnsiText.html(link)).isEqualTo("click");
        assertThat(AnsiText.html(ESC + "]8;id=\"><img src=x>;http://x\u0007here" + ESC + "]8;;\u0007"))
                .isEqualTo("here");
    }

    @Test
    void whatHasNoEndHidesNothing() {
        assertThat(AnsiText.html(ESC + "]8;;http://x hidden?")).isEqualTo("␛]8;;http://x hidden?");
        assertThat(AnsiText.html("a" + ESC + "[31")).isEqualTo("a␛[31");
        assertThat(AnsiText.html("a" + ESC)).isEqualTo("a␛");
        assertThat(AnsiText.html(ESC + "[31;" + ESC + "[32mb")).isEqualTo("␛[31;<span class=\"ansi-32\">b</span>");
    }

    @Test
    void markupIsText() {
        assertThat(AnsiText.html("<script>alert('x')</script> & \"quotes\""))
                .isEqualTo("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;quotes&quot;");
        assertThat(AnsiText.html("<" + ESC + "[31mimg src=x onerror=y>"))
                .isEqualTo("&lt;<span class=\"ansi-31\">img src=x onerror=y&gt;</span>");
    }

    @Test
    void lettersOutsideOfThePlaneStayWholeAndHalfOnesAreReplaced() {
        assertThat(AnsiText.html("🚢 ok")).isEqualTo("🚢 ok");
        assertThat(AnsiText.html("a\ud83db\udea2c")).isEqualTo("a\ufffdb\ufffdc");
        assertThat(AnsiText.html("مرحبا " + ESC + "[35mשלום")).isEqualTo("مرحبا <span class=\"ansi-35\">שלום</span>");
    }

    @Test
    void whatWouldEndTheLineIsShownAsASign() {
        assertThat(AnsiText.html("a\nb\u0000c\u2028d\u0085e")).isEqualTo("a␊b␀c\ufffdd\ufffde");
    }

    @Test
    void whatIsLookedForIsMarkedAcrossColours() {
        assertThat(AnsiText.of("Type " + ESC + "[31mERR" + ESC + "[0mor: error").html("error", 100))
                .isEqualTo(
                        "Type <span class=\"ansi-31\"><mark>ERR</mark></span><mark class=\"on\">or</mark>: <mark>error</mark>");
        assertThat(AnsiText.of("aaa").html("aa", 100)).isEqualTo("<mark>aa</mark>a");
        assertThat(AnsiText.of("İstanbul istanbul").html("istanbul", 100)).endsWith("<mark>istanbul</mark>");
        assertThat(AnsiText.of("<b>").html("b", 100)).isEqualTo("&lt;<mark>b</mark>&gt;");
    }

    @Test
    void aLongLineIsCutBetweenLetters() {
        var text = AnsiText.of(ESC + "[32m" + "🚢".repeat(5_000));
        assertThat(text.length()).isEqualTo(5_000);
        assertThat(text.html("", 3)).isEqualTo("<span class=\"ansi-32\">🚢🚢🚢</span>");
    }

    @Test
    void whateverComesTheMarkupIsWhole() {
        var random = new Random(7);
        var pieces = new String[] {
            ESC, ESC + "[", "31m", "38;5;", "m", ";", ":", "0", "9", "]8;;", "\u0007", "\\", "<", ">", "&", "\"", "x",
            "\r", "\b", "\ud83d", "K", "C", "?", "P", "\u009b", "ab"
        };
        for (int i = 0; i < 5_000; i++) {
            var text = new StringBuilder();
            for (int j = random.nextInt(30); j > 0; j--) {
                text.append(pieces[random.nextInt(pieces.length)]);
            }
            var html = AnsiText.of(text.toString()).html("ab", 1_000);
            assertThat(TAG.matcher(html).replaceAll("")).as(text.toString()).doesNotContain("<", ">", "\"");
            assertThat(html.split("<span", -1)).hasSameSizeAs(html.split("</span", -1));
            assertThat(html.split("<mark", -1)).hasSameSizeAs(html.split("</mark", -1));
        }
    }
}
