package codehaven.activities.cloning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class GitUrlTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://github.com/team/site",
                "https://github.com/team/site.git",
                "HTTPS://git.example.com:8443/a/b%20c.git",
                "https://93.184.216.34/x.git",
                "https://[2606:2800:220:1::1]/x.git"
            })
    void httpsIsTaken(String address) throws Exception {
        assertThat(GitUrl.of(address, false).toString()).isEqualTo(address);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "http://example.com/x.git | CODEHAVEN_GIT_ALLOW_LOCAL",
                "file:///srv/git/x.git | CODEHAVEN_GIT_ALLOW_LOCAL",
                "git@github.com:team/site.git | try https://github.com/team/site.git",
                "ssh://git@github.com/team/site.git | a user or a password",
                "ssh://github.com/team/site.git | try https://github.com/team/site.git",
                "git://example.com/x | https:// only",
                "ftp://example.com/x | https:// only",
                "github.com/team/site | try https://github.com/team/site",
                "/srv/git/site.git | give an https:// address",
                "ext::sh -c touch% /tmp/x | a space",
                "ext::sh | runs programs",
                "--upload-pack=touch | does not begin with '-'",
                "https://user:hunter2@example.com/x.git | a user or a password",
                "https://token@example.com/x.git | a user or a password",
                "https://example.com/x.git?a=b | a '?' or a '#'",
                "https://example.com/x.git#main | a '?' or a '#'",
                "https:///x.git | no valid host",
                "https://exa_mple.com@/x | a user or a password",
                "https://example.com./x.git | ends in a dot",
                "https://127.0.0.1./x.git | ends in a dot",
                "https://0x7f.1/x.git | unusual form",
                "https://0x7f000001/x.git | unusual form",
                "https://2130706433/x.git | unusual form",
                "https://127.1/x.git | unusual form",
                "https://0177.0.0.1/x.git | unusual form",
                "https://[fe80::1%25eth0]/x.git | network interface",
                "https://[::ffff:127.0.0.1]/x.git | unusual form",
                "https://example.com:0/x.git | port"
            })
    void restIsRefusedWithAReason(String address, String reason) {
        assertThatThrownBy(() -> GitUrl.of(address, false))
                .isInstanceOf(RemoteProblem.class)
                .hasMessageContaining(reason)
                .satisfies(thrown -> assertThat(thrown.getMessage()).doesNotContain("hunter2", "token"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://exam\u0000ple.com/", "https://example.com/a\nb", "https://example.com/\u007f"})
    void controlCharactersAreRefused(String address) {
        assertThatThrownBy(() -> GitUrl.of(address, true)).hasMessageContaining("control character");
    }

    @Test
    void addressWithAPasswordThatIsNoUrlIsNotRepeated() {
        assertThatThrownBy(() -> GitUrl.of("https://user:hun|ter2@example.com/x", true))
                .isInstanceOf(RemoteProblem.class)
                .satisfies(thrown -> assertThat(thrown.getMessage()).doesNotContain("ter2"));
    }

    @Test
    void localAddressesAreTakenWhereTheyAreAllowed() throws Exception {
        assertThat(GitUrl.of("http://127.0.0.1:3000/x.git", true).isFile()).isFalse();
        assertThat(GitUrl.of("file:///srv/git/x.git", true).isFile()).isTrue();
        assertThat(GitUrl.of("file:/srv/git/x.git", true).isFile()).isTrue();
        assertThatThrownBy(() -> GitUrl.of("file://host/x.git", true)).hasMessageContaining("file:///");
    }

    @ParameterizedTest
    @CsvSource({
        "../other.git, https://example.com/team/other.git",
        "./sub, https://example.com/team/site.git/sub",
        "../../else/lib.git, https://example.com/else/lib.git",
        "https://other.example/lib.git, https://other.example/lib.git"
    })
    void submodulesAddressesAreRelativeToTheirParents(String text, String whole) throws Exception {
        var parent = GitUrl.of("https://example.com/team/site.git", false);
        assertThat(parent.submodule(text, false).toString()).isEqualTo(whole);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../../../x", "../../../../x", "file:///etc", "git://example.com/x", "-x", "ext::sh"})
    void submodulesAddressesAreJudgedLikeOthers(String text) throws Exception {
        var parent = GitUrl.of("https://example.com/team/site.git", false);
        assertThatThrownBy(() -> parent.submodule(text, false)).isInstanceOf(RemoteProblem.class);
    }

    @ParameterizedTest
    @CsvSource({
        "8.8.8.8, PUBLIC",
        "140.82.121.3, PUBLIC",
        "2606:4700::1111, PUBLIC",
        "127.0.0.1, LOOPBACK",
        "127.255.255.254, LOOPBACK",
        "::1, LOOPBACK",
        "10.1.2.3, PRIVATE",
        "172.16.0.1, PRIVATE",
        "172.31.255.255, PRIVATE",
        "172.32.0.1, PUBLIC",
        "192.168.1.1, PRIVATE",
        "100.64.0.1, PRIVATE",
        "100.127.255.255, PRIVATE",
        "fd00::1, PRIVATE",
        "169.254.169.254, LINK_LOCAL",
        "fe80::1, LINK_LOCAL",
        "0.0.0.0, RESERVED",
        "0.1.2.3, RESERVED",
        "::, RESERVED",
        "224.0.0.1, RESERVED",
        "255.255.255.255, RESERVED",
        "240.0.0.1, RESERVED",
        "192.0.2.1, RESERVED",
        "198.18.0.1, RESERVED",
        "ff02::1, RESERVED",
        "fec0::1, RESERVED",
        "2001:db8::1, RESERVED",
        "2001::1, RESERVED",
        "::ffff:127.0.0.1, LOOPBACK",
        "::ffff:10.0.0.1, PRIVATE",
        "::127.0.0.1, RESERVED",
        "64:ff9b::7f00:1, LOOPBACK",
        "64:ff9b::a00:1, PRIVATE",
        "64:ff9b::8c52:7903, PUBLIC",
        "64:ff9b:1::1, RESERVED",
        "2002:7f00:1::, LOOPBACK",
        "2002:a9fe:a9fe::, LINK_LOCAL"
    })
    void addressesBelongToTheirRanges(String address, AddressGuard.Range range) {
        assertThat(AddressGuard.rangeOf(InetAddress.ofLiteral(address))).isEqualTo(range);
    }

    @Test
    void everyAddressOfANameIsJudged() throws Exception {
        var guard = new AddressGuard(
                false, host -> new InetAddress[] {InetAddress.ofLiteral("8.8.8.8"), InetAddress.ofLiteral("10.0.0.1")});
        assertThatThrownBy(() -> guard.admit("mixed.example"))
                .hasMessageContaining("mixed.example")
                .hasMessageContaining("10.0.0.1")
                .hasMessageContaining(GitUrl.SETTING);
    }

    @Test
    void linkLocalAddressesAreRefusedEvenWhereLocalOnesAreAllowed() {
        var guard = new AddressGuard(true, host -> new InetAddress[] {InetAddress.ofLiteral("169.254.169.254")});
        assertThatThrownBy(() -> guard.admit("metadata.example")).hasMessageContaining("always refused");
    }

    @Test
    void nameIsResolvedOnceAndConnectionsGoThere() throws Exception {
        var asked = new ArrayList<String>();
        var guard = new AddressGuard(false, host -> {
            asked.add(host);
            return new InetAddress[] {InetAddress.ofLiteral(asked.size() == 1 ? "8.8.8.8" : "127.0.0.1")};
        });
        guard.admit("rebinding.example");
        guard.admit("rebinding.example");
        assertThat(guard.pinned("rebinding.example"))
                .extracting(InetAddress::getHostAddress)
                .isEqualTo(List.of("8.8.8.8"));
        assertThat(asked).hasSize(1);
    }

    @Test
    void hostThatWasNotJudgedHasNoAddress() {
        var guard = new AddressGuard(true, host -> InetAddress.getAllByName("127.0.0.1"));
        assertThatThrownBy(() -> guard.pinned("localhost")).hasMessageContaining("not admitted");
    }

    @Test
    void ipv6HostsLoseTheirBrackets() {
        assertThat(GitUrl.bare(URI.create("https://[::1]/").getHost())).isEqualTo("::1");
    }
}
