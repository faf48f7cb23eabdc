package codehaven.edge;

import static io.netty.handler.codec.http.HttpResponseStatus.BAD_REQUEST;
import static io.netty.handler.codec.http.HttpResponseStatus.EXPECTATION_FAILED;
import static io.netty.handler.codec.http.HttpResponseStatus.INTERNAL_SERVER_ERROR;
import static io.netty.handler.codec.http.HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE;
import static io.netty.handler.codec.http.HttpResponseStatus.REQUEST_TIMEOUT;

import codehaven.edge.ConnectionClock.Phase;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
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
    private final Proxy proxy;
    private final Framing framing;
    private final ConnectionClock clock;
    private final Queue<Object> waiting = new ArrayDeque<>();
    private boolean takingUp;
    private State state = State.READING;
    private @Nullable HttpRequest current;
    private @Nullable Request asked;
    private @Nullable Exchange exchange;
    private @Nullable Tunnel tunnel;
    private long bodyBytes;
    private long begunAt;
    private boolean draining;
    private boolean inputEnded;

    private enum State {
        READING,
        ANSWERING,
        /** An app has the request. */
        PROXYING,
        /** The connection is one with that of an app. */
        TUNNEL,
        /** The last answer is out; what still comes is thrown away. */
        ENDING
    }

    SiteHandler(SiteAnswers answers, Proxy proxy, Framing framing, ConnectionClock clock) {
        this.answers = answers;
        this.proxy = proxy;
        this.framing = framing;
        this.clock = clock;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        readOn(ctx);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof ByteBuf bytes) {
            if (tunnel == null) {
                bytes.release();
            } else {
                tunnel.fromVisitor(bytes);
            }
            return;
        }
        waiting.add(message);
        takeUp(ctx);
    }

    /** What was decoded may have been less than a message. */
    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (tunnel != null) {
            tunnel.visitorReadComplete();
        } else {
            readOn(ctx);
        }
    }

    /** Takes messages up to the next request's end, and goes on when that is answered. A loop, not a recursion: a
     * thousand requests may have been sent ahead. */
    private void takeUp(ChannelHandlerContext ctx) {
        if (takingUp) {
            return;
        }
        takingUp = true;
        for (Object message; takes() && (message = waiting.poll()) != null; ) {
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
        if (exchange != null) {
            exchange.flush();
        }
        if (state == State.ENDING) {
            release();
        }
    }

    private boolean takes() {
        return state == State.READING || (state == State.PROXYING && exchange != null && exchange.takesBody());
    }

    /** Nothing is read while an answer is on its way: who asks faster than he listens fills his own buffers. */
    private void readOn(ChannelHandlerContext ctx) {
        if (state == State.PROXYING && exchange != null && waiting.isEmpty()) {
            if (inputEnded) {
                exchange.visitorEnded();
            } else if (exchange.reads() && !framing.isAhead()) {
                ctx.read();
            }
            return;
        }
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
        if (exchange != null) {
            exchange.abort();
        }
        if (tunnel != null) {
            tunnel.visitorClosed();
        }
        ctx.fireChannelInactive();
    }

    private void begin(ChannelHandlerContext ctx, HttpRequest request) {
        current = request;
        begunAt = System.nanoTime();
        bodyBytes = 0;
        if (request.decoderResult().isFailure()) {
            refuse(ctx, Framing.status(request.decoderResult().cause()));
            return;
        }
        if (!Framing.isSound(request)) {
            refuse(ctx, BAD_REQUEST);
            return;
        }
        if (request.headers().contains(HttpHeaderNames.EXPECT)
                && !Framing.isOld(request)
                && !HttpUtil.is100ContinueExpected(request)) {
            refuse(ctx, EXPECTATION_FAILED);
            return;
        }
        try {
            var it = Request.of(request);
            asked = it;
            if (Framing.hasBody(request)) {
                beginWithBody(ctx, request, it, answers.atHead(it, false));
            }
        } catch (Refused e) {
            refuse(ctx, e.status());
        }
    }

    /** For an app the body is not waited for: it may be as long as it likes.
     *
     * @param answer null if it takes waiting */
    private void beginWithBody(
            ChannelHandlerContext ctx, HttpRequest message, Request request, @Nullable Answer answer) {
        switch (answer) {
            case null -> {
                state = State.ANSWERING;
                clock.enter(Phase.FINDING);
                Thread.ofVirtual().name("edge-answer").start(() -> findAtHead(ctx, message, request));
            }
            case Answer.App(var route) -> proxy(ctx, request, message, route, false);
            case Answer.AfterBody _ -> {
                if (message.headers().contains(HttpHeaderNames.EXPECT) && !Framing.isOld(message)) {
                    answer(ctx, message, request, false);
                }
            }
            case Reply reply -> send(ctx, reply, false);
        }
    }

    /** On a thread of its own, which may wait. */
    private void findAtHead(ChannelHandlerContext ctx, HttpRequest message, Request request) {
        Answer answer;
        try {
            var found = answers.atHead(request, true);
            answer = found == null ? Pages.of(INTERNAL_SERVER_ERROR) : found;
        } catch (RuntimeException e) {
            LOG.error("cannot answer", e);
            answer = Pages.of(INTERNAL_SERVER_ERROR);
        }
        var ready = answer;
        onLoop(ctx, () -> {
            state = State.READING;
            clock.enter(Phase.RECEIVING);
            beginWithBody(ctx, message, request, ready);
            takeUp(ctx);
            readOn(ctx);
        });
    }

    private static void onLoop(ChannelHandlerContext ctx, Runnable action) {
        try {
            ctx.executor().execute(action);
        } catch (RejectedExecutionException e) {
            LOG.debug("the edge has ended meanwhile");
        }
    }

    private void takeBody(ChannelHandlerContext ctx, HttpContent content) {
        if (state == State.PROXYING && exchange != null) {
            exchange.body(content);
            return;
        }
        var message = current;
        var request = asked;
        bodyBytes += content.content().readableBytes();
        if (message == null || request == null || content.decoderResult().isFailure()) {
            refuse(ctx, BAD_REQUEST);
        } else if (bodyBytes > LONGEST_BODY) {
            if (SiteAnswers.isRead(request)) {
                refuse(ctx, REQUEST_ENTITY_TOO_LARGE);
            } else {
                // No smaller body would help.
                state = State.ANSWERING;
                send(ctx, SiteAnswers.notAllowed(new DefaultHttpHeaders()), false);
            }
        } else if (content instanceof LastHttpContent) {
            answer(ctx, message, request, Framing.isKeepAlive(message));
        }
    }

    private void answer(ChannelHandlerContext ctx, HttpRequest message, Request request, boolean keepAlive) {
        state = State.ANSWERING;
        clock.enter(Phase.FINDING);
        try {
            var answer = answers.answer(request, false);
            if (answer != null) {
                give(ctx, message, request, answer, keepAlive);
            } else {
                Thread.ofVirtual().name("edge-answer").start(() -> find(ctx, message, request, keepAlive));
            }
        } catch (Refused e) {
            refuse(ctx, e.status());
        } catch (RuntimeException e) {
            LOG.error("cannot answer", e);
            send(ctx, Pages.of(INTERNAL_SERVER_ERROR), false);
        }
    }

    private void give(
            ChannelHandlerContext ctx, HttpRequest message, Request request, Answer answer, boolean keepAlive) {
        switch (answer) {
            case Reply reply -> send(ctx, reply, keepAlive);
            case Answer.App(var route) -> proxy(ctx, request, message, route, true);
            case Answer.AfterBody _ -> throw new IllegalStateException("the body was read");
        }
    }

    /** On a thread of its own, which may wait. */
    private void find(ChannelHandlerContext ctx, HttpRequest message, Request request, boolean keepAlive) {
        Answer answer;
        try {
            var found = answers.answer(request, true);
            answer = found == null ? Pages.of(INTERNAL_SERVER_ERROR) : found;
        } catch (Refused e) {
            onLoop(ctx, () -> refuse(ctx, e.status()));
            return;
        } catch (RuntimeException e) {
            LOG.error("cannot answer", e);
            answer = Pages.of(INTERNAL_SERVER_ERROR);
        }
        var ready = answer;
        try {
            ctx.executor().execute(() -> {
                give(ctx, message, request, ready, keepAlive);
                readOn(ctx);
            });
        } catch (RejectedExecutionException e) {
            if (ready instanceof Reply reply) {
                reply.close();
            }
        }
    }

    private void proxy(
            ChannelHandlerContext ctx, Request request, HttpRequest message, Route route, boolean bodyTaken) {
        if (!ctx.channel().isActive()) {
            return;
        }
        state = State.PROXYING;
        var its = new Exchange(proxy, this, ctx, clock, request, message, route, bodyTaken);
        exchange = its;
        its.start();
    }

    /** The exchange takes more of the body, or has come so far that the visitor is watched. */
    void takeMore(ChannelHandlerContext ctx) {
        takeUp(ctx);
        readOn(ctx);
    }

    /** No app answers: this does. */
    void reply(ChannelHandlerContext ctx, Reply reply, boolean keepAlive) {
        exchange = null;
        state = State.ANSWERING;
        send(ctx, reply, keepAlive);
    }

    /** The app's answer has left, or could not. */
    void answered(ChannelHandlerContext ctx, boolean stays, @Nullable Throwable cause) {
        exchange = null;
        state = State.ANSWERING;
        sent(ctx, stays, cause);
    }

    /** The connection is of another protocol now. */
    void open(ChannelHandlerContext ctx, Tunnel opened) {
        exchange = null;
        state = State.TUNNEL;
        tunnel = opened;
        ctx.pipeline().remove("responses");
        ctx.pipeline().remove(framing);
        opened.start();
        if (inputEnded) {
            opened.visitorEnded();
        }
    }

    boolean isDraining() {
        return draining;
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
            asked = null;
            state = State.READING;
            clock.enter(Phase.IDLE);
            if (framing.isHeld()) {
                framing.goOn(ctx);
            }
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
                switch (state) {
                    case ANSWERING -> {}
                    case PROXYING -> readOn(ctx);
                    case TUNNEL -> {
                        if (tunnel != null) {
                            tunnel.visitorEnded();
                        }
                    }
                    case READING, ENDING -> close(ctx);
                }
            }
            case ConnectionClock.Expired(var phase, var begun) -> {
                if (phase == Phase.APP && exchange != null) {
                    exchange.expired();
                } else if (phase == Phase.RECEIVING && begun && state == State.READING) {
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
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (exchange != null) {
            exchange.visitorWritabilityChanged();
        }
        if (tunnel != null) {
            tunnel.visitorWritabilityChanged();
        }
        ctx.fireChannelWritabilityChanged();
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
