package codehaven.edge;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Where a container of an app is reached, and what all event loops know of it. */
final class AppAddress {

    private final String text;
    private final AtomicInteger outstanding = new AtomicInteger();
    private volatile long asideUntil = System.nanoTime();

    AppAddress(String text) {
        this.text = text;
    }

    String text() {
        return text;
    }

    /** Requests and connections of another protocol that it has now. */
    int outstanding() {
        return outstanding.get();
    }

    void begin() {
        outstanding.incrementAndGet();
    }

    void end() {
        outstanding.decrementAndGet();
    }

    /** It took no connection. */
    void setAside(Duration time) {
        asideUntil = System.nanoTime() + time.toNanos();
    }

    void isBack() {
        if (isAside()) {
            asideUntil = System.nanoTime();
        }
    }

    boolean isAside() {
        return System.nanoTime() - asideUntil < 0;
    }

    /** Null if the host is a name, which takes asking others. */
    @Nullable
    InetSocketAddress literal() throws UnknownHostException {
        var bytes = NetUtil.createByteArrayFromIpAddressString(host());
        return bytes == null ? null : new InetSocketAddress(InetAddress.getByAddress(bytes), port());
    }

    /** Blocks. */
    InetSocketAddress resolved() throws UnknownHostException {
        return new InetSocketAddress(InetAddress.getByName(host()), port());
    }

    private String host() throws UnknownHostException {
        var colon = text.lastIndexOf(':');
        if (colon <= 0) {
            throw new UnknownHostException("\"" + text + "\" is no host:port");
        }
        return text.substring(0, colon);
    }

    private int port() throws UnknownHostException {
        try {
            var port = Integer.parseInt(text.substring(text.lastIndexOf(':') + 1));
            if (port > 0 && port < 65_536) {
                return port;
            }
        } catch (NumberFormatException e) {
            var problem = new UnknownHostException("\"" + text + "\" is no host:port");
            problem.initCause(e);
            throw problem;
        }
        throw new UnknownHostException("\"" + text + "\" has no port");
    }

    @Override
    public String toString() {
        return text;
    }
}
