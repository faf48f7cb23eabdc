package codehaven.edge;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Tells a connection that it takes too long: to ask, to take what it asked for, or to ask again. */
final class ConnectionClock extends ChannelInboundHandlerAdapter {

    enum Phase {
        /** Nothing was sent since the last answer. */
        IDLE,
        /** A request is on its way. */
        RECEIVING,
        /** The answer is being found; that has limits of its own. */
        FINDING,
        /** The answer is on its way. */
        SENDING,
        /** An app answers; how long that may take depends on where it is. */
        APP
    }

    /** The event for the handlers after this one. */
    record Expired(Phase phase, boolean begun) {}

    private final EdgeSettings.Times times;
    private final EdgeSettings.AppTimes apps;
    private Phase phase = Phase.RECEIVING;
    private @Nullable Duration ofApp;
    private boolean begun;
    private long since = System.nanoTime();
    private @Nullable Future<?> ticking;

    ConnectionClock(EdgeSettings.Times times, EdgeSettings.AppTimes apps) {
        this.times = times;
        this.apps = apps;
    }

    void enter(Phase next) {
        phase = next;
        since = System.nanoTime();
        begun = false;
    }

    /** An app answers, and may take so long for its next sign of life; null means that others see to that. */
    void enterApp(@Nullable Duration limit) {
        ofApp = limit;
        enter(Phase.APP);
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        since = System.nanoTime();
        var shortest = Math.min(
                Math.min(times.request().toMillis(), apps.answer().toMillis()),
                Math.min(times.idle().toMillis(), times.stall().toMillis()));
        var period = Math.clamp(shortest / 4, 20, 5_000);
        ticking = ctx.executor().scheduleWithFixedDelay(() -> tick(ctx), period, period, TimeUnit.MILLISECONDS);
        ctx.fireChannelActive();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (phase == Phase.IDLE) {
            enter(Phase.RECEIVING);
        }
        begun = true;
        ctx.fireChannelRead(message);
    }

    private void tick(ChannelHandlerContext ctx) {
        var limit = limit();
        if (limit != null && System.nanoTime() - since > limit.toNanos()) {
            var expired = new Expired(phase, begun);
            since = System.nanoTime();
            ctx.fireUserEventTriggered(expired);
        }
    }

    private @Nullable Duration limit() {
        return switch (phase) {
            case IDLE -> times.idle();
            case RECEIVING -> times.request();
            case FINDING -> null;
            case SENDING -> times.stall();
            case APP -> ofApp;
        };
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (ticking != null) {
            ticking.cancel(false);
        }
        ctx.fireChannelInactive();
    }
}
