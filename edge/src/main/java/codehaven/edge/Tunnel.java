package codehaven.edge;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Two connections as one: bytes in both directions, each only as fast as the other side takes them, and an end in one
 * direction leaves the other open. All methods run on the event loop of both.
 */
final class Tunnel implements Upstream.Use {

    private final Channel visitor;
    private final Upstream upstream;
    private final ConnectionClock clock;
    private final Runnable over;
    /** Without a byte in either direction. */
    private Duration longest;

    private final Duration longestHalf;
    private boolean visitorEnded;
    private boolean appEnded;
    private boolean closed;

    /**
     * @param over called once, when both connections are closed or about to be
     */
    Tunnel(
            Channel visitor,
            Upstream upstream,
            ConnectionClock clock,
            Duration longest,
            Duration longestHalf,
            Runnable over) {
        this.visitor = visitor;
        this.upstream = upstream;
        this.clock = clock;
        this.longest = longest;
        this.longestHalf = longestHalf;
        this.over = over;
    }

    /** Once the visitor's side passes bytes on as they come. */
    void start() {
        clock.enterApp(longest);
        readVisitor();
        if (visitor.isWritable()) {
            upstream.read();
        }
    }

    void fromVisitor(ByteBuf bytes) {
        clock.enterApp(longest);
        if (closed || appGone()) {
            bytes.release();
        } else {
            var _ = upstream.write(bytes);
        }
    }

    private boolean appGone() {
        return !upstream.channel().isActive();
    }

    void visitorReadComplete() {
        upstream.flush();
        readVisitor();
    }

    private void readVisitor() {
        if (!closed && !visitorEnded && upstream.channel().isWritable()) {
            visitor.read();
        }
    }

    void visitorWritabilityChanged() {
        if (!closed && !appEnded && visitor.isWritable()) {
            upstream.read();
        }
    }

    /** The visitor says nothing more. */
    void visitorEnded() {
        if (!visitorEnded) {
            visitorEnded = true;
            end(upstream.channel());
        }
    }

    void visitorClosed() {
        close();
    }

    @Override
    public void received(Object message) {
        if (message instanceof ByteBuf bytes && !closed) {
            clock.enterApp(longest);
            var _ = visitor.write(bytes);
        } else {
            ReferenceCountUtil.release(message);
        }
    }

    @Override
    public void receivedAll() {
        visitor.flush();
        visitorWritabilityChanged();
    }

    @Override
    public void writabilityChanged() {
        readVisitor();
    }

    @Override
    public void inputEnded() {
        if (!appEnded) {
            appEnded = true;
            end(visitor);
        }
    }

    /** Ends one direction, when all that was said in it has left. */
    private void end(Channel to) {
        longest = longestHalf;
        clock.enterApp(longest);
        to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> {
            if (visitorEnded && appEnded) {
                close();
            } else if (to instanceof DuplexChannel duplex) {
                var _ = duplex.shutdownOutput();
            }
        });
    }

    @Override
    public void closed(@Nullable Throwable cause) {
        finish();
        visitor.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    void close() {
        finish();
        upstream.close();
        var _ = visitor.close();
    }

    private void finish() {
        if (!closed) {
            closed = true;
            over.run();
        }
    }
}
