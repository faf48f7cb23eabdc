package codehaven.activities.running;

import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A range of private IPv4 addresses that networks are cut out of, each with 256: as many as a switch from fifty
 * replicas to fifty others needs, with room for deployments that sleep.
 */
final class AddressPool {

    /** A range of addresses, both ends included. */
    record Range(long first, long last) {
        boolean overlaps(Range other) {
            return first <= other.last && other.first <= last;
        }
    }

    static final int NETWORK_BITS = 24;

    private static final int SIZE = 1 << (32 - NETWORK_BITS);
    private static final Pattern CIDR = Pattern.compile("(\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3})/(\\d{1,2})");

    private final Range all;

    /**
     * @throws IllegalArgumentException if it is no range such as {@code 10.208.0.0/12} of private addresses
     */
    AddressPool(String cidr) {
        all = range(cidr)
                .filter(each -> each.last() - each.first() + 1 >= SIZE)
                .filter(AddressPool::isPrivate)
                .orElseThrow(() -> new IllegalArgumentException(
                        "a range of private addresses such as 10.208.0.0/12, at least a /24, not " + cidr));
    }

    /** What the text says, if it is an IPv4 range. */
    static Optional<Range> range(String cidr) {
        var matched = CIDR.matcher(cidr);
        if (!matched.matches()) {
            return Optional.empty();
        }
        var bits = Integer.parseInt(matched.group(2));
        var address = number(matched.group(1));
        if (bits > 32 || address < 0) {
            return Optional.empty();
        }
        var size = 1L << (32 - bits);
        var first = address / size * size;
        return Optional.of(new Range(first, first + size - 1));
    }

    private static boolean isPrivate(Range range) {
        for (var each : new String[] {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}) {
            var one = range(each).orElseThrow();
            if (range.first() >= one.first() && range.last() <= one.last()) {
                return true;
            }
        }
        return false;
    }

    /** The first network that overlaps nothing of what is taken, as CIDR. */
    Optional<String> free(Collection<Range> taken) {
        for (var first = all.first(); first + SIZE - 1 <= all.last(); first += SIZE) {
            var candidate = new Range(first, first + SIZE - 1);
            if (taken.stream().noneMatch(candidate::overlaps)) {
                return Optional.of(text(first) + "/" + NETWORK_BITS);
            }
        }
        return Optional.empty();
    }

    /** The first address of a network for a container: not its own, nor the gateway's, nor the broadcast's. */
    static Optional<String> host(Range network, Set<String> taken) {
        for (var each = network.first() + 2; each < network.last(); each++) {
            if (!taken.contains(text(each))) {
                return Optional.of(text(each));
            }
        }
        return Optional.empty();
    }

    static String gateway(Range network) {
        return text(network.first() + 1);
    }

    private static long number(String address) {
        var number = 0L;
        for (var each : address.split("\\.", -1)) {
            var part = Integer.parseInt(each);
            if (part > 255) {
                return -1;
            }
            number = number << 8 | part;
        }
        return number;
    }

    static String text(long number) {
        return (number >> 24) + "." + (number >> 16 & 255) + "." + (number >> 8 & 255) + "." + (number & 255);
    }
}
