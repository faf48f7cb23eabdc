package codehaven.edge;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The connections of one event loop to apps. All methods run on it. */
final class UpstreamPool {

    private static final Logger LOG = LoggerFactory.getLogger(UpstreamPool.class);
    /** Idle ones per address; what exceeds them is closed after its request. */
    private static final int IDLE = 64;
    /**
     * Connections to one address that are being made at once. When an app wakes, all that waited come together, and more
     * than the app's queue of new connections holds would be thrown away by its kernel.
     */
    private static final int CONNECTING = 32;
    /**
     * What the kernel may hold of an answer that nobody takes. It needs not be large to one's own machine, and what it
     * holds is read at once when the app has ended the connection.
     */
    private static final int RECEIVE_BUFFER = 256 * 1024;

    private static final Duration SWEEP = Duration.ofSeconds(1);

    private final EventLoop loop;
    private final Bootstrap bootstrap;
    private final EdgeSettings.AppTimes times;
    private final Predicate<AppAddress> routed;
    /** The one used last comes first. */
    private final Map<AppAddress, Deque<Upstream>> idle = new HashMap<>();

    private final Map<AppAddress, Making> making = new HashMap<>();
    private boolean sweeping;

    /** The connections to one address that are being made, and who waits for one. */
    private static final class Making {
        private final Deque<Connecting> waiting = new ArrayDeque<>();
        private int underWay;
    }

    /** Takes the outcome of a connecting; one of the two is null. */
    interface Connecting {
        void ended(@Nullable Upstream upstream, @Nullable Throwable cause);
    }

    UpstreamPool(
            EventLoop loop,
            Class<? extends Channel> transport,
            EdgeSettings.AppTimes times,
            Predicate<AppAddress> routed) {
        this.loop = loop;
        this.times = times;
        this.routed = routed;
        this.bootstrap = new Bootstrap()
                .group(loop)
                .channel(transport)
                .option(ChannelOption.AUTO_READ, false)
                // An app may refuse the rest of a body and still have said why.
                .option(ChannelOption.AUTO_CLOSE, false)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.SO_RCVBUF, RECEIVE_BUFFER)
                .option(
                        ChannelOption.CONNECT_TIMEOUT_MILLIS,
                        Math.toIntExact(times.connect().toMillis()))
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {}
                });
    }

    /**
     * A connection that was used before and looks open.
     *
     * @param longest it may have been idle
     */
    @Nullable
    Upstream idle(AppAddress address, Duration longest) {
        var those = idle.get(address);
        for (Upstream each; those != null && (each = those.peekFirst()) != null; ) {
            var rested = each.restedNanos();
            if (each.isUsable() && rested < each.mayRestNanos()) {
                return rested < longest.toNanos() ? those.pollFirst() : null;
            }
            those.removeFirst();
            each.close();
        }
        return null;
    }

    /** A new connection, or one that becomes free before. */
    void connect(AppAddress address, Connecting connecting) {
        var its = making.computeIfAbsent(address, _ -> new Making());
        if (its.underWay >= CONNECTING) {
            its.waiting.addLast(connecting);
        } else {
            its.underWay++;
            make(address, connecting);
        }
    }

    private void make(AppAddress address, Connecting connecting) {
        try {
            var literal = address.literal();
            if (literal != null) {
                make(address, literal, connecting);
            } else {
                Thread.ofVirtual().name("edge-resolve").start(() -> resolve(address, connecting));
            }
        } catch (UnknownHostException e) {
            failed(address, connecting, e);
        }
    }

    /** On a thread that may wait. */
    private void resolve(AppAddress address, Connecting connecting) {
        try {
            var resolved = address.resolved();
            loop.execute(() -> make(address, resolved, connecting));
        } catch (UnknownHostException e) {
            loop.execute(() -> failed(address, connecting, e));
        } catch (RejectedExecutionException e) {
            LOG.debug("the edge has ended meanwhile");
        }
    }

    private void make(AppAddress address, InetSocketAddress to, Connecting connecting) {
        bootstrap.connect(to).addListener((ChannelFuture connected) -> {
            if (connected.isSuccess()) {
                address.isBack();
                var next = made(address).waiting.pollFirst();
                connecting.ended(new Upstream(address, this, connected.channel(), times.idle()), null);
                if (next != null) {
                    connect(address, next);
                }
            } else {
                failed(address, connecting, connected.cause());
            }
        });
    }

    private Making made(AppAddress address) {
        var its = making.computeIfAbsent(address, _ -> new Making());
        its.underWay--;
        if (its.underWay == 0 && its.waiting.size() < 2) {
            making.remove(address);
        }
        return its;
    }

    /** Those who wait for a connection to the address learn it too, and try another one. */
    private void failed(AppAddress address, Connecting connecting, Throwable cause) {
        address.setAside(times.aside());
        var its = made(address);
        var all = new ArrayDeque<>(its.waiting);
        its.waiting.clear();
        if (its.underWay == 0) {
            making.remove(address);
        }
        connecting.ended(null, cause);
        all.forEach(each -> each.ended(null, cause));
    }

    /** Keeps a connection for another request, or closes it. */
    void keep(Upstream upstream) {
        var its = making.get(upstream.address());
        var next = its == null || !upstream.isUsable() ? null : its.waiting.pollFirst();
        if (next != null) {
            upstream.rest();
            next.ended(upstream, null);
            return;
        }
        var those = idle.computeIfAbsent(upstream.address(), _ -> new ArrayDeque<>());
        if (!upstream.isUsable() || those.size() >= IDLE || !routed.test(upstream.address())) {
            upstream.close();
            return;
        }
        those.addFirst(upstream);
        upstream.rest();
        if (!sweeping) {
            sweeping = true;
            var _ = loop.schedule(this::sweepOn, SWEEP.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    /** One that was closed while it was idle. */
    void forget(Upstream upstream) {
        var those = idle.get(upstream.address());
        if (those != null) {
            those.remove(upstream);
        }
    }

    private void sweepOn() {
        sweep();
        sweeping = !idle.isEmpty();
        if (sweeping) {
            var _ = loop.schedule(this::sweepOn, SWEEP.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    /** Closes what was idle for too long, or is of no use any more. */
    void sweep() {
        idle.entrySet().removeIf(each -> {
            var those = each.getValue();
            var wanted = routed.test(each.getKey());
            those.removeIf(upstream -> {
                if (wanted && upstream.isUsable() && upstream.restedNanos() < upstream.mayRestNanos()) {
                    return false;
                }
                upstream.close();
                return true;
            });
            return those.isEmpty();
        });
    }
}
