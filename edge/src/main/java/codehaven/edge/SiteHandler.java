package codehaven.edge;

import static io.netty.handler.codec.http.HttpResponseStatus.BAD_REQUEST;
import static io.netty.handler.codec.http.HttpResponseStatus.EXPECTATION_FAILED;
import static io.netty.handler.codec.http.HttpResponseStatus.INTERNAL_SERVER_ERROR;
import static io.netty.handler.codec.http.HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE;
import static io.netty.handler.codec.http.HttpResponseStatus.REQUEST_TIMEOUT;

import codehaven.edge.ConnectionClock.Phase;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection: takes a request, has it answered, takes the next. Requests sent ahead
 * wait. All methods run on the connection's event loop.
 */
final class SiteHandler extends ChannelInboundHandlerAdapter {

    /** For all connections when the server closes: finish what you are at. */
    static final Object DRAIN = new Object();

    private static final Logger LOG = LoggerFactory.getLogger(SiteHandler.class);
    /** Bodies mean nothing to files: so much is read and forgotten, a longer one ends the connection. */
    private static final int LONGEST_BODY = 64 * 1024;
    /** How long to read on after an early answer, so that it is not lost to a reset (RFC 9112, 9.6). */
    private static final int LINGER_SECONDS = 2;

    private final SiteAnswers answers;
    private final ConnectionClock clock;
    private final Queue<Object> waiting = new ArrayDeque<>();
    private boolean takingUp;
    private State state = State.READING;
    private @Nullable HttpRequest current;
    private long bodyBytes;
    private long begunAt;
    private boolean draining;
    private boolean inputEnded;

    private enum State {
        READING,
        ANSWERING,
        /** The last answer is out; what still comes is thrown away. */
        ENDING
    }

    SiteHandler(SiteAnswers answers, ConnectionClock clock) {
        this.answers = answers;
        this.clock = clock;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        readOn(ctx);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        waiting.add(message);
        takeUp(ctx);
    }

    /** What was decoded may have been less than a message. */
    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        readOn(ctx);
    }

    /** Takes messages up to the next request's end, and goes on when that is answered. A loop, not a recursion: a
     * thousand requests may have been sent ahead. */
    private void takeUp(ChannelHandlerContext ctx) {
        if (takingUp) {
            return;
        }
        takingUp = true;
        for (Object message; state == State.READING && (message = waiting.poll()) != null; ) {
            try {
                switch (message) {
                    case HttpRequest request -> begin(ctx, request);
                    case HttpContent content -> takeBody(ctx, content);
                    default -> throw new IllegalStateException("not of HTTP: " + message.getClass());
                }
            } finally {
                ReferenceCountUtil.release(message);
            }
        }
        takingUp = false;
        if (state == State.ENDING) {
            release();
        }
    }

    /** Nothing is read while an answer is on its way: who asks faster than he listens fills his own buffers. */
    private void readOn(ChannelHandlerContext ctx) {
        if (state != State.READING || !waiting.isEmpty()) {
            return;
        }
        if (inputEnded) {
            close(ctx);
        } else {
            ctx.read();
        }
    }

    private void release() {
        for (Object message; (message = waiting.poll()) != null; ) {
            ReferenceCountUtil.release(message);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        release();
        ctx.fireChannelInactive();
    }

    private void begin(ChannelHandlerContext ctx, HttpRequest request) {
        current = request;
        begunAt = System.nanoTime();
        bodyBytes = 0;
        if (request.decoderResult().isFailure()) {
            refuse(ctx, Framing.status(request.decoderResult().cause()));
        } else if (!Framing.isSound(request)) {
            refuse(ctx, BAD_REQUEST);
        } else if (request.headers().contains(HttpHeaderNames.EXPECT)) {
            if (!HttpUtil.is100ContinueExpected(request)) {
                refuse(ctx, EXPECTATION_FAILED);
            } else if (Framing.hasBody(request)) {
                answer(ctx, request, false);
            }
        }
    }

    private void takeBody(ChannelHandlerContext ctx, HttpContent content) {
        var request = current;
        bodyBytes += content.content().readableBytes();
        if (request == null || content.decoderResult().isFailure()) {
            refuse(ctx, BAD_REQUEST);
        } else if (bodyBytes > LONGEST_BODY) {
            refuse(ctx, REQUEST_ENTITY_TOO_LARGE);
        } else if (content instanceof LastHttpContent) {
            answer(ctx, request, HttpUtil.isKeepAlive(request));
        }
    }

    private void answer(ChannelHandlerContext ctx, HttpRequest message, boolean keepAlive) {
        state = State.ANSWERING;
        clock.enter(Phase.FINDING);
        try {
            var request = Request.of(message);
            var reply = answers.answer(request, false);
            if (reply != null) {
                send(ctx, reply, keepAlive);
            } else {
                Thread.ofVirtual().name("edge-answer").start(() -> find(ctx, request, keepAlive));
            }
        } catch (Refused e) {
            refuse(ctx, e.status());
        } catch (RuntimeException e) {
            LOG.error("cannot answer", e);
            send(ctx, Pages.of(INTERNAL_SERVER_ERROR), false);
        }
    }

    /** On a thread of its own, which may wait. */
    private void find(ChannelHandlerContext ctx, Request request, boolean keepAlive) {
        Reply reply;
        try {
            var found = answers.answer(request, true);
            reply = found == null ? Pages.of(INTERNAL_SERVER_ERROR) : found;
        } catch (RuntimeException e) {
            LOG.error("cannot answer", e);
            reply = Pages.of(INTERNAL_SERVER_ERROR);
        }
        var ready = reply;
        try {
            ctx.executor().execute(() -> send(ctx, ready, keepAlive));
        } catch (RejectedExecutionException e) {
            ready.close();
        }
    }

    private void refuse(ChannelHandlerContext ctx, HttpResponseStatus status) {
        state = State.ANSWERING;
        send(ctx, Pages.of(status), false);
    }

    private void send(ChannelHandlerContext ctx, Reply reply, boolean keepAlive) {
        clock.enter(Phase.SENDING);
        var request = current;
        var stays = keepAlive && !draining;
        var headers = reply.headers();
        headers.set(HttpHeaderNames.DATE, HttpDate.write(Instant.now()));
        headers.set("Server-Timing", timing());
        if (reply.status().code() != 204 && reply.status().code() != 304) {
            headers.set(HttpHeaderNames.CONTENT_LENGTH, reply.length());
        }
        HttpUtil.setKeepAlive(headers, request == null ? HttpVersion.HTTP_1_1 : request.protocolVersion(), stays);
        var head = request != null && request.method().equals(HttpMethod.HEAD);
        FileResponder.send(ctx, reply, head, () -> clock.enter(Phase.SENDING), cause -> sent(ctx, stays, cause));
    }

    private String timing() {
        return String.format(Locale.ROOT, "edge;dur=%.1f", (System.nanoTime() - begunAt) / 1e6);
    }

    private void sent(ChannelHandlerContext ctx, boolean stays, @Nullable Throwable cause) {
        if (cause != null) {
            LOG.debug("an answer was broken off: {}", cause.toString());
            close(ctx);
        } else if (stays && !draining) {
            current = null;
            state = State.READING;
            clock.enter(Phase.IDLE);
            takeUp(ctx);
            readOn(ctx);
        } else {
            end(ctx);
        }
    }

    private void end(ChannelHandlerContext ctx) {
        state = State.ENDING;
        if (inputEnded || !(ctx.channel() instanceof DuplexChannel duplex)) {
            close(ctx);
            return;
        }
        var _ = duplex.shutdownOutput().addListener(_ -> ctx.channel().config().setAutoRead(true));
        var _ = ctx.executor().schedule(() -> close(ctx), LINGER_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        switch (event) {
            case ChannelInputShutdownEvent _ -> {
                inputEnded = true;
                if (state != State.ANSWERING) {
                    close(ctx);
                }
            }
            case ConnectionClock.Expired(var phase, var begun) -> {
                if (phase == Phase.RECEIVING && begun && state == State.READING) {
                    refuse(ctx, REQUEST_TIMEOUT);
                } else {
                    close(ctx);
                }
            }
            case Object it
            when it == DRAIN -> {
                draining = true;
                if (state == State.READING && current == null) {
                    close(ctx);
                }
            }
            default -> ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof IOException) {
            LOG.debug("a connection broke: {}", cause.toString());
        } else {
            LOG.error("a connection failed", cause);
        }
        close(ctx);
    }

    private static void close(ChannelHandlerContext ctx) {
        var _ = ctx.close();
    }
}
