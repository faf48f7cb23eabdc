package codehaven.edge;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One connection to an app, which serves one request after the other. All methods run on its event loop. */
final class Upstream extends ChannelInboundHandlerAdapter {

    private static final Logger LOG = LoggerFactory.getLogger(Upstream.class);

    private final AppAddress address;
    private final UpstreamPool pool;
    private final Channel channel;
    private final AppFraming framing = new AppFraming();
    private final AppEncoding encoding = new AppEncoding();
    private long mayRestNanos;
    private @Nullable Use use;
    private boolean usedBefore;
    private boolean done;
    private boolean inputEnded;
    private long restingSince;
    private @Nullable Throwable failure;

    /** Who has the connection now. */
    interface Use {

        /** @param message owned by the callee */
        void received(Object message);

        /** What had come was handed over; nothing more comes before {@link Upstream#read}. */
        void receivedAll();

        /** It takes more, or takes no more than this, for the moment. */
        void writabilityChanged();

        /** The app says nothing more. */
        void inputEnded();

        /** The connection is no more. */
        void closed(@Nullable Throwable cause);
    }

    Upstream(AppAddress address, UpstreamPool pool, Channel channel, Duration mayRest) {
        this.address = address;
        this.pool = pool;
        this.channel = channel;
        this.mayRestNanos = mayRest.toNanos();
        channel.pipeline().addLast(framing, encoding, this);
    }

    AppAddress address() {
        return address;
    }

    Channel channel() {
        return channel;
    }

    boolean isUsable() {
        return channel.isActive() && !inputEnded;
    }

    /** Whether a request came before the present one: then the app may just have ended it for want of one. */
    boolean usedBefore() {
        return usedBefore;
    }

    long restedNanos() {
        return System.nanoTime() - restingSince;
    }

    long mayRestNanos() {
        return mayRestNanos;
    }

    /** The app has said how long it keeps idle connections: ours are closed before. */
    void mayRest(Duration kept) {
        mayRestNanos = Math.min(mayRestNanos, kept.toNanos() / 2);
    }

    void begin(Use by, HttpMethod method) {
        use = by;
        framing.expect(method);
    }

    void handOver(Use to) {
        use = to;
    }

    ChannelFuture write(Object message) {
        return channel.write(message);
    }

    void flush() {
        channel.flush();
    }

    void read() {
        channel.read();
    }

    /** From now on both directions are bytes. */
    void openRaw() {
        channel.pipeline().remove(encoding);
        // It may be at work just now: until it is gone it passes on as bytes what comes.
        channel.eventLoop().execute(() -> {
            if (channel.pipeline().context(framing) != null) {
                channel.pipeline().remove(framing);
            }
        });
    }

    /**
     * The request is over.
     *
     * @param reusable whether another one may follow; not before all that has come was looked at, because what comes
     *     after an answer must never be taken for the next one
     */
    void end(boolean reusable) {
        if (reusable && isUsable()) {
            use = null;
            done = true;
        } else {
            use = null;
            close();
        }
    }

    /** One that was connected for somebody who has gone. */
    void endUnused() {
        pool.keep(this);
    }

    void rest() {
        usedBefore = true;
        restingSince = System.nanoTime();
        channel.read();
    }

    void close() {
        use = null;
        done = false;
        var _ = channel.close();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (use != null && failure == null) {
            use.received(message);
        } else {
            ReferenceCountUtil.release(message);
            if (use == null && channel.isActive()) {
                LOG.debug("{} says what nobody asked for", address);
                close();
            }
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (use != null) {
            use.receivedAll();
        }
        if (done) {
            done = false;
            pool.keep(this);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (use != null) {
            use.writabilityChanged();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true;
            if (use != null) {
                use.inputEnded();
            } else {
                close();
            }
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        var by = use;
        use = null;
        if (by != null) {
            by.closed(failure);
        } else {
            pool.forget(this);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!(cause instanceof java.io.IOException)) {
            LOG.error("a connection to {} failed", address, cause);
        }
        failure = failure == null ? cause : failure;
        var _ = channel.close();
    }
}
