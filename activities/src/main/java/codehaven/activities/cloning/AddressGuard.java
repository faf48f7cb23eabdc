package codehaven.activities.cloning;

import codehaven.model.FailureKind;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Decides which addresses a user's URL may lead to. A host is resolved once and every one of its addresses judged;
 * connections then go to exactly those, so that a name cannot mean something else a moment later.
 */
final class AddressGuard {

    /** Names to addresses; the system's, except in tests. */
    @FunctionalInterface
    interface Names {
        InetAddress[] addressesOf(String host) throws UnknownHostException;
    }

    /** Whose addresses they are; what is not for anybody's use is {@link #RESERVED}. */
    enum Range {
        PUBLIC,
        LOOPBACK,
        PRIVATE,
        LINK_LOCAL,
        RESERVED
    }

    private final boolean local;
    private final Names names;
    private final Map<String, InetAddress[]> pinned = new ConcurrentHashMap<>();

    /** @param local whether loopback and private addresses are allowed */
    AddressGuard(boolean local, Names names) {
        this.local = local;
        this.names = names;
    }

    /**
     * Judges all addresses of the host and keeps them for {@link #pinned}.
     *
     * @throws RemoteProblem if one of them is refused
     * @throws UnknownHostException if the name has none
     */
    void admit(String host) throws RemoteProblem, UnknownHostException {
        if (pinned.containsKey(host)) {
            return;
        }
        var addresses = names.addressesOf(host);
        if (addresses.length == 0) {
            throw new UnknownHostException(host);
        }
        for (var each : addresses) {
            judge(host, each);
        }
        pinned.put(host, addresses);
    }

    /** The addresses of a host that was admitted. */
    InetAddress[] pinned(String host) throws UnknownHostException {
        var addresses = pinned.get(host);
        if (addresses == null) {
            throw new UnknownHostException(host + " was not admitted");
        }
        return addresses.clone();
    }

    private void judge(String host, InetAddress address) throws RemoteProblem {
        var shown = host.equals(address.getHostAddress())
                ? "The address " + host
                : "The host " + Shown.quoted(host) + " has the address " + address.getHostAddress() + ", which";
        switch (rangeOf(address)) {
            case PUBLIC -> {}
            case LOOPBACK -> allowLocal(shown + " is this machine's own");
            case PRIVATE -> allowLocal(shown + " is of a private network");
            case LINK_LOCAL -> throw refused(shown + " is link-local: Git remotes there are always refused.");
            case RESERVED -> throw refused(shown + " is reserved: Git remotes there are always refused.");
        }
    }

    private void allowLocal(String fact) throws RemoteProblem {
        if (!local) {
            throw refused(fact + ": Git remotes there are refused, unless an administrator sets " + GitUrl.SETTING
                    + " to true.");
        }
    }

    private static RemoteProblem refused(String sentence) {
        return new RemoteProblem(FailureKind.REPOSITORY_REFUSED, sentence);
    }

    /** By the IANA special-purpose registries; forms that carry an IPv4 address are judged by it. */
    static Range rangeOf(InetAddress address) {
        return switch (address) {
            case Inet4Address four -> rangeOf4(four.getAddress());
            case Inet6Address six -> rangeOf6(six.getAddress());
            default -> Range.RESERVED;
        };
    }

    private static Range rangeOf4(byte[] bytes) {
        for (var block : BLOCKS_4) {
            if (block.has(bytes)) {
                return block.range;
            }
        }
        return Range.PUBLIC;
    }

    private static Range rangeOf6(byte[] bytes) {
        for (var block : BLOCKS_6) {
            if (block.has(bytes)) {
                return block.embeddedAt < 0
                        ? block.range
                        : rangeOf4(Arrays.copyOfRange(bytes, block.embeddedAt, block.embeddedAt + 4));
            }
        }
        // Only 2000::/3 is given out.
        return (bytes[0] & 0xe0) == 0x20 ? Range.PUBLIC : Range.RESERVED;
    }

    private static final class Block {
        private final byte[] start;
        private final int bits;
        private final Range range;
        private final int embeddedAt;

        private Block(byte[] start, int bits, Range range, int embeddedAt) {
            this.start = start;
            this.bits = bits;
            this.range = range;
            this.embeddedAt = embeddedAt;
        }

        /** @param embeddedAt where in it an IPv4 address stands that decides, or -1 */
        static Block of(String cidr, Range range, int embeddedAt) {
            var slash = cidr.indexOf('/');
            return new Block(
                    InetAddress.ofLiteral(cidr.substring(0, slash)).getAddress(),
                    Integer.parseInt(cidr.substring(slash + 1)),
                    range,
                    embeddedAt);
        }

        boolean has(byte[] address) {
            for (int bit = 0; bit < bits; bit++) {
                var mask = 0x80 >> (bit % 8);
                if ((address[bit / 8] & mask) != (start[bit / 8] & mask)) {
                    return false;
                }
            }
            return true;
        }
    }

    private static final List<Block> BLOCKS_4 = List.of(
            Block.of("127.0.0.0/8", Range.LOOPBACK, -1),
            Block.of("10.0.0.0/8", Range.PRIVATE, -1),
            Block.of("172.16.0.0/12", Range.PRIVATE, -1),
            Block.of("192.168.0.0/16", Range.PRIVATE, -1),
            Block.of("100.64.0.0/10", Range.PRIVATE, -1),
            Block.of("169.254.0.0/16", Range.LINK_LOCAL, -1),
            Block.of("0.0.0.0/8", Range.RESERVED, -1),
            Block.of("192.0.0.0/24", Range.RESERVED, -1),
            Block.of("192.0.2.0/24", Range.RESERVED, -1),
            Block.of("192.88.99.0/24", Range.RESERVED, -1),
            Block.of("198.18.0.0/15", Range.RESERVED, -1),
            Block.of("198.51.100.0/24", Range.RESERVED, -1),
            Block.of("203.0.113.0/24", Range.RESERVED, -1),
            // Multicast, future use and broadcast.
            Block.of("224.0.0.0/3", Range.RESERVED, -1));

    private static final List<Block> BLOCKS_6 = List.of(
            Block.of("::1/128", Range.LOOPBACK, -1),
            Block.of("::/128", Range.RESERVED, -1),
            Block.of("fc00::/7", Range.PRIVATE, -1),
            Block.of("fe80::/10", Range.LINK_LOCAL, -1),
            // NAT64 (RFC 6052) and 6to4 (RFC 3056).
            Block.of("64:ff9b::/96", Range.PUBLIC, 12),
            Block.of("2002::/16", Range.PUBLIC, 2),
            // IETF protocol assignments with Teredo and ORCHID, documentation.
            Block.of("2001::/23", Range.RESERVED, -1),
            Block.of("2001:db8::/32", Range.RESERVED, -1),
            Block.of("3fff::/20", Range.RESERVED, -1));
}
