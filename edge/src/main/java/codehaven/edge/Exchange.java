package codehaven.edge;

import static io.netty.handler.codec.http.HttpResponseStatus.BAD_GATEWAY;
import static io.netty.handler.codec.http.HttpResponseStatus.BAD_REQUEST;
import static io.netty.handler.codec.http.HttpResponseStatus.GATEWAY_TIMEOUT;
import static io.netty.handler.codec.http.HttpResponseStatus.REQUEST_TIMEOUT;
import static io.netty.handler.codec.http.HttpResponseStatus.SERVICE_UNAVAILABLE;

import codehaven.model.Target;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One request to an app and its answer. Both pass through piece by piece; neither side is read faster than the other
 * takes it. All methods run on the visitor's event loop, which is also the app connection's.
 */
final class Exchange implements Upstream.Use, Waiting.Held {

    /** May be sent twice without harm (RFC 9110, 9.2.2). */
    private static final Set<HttpMethod> REPEATABLE =
            Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS, HttpMethod.PUT, HttpMethod.DELETE);

    /**
     * How old an idle connection may be for a request that cannot be sent twice: an app ends those that were idle for
     * seconds, and then the request would be lost.
     */
    private static final Duration FRESH = Duration.ofSeconds(1);

    /**
     * After so long without a byte of an answer under way, a visitor who has ended his side has gone: most have, and an app
     * is to learn it. Until the answer begins he gets the benefit of the doubt.
     */
    private static final Duration HALF = Duration.ofSeconds(1);

    /** After the app took no more of the body: for the answer that says why. */
    private static final Duration LAST_WORD = Duration.ofSeconds(1);

    private static final Pattern KEPT = Pattern.compile("(?i)timeout=(\\d{1,6})");

    private enum Stage {
        /** It has no connection to the app yet, and nothing of it was sent. */
        CONNECTING,
        HELD,
        /** The request, or its head, was sent. */
        ASKED,
        /** The head of the answer was passed on. */
        ANSWERING,
        OVER
    }

    private final Proxy proxy;
    private final SiteHandler visitor;
    private final ChannelHandlerContext ctx;
    private final ConnectionClock clock;
    private final Request request;
    private final HttpVersion version;
    private final HttpRequest head;
    private final @Nullable String upgrade;
    private final boolean expects;
    private final boolean keepAlive;
    private final String id = Pages.newId();
    private final List<AppAddress> tried = new ArrayList<>(0);

    private final ChannelFutureListener progress = this::progress;

    private Route route;
    /** The deployment that is said to be used by this. */
    private String counted;
    /** The deployment for whose app it waits. */
    private @Nullable String waitsFor;

    private Stage stage = Stage.CONNECTING;
    private boolean bodyTaken;
    private boolean bodyBegun;
    private boolean bodyRefused;
    private boolean continued;
    private boolean visitorEnded;
    private boolean answerBegun;
    private boolean informing;
    private boolean repeated;
    private boolean reusable;
    private boolean stays;
    /** Whether the answer ends with the connection, because the visitor knows no other way. */
    private boolean ended;

    private @Nullable AppAddress address;
    private @Nullable Upstream upstream;
    private @Nullable Future<?> patience;
    private long asleepSince;
    private long refusedSince;
    private String reason = "";

    /**
     * @param message the visitor's, whose fields become those for the app
     * @param bodyTaken whether the request is complete with its head
     */
    Exchange(
            Proxy proxy,
            SiteHandler visitor,
            ChannelHandlerContext ctx,
            ConnectionClock clock,
            Request request,
            HttpRequest message,
            Route route,
            boolean bodyTaken) {
        this.proxy = proxy;
        this.visitor = visitor;
        this.ctx = ctx;
        this.clock = clock;
        this.request = request;
        this.route = route;
        this.counted = route.deployment();
        this.bodyTaken = bodyTaken;
        this.version = message.protocolVersion();
        this.keepAlive = Framing.isKeepAlive(message);
        this.expects = !bodyTaken && HttpUtil.is100ContinueExpected(message);
        this.upgrade =
                bodyTaken && version.equals(HttpVersion.HTTP_1_1) ? ForwardedHeaders.upgrade(message.headers()) : null;
        this.head = new DefaultHttpRequest(HttpVersion.HTTP_1_1, request.method(), request.target(), forApp(message));
    }

    private HttpHeaders forApp(HttpRequest message) {
        var headers = message.headers();
        var chunked = HttpUtil.isTransferEncodingChunked(message);
        var trailers = ForwardedHeaders.takesTrailers(headers);
        ForwardedHeaders.toApp(headers, ctx.channel().remoteAddress(), request.authority(), id);
        if (chunked) {
            headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
        }
        if (!expects) {
            headers.remove(HttpHeaderNames.EXPECT);
        }
        if (upgrade != null) {
            headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE).set(HttpHeaderNames.UPGRADE, upgrade);
        } else if (trailers) {
            headers.set(HttpHeaderNames.CONNECTION, HttpHeaderNames.TE)
                    .set(HttpHeaderNames.TE, HttpHeaderValues.TRAILERS);
        }
        return headers;
    }

    void start() {
        proxy.usage().begin(counted);
        connect();
    }

    // The way to the app.

    private void connect() {
        stage = Stage.CONNECTING;
        clock.enterApp(null);
        tried.clear();
        connectToNext();
    }

    private void connectToNext() {
        if (!(route.target() instanceof Target.Container app)) {
            fail(SERVICE_UNAVAILABLE, "the host does not lead to an app any more");
            return;
        }
        var addresses = app.addresses();
        if (addresses.isEmpty()) {
            hold(false);
            return;
        }
        var next = proxy.upstreams().choose(addresses, tried);
        if (next == null) {
            if (tried.isEmpty()) {
                fail(SERVICE_UNAVAILABLE, "all of " + addresses + " have as many requests as may be at once");
            } else {
                hold(true);
            }
            return;
        }
        var pool = proxy.upstreams().pool(ctx.channel().eventLoop());
        var longest = isRepeatable() ? proxy.apps().idle() : FRESH;
        var idle = repeated ? null : pool.idle(next, longest);
        tried.add(next);
        next.begin();
        if (idle != null) {
            address = next;
            ask(idle);
        } else {
            pool.connect(next, (connected, cause) -> connected(next, connected, cause));
        }
    }

    private void connected(AppAddress to, @Nullable Upstream connected, @Nullable Throwable cause) {
        if (stage != Stage.CONNECTING) {
            to.end();
            if (connected != null) {
                connected.endUnused();
            }
        } else if (connected == null) {
            to.end();
            reason = to + " takes no connection: " + (cause == null ? "?" : cause.getMessage());
            connectToNext();
        } else {
            address = to;
            if (waitsFor != null) {
                proxy.waiting().healed(route.deployment());
            }
            ask(connected);
        }
    }

    private boolean isRepeatable() {
        return !bodyBegun && REPEATABLE.contains(request.method());
    }

    /** Waits for addresses, or for those that there are to take connections again. Nothing was sent yet. */
    private void hold(boolean refused) {
        stage = Stage.HELD;
        waitsFor = route.deployment();
        var now = System.nanoTime();
        if (refused) {
            refusedSince = refusedSince == 0 ? now : refusedSince;
            waitUntil(refusedSince + proxy.apps().heal().toNanos(), BAD_GATEWAY, reason);
        } else {
            asleepSince = asleepSince == 0 ? now : asleepSince;
            waitUntil(
                    asleepSince + proxy.apps().wake().toNanos(),
                    SERVICE_UNAVAILABLE,
                    "the app sleeps, and was not there in time");
        }
        switch (proxy.waiting().hold(route.deployment(), this, refused)) {
            // They may have changed before anybody knew that this one waits.
            case HELD -> ifRoutesChanged();
            case STOPPED -> stopped();
            case TOO_MANY -> fail(SERVICE_UNAVAILABLE, "too many requests wait for the app already");
        }
    }

    private void waitUntil(long nanoTime, HttpResponseStatus then, String why) {
        stopWaiting();
        patience = ctx.executor()
                .schedule(
                        () -> {
                            if (stage == Stage.HELD || stage == Stage.CONNECTING) {
                                fail(then, why);
                            }
                        },
                        nanoTime - System.nanoTime(),
                        TimeUnit.NANOSECONDS);
    }

    private void stopWaiting() {
        if (patience != null) {
            patience.cancel(false);
            patience = null;
        }
    }

    @Override
    public void tryAgain() {
        onLoop(() -> {
            if (stage == Stage.HELD) {
                goOn();
            }
        });
    }

    @Override
    public void lookAgain() {
        onLoop(this::ifRoutesChanged);
    }

    @Override
    public void isStopped() {
        onLoop(() -> {
            if (stage == Stage.HELD) {
                stopped();
            }
        });
    }

    private void stopped() {
        fail(SERVICE_UNAVAILABLE, "the app is stopped");
    }

    private void onLoop(Runnable action) {
        try {
            ctx.executor().execute(action);
        } catch (RejectedExecutionException e) {
            stage = Stage.OVER;
        }
    }

    private void ifRoutesChanged() {
        if (stage == Stage.HELD && !route.equals(proxy.routes().table().find(request.host()))) {
            goOn();
        }
    }

    /** With the routes as they are now. */
    private void goOn() {
        var now = proxy.routes().table().find(request.host());
        if (now == null) {
            fail(SERVICE_UNAVAILABLE, "the host does not lead to an app any more");
            return;
        }
        if (!now.deployment().equals(route.deployment())) {
            waitNoMore();
            proxy.usage().end(counted);
            counted = now.deployment();
            proxy.usage().begin(counted);
        }
        route = now;
        connect();
    }

    private void waitNoMore() {
        if (waitsFor != null) {
            proxy.waiting().leave(waitsFor, this);
            waitsFor = null;
        }
    }

    // The request.

    private void ask(Upstream to) {
        waitNoMore();
        stopWaiting();
        upstream = to;
        stage = Stage.ASKED;
        to.begin(this, request.method());
        to.write(head).addListener((ChannelFuture sent) -> asked(to, sent));
        if (bodyTaken) {
            var _ = to.write(LastHttpContent.EMPTY_LAST_CONTENT);
        }
        to.flush();
        if (upstream == to) {
            to.read();
            pace();
            visitor.takeMore(ctx);
        }
    }

    private void asked(Upstream to, ChannelFuture sent) {
        if (!sent.isSuccess() && upstream == to) {
            bodyRefused(to);
        }
    }

    /** Whether the visitor may say more of his body. */
    boolean takesBody() {
        return (stage == Stage.ASKED || stage == Stage.ANSWERING)
                && !bodyTaken
                && !bodyRefused
                && upstream != null
                && upstream.channel().isWritable();
    }

    /** Whether the visitor's connection is to be read: for the body, or else to learn that he has gone. */
    boolean reads() {
        return bodyTaken || takesBody();
    }

    boolean bodyTaken() {
        return bodyTaken;
    }

    void body(HttpContent content) {
        var to = upstream;
        if (to == null) {
            return;
        }
        if (content.decoderResult().isFailure()) {
            visitorBroke();
            return;
        }
        bodyBegun = bodyBegun || content.content().isReadable();
        if (content instanceof LastHttpContent last) {
            bodyTaken = true;
            bodyBegun = bodyBegun || !last.trailingHeaders().isEmpty();
            ForwardedHeaders.cleanTrailers(last.trailingHeaders());
        }
        to.write(content.retain()).addListener((ChannelFuture sent) -> {
            if (!sent.isSuccess() && upstream == to) {
                bodyRefused(to);
            }
        });
        pace();
    }

    void flush() {
        if (upstream != null && stage != Stage.OVER) {
            upstream.flush();
        }
    }

    /** The app takes no more of the request; what it has said before is still passed on. */
    private void bodyRefused(Upstream by) {
        if (!bodyRefused) {
            bodyRefused = true;
            var _ = ctx.executor()
                    .schedule(
                            () -> {
                                if (upstream == by && stage == Stage.ASKED) {
                                    by.close();
                                    closed(null);
                                }
                            },
                            LAST_WORD.toMillis(),
                            TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void writabilityChanged() {
        pace();
        visitor.takeMore(ctx);
    }

    /** The visitor has ended his side of the connection, and everything that he had said was looked at. */
    void visitorEnded() {
        if (!bodyTaken) {
            abort();
            var _ = ctx.close();
        } else if (!visitorEnded) {
            visitorEnded = true;
            pace();
        }
    }

    /** What he sends is no body. */
    private void visitorBroke() {
        if (stage == Stage.ANSWERING) {
            abort();
            var _ = ctx.close();
        } else {
            leave();
            visitor.reply(ctx, Pages.of(BAD_REQUEST), false);
        }
    }

    /** Sets how long the next sign of life may take: whose turn it is decides. */
    private void pace() {
        var to = upstream;
        if (to == null) {
            return;
        }
        var limit = switch (stage) {
            case CONNECTING, HELD, OVER -> null;
            case ASKED ->
                waitsForVisitor() ? proxy.times().stall() : proxy.apps().answer();
            case ANSWERING ->
                ctx.channel().isWritable()
                        ? proxy.apps().stream()
                        : proxy.times().stall();
        };
        clock.enterApp(
                limit != null && visitorEnded && stage == Stage.ANSWERING && limit.compareTo(HALF) > 0 ? HALF : limit);
    }

    private boolean waitsForVisitor() {
        return takesBody() && (!expects || continued || bodyBegun);
    }

    /** The clock that {@link #pace} sets has run out. */
    void expired() {
        switch (stage) {
            case ASKED -> {
                if (waitsForVisitor()) {
                    leave();
                    visitor.reply(ctx, Pages.of(REQUEST_TIMEOUT), false);
                } else {
                    fail(
                            GATEWAY_TIMEOUT,
                            address + " did not answer within " + proxy.apps().answer());
                }
            }
            case ANSWERING -> breakOff();
            case CONNECTING, HELD, OVER -> {}
        }
    }

    // The answer.

    @Override
    public void received(Object message) {
        answerBegun = true;
        try {
            if (stage == Stage.OVER || upstream == null) {
                return;
            }
            if (message instanceof HttpResponse answer) {
                head(answer);
            }
            if (message instanceof HttpContent content && !(message instanceof HttpResponse)) {
                content(content);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void head(HttpResponse answer) {
        var to = upstream;
        if (answer.decoderResult().isFailure()) {
            fail(
                    BAD_GATEWAY,
                    address + " answers with what is no HTTP: "
                            + answer.decoderResult().cause().getMessage());
            return;
        }
        if (stage != Stage.ASKED || to == null || !AppFraming.isSound(answer)) {
            fail(BAD_GATEWAY, address + " answers with what is no HTTP: " + answer.status());
            return;
        }
        var code = answer.status().code();
        if (code == 101) {
            switchProtocol(answer, to);
        } else if (code < 200) {
            informing = true;
            inform(answer);
        } else {
            answer(answer, to);
        }
    }

    /** A word before the answer, such as 100 or 103. */
    private void inform(HttpResponse word) {
        continued = continued || word.status().code() == 100;
        if (version.equals(HttpVersion.HTTP_1_1) && (word.status().code() != 100 || expects)) {
            ForwardedHeaders.dropOfTheConnection(word.headers());
            var _ = ctx.write(bodiless(word.status(), word.headers()));
        }
        pace();
    }

    private static DefaultFullHttpResponse bodiless(HttpResponseStatus status, HttpHeaders headers) {
        return new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, status, Unpooled.EMPTY_BUFFER, headers, EmptyHttpHeaders.INSTANCE);
    }

    private void answer(HttpResponse answer, Upstream to) {
        stage = Stage.ANSWERING;
        var headers = answer.headers();
        var bodiless = AppFraming.isBodiless(answer.status(), request.method());
        var chunked = HttpUtil.isTransferEncodingChunked(answer);
        var measured = headers.contains(HttpHeaderNames.CONTENT_LENGTH);
        reusable = HttpUtil.isKeepAlive(answer) && (bodiless || chunked || measured);
        keptFor(headers, to);
        ForwardedHeaders.dropOfTheConnection(headers);
        Proxy.mark(headers, route);
        headers.set(ForwardedHeaders.REQUEST_ID, id);
        if (!headers.contains(HttpHeaderNames.DATE)) {
            headers.set(HttpHeaderNames.DATE, HttpDate.write(Instant.now()));
        }
        ended = !bodiless && !measured && !version.equals(HttpVersion.HTTP_1_1);
        if (!bodiless && !measured && !ended) {
            headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
        }
        // Who still waits to be told to send his body is not going to.
        stays = keepAlive && !ended && !visitor.isDraining() && !(expects && !continued && !bodyBegun);
        if (ended) {
            // Whoever reads until the end must see a broken end as broken.
            ctx.channel().config().setOption(ChannelOption.SO_LINGER, 0);
        }
        HttpUtil.setKeepAlive(headers, version, stays);
        var _ = ctx.write(new DefaultHttpResponse(HttpVersion.HTTP_1_1, answer.status(), headers));
        pace();
    }

    private static void keptFor(HttpHeaders headers, Upstream to) {
        var kept = headers.get("Keep-Alive");
        if (kept != null) {
            var seconds = KEPT.matcher(kept);
            if (seconds.find()) {
                to.mayRest(Duration.ofSeconds(Long.parseLong(seconds.group(1))));
            }
        }
    }

    private void content(HttpContent content) {
        if (informing) {
            informing = !(content instanceof LastHttpContent);
            return;
        }
        if (content.decoderResult().isFailure()) {
            reason = address + " breaks off: " + content.decoderResult().cause().getMessage();
            breakOff();
        } else if (content instanceof LastHttpContent last) {
            ForwardedHeaders.cleanTrailers(last.trailingHeaders());
            finish(last);
        } else {
            ctx.write(content.retain()).addListener(progress);
        }
    }

    private void progress(ChannelFuture sent) {
        if (sent.isSuccess() && stage == Stage.ANSWERING) {
            pace();
        }
    }

    private void finish(LastHttpContent last) {
        var whole = bodyTaken;
        var to = upstream;
        stage = Stage.OVER;
        leaveApp();
        if (to != null) {
            to.end(reusable && whole && !bodyRefused);
        }
        clock.enter(ConnectionClock.Phase.SENDING);
        ctx.writeAndFlush(last.retain()).addListener((ChannelFuture sent) -> {
            if (ended) {
                ctx.channel().config().setOption(ChannelOption.SO_LINGER, -1);
            }
            visitor.answered(ctx, stays && whole, sent.cause());
        });
    }

    @Override
    public void receivedAll() {
        ctx.flush();
        readOn();
    }

    /** The visitor takes more, or no more for the moment. */
    void visitorWritabilityChanged() {
        pace();
        readOn();
    }

    private void readOn() {
        if (upstream != null
                && (stage == Stage.ASKED
                        || (stage == Stage.ANSWERING && ctx.channel().isWritable()))) {
            upstream.read();
        }
    }

    private void switchProtocol(HttpResponse answer, Upstream to) {
        if (upgrade == null) {
            fail(BAD_GATEWAY, address + " changes the protocol, and nobody asked for it");
            return;
        }
        stage = Stage.OVER;
        upstream = null;
        var headers = answer.headers();
        var protocol = headers.get(HttpHeaderNames.UPGRADE, upgrade);
        ForwardedHeaders.dropOfTheConnection(headers);
        headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE).set(HttpHeaderNames.UPGRADE, protocol);
        Proxy.mark(headers, route);
        headers.set(ForwardedHeaders.REQUEST_ID, id);
        var tunnel = new Tunnel(
                ctx.channel(), to, clock, proxy.apps().stream(), proxy.times().stall(), this::leaveApp);
        to.handOver(tunnel);
        var _ = ctx.writeAndFlush(bodiless(answer.status(), headers));
        to.openRaw();
        visitor.open(ctx, tunnel);
    }

    // The ends that nobody wanted.

    @Override
    public void inputEnded() {
        var to = upstream;
        if (to != null) {
            to.close();
            closed(null);
        }
    }

    @Override
    public void closed(@Nullable Throwable cause) {
        var to = upstream;
        switch (stage) {
            case ASKED -> {
                if (to != null && to.usedBefore() && !answerBegun && !repeated && isRepeatable()) {
                    // It was closed for want of requests while ours was on its way, and nobody has seen ours.
                    repeated = true;
                    bodyRefused = false;
                    upstream = null;
                    endAddress();
                    connect();
                } else {
                    fail(
                            BAD_GATEWAY,
                            address + " closes without an answer" + (cause == null ? "" : ": " + cause.getMessage()));
                }
            }
            case ANSWERING -> {
                reason = address + " breaks off in the middle of its answer";
                breakOff();
            }
            case CONNECTING, HELD, OVER -> {}
        }
    }

    /** The answer cannot be told to its end: the visitor sees that by the end of the connection. */
    private void breakOff() {
        abort();
        clock.enter(ConnectionClock.Phase.SENDING);
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    private void fail(HttpResponseStatus status, String why) {
        if (stage == Stage.ANSWERING) {
            breakOff();
            return;
        }
        var whole = bodyTaken;
        leave();
        visitor.reply(ctx, proxy.failure(status, route, request.host(), id, why), keepAlive && whole);
    }

    /** The visitor has gone. */
    void abort() {
        if (stage != Stage.OVER) {
            leave();
        }
    }

    private void leave() {
        stage = Stage.OVER;
        stopWaiting();
        waitNoMore();
        var to = upstream;
        leaveApp();
        if (to != null) {
            to.close();
        }
    }

    private void leaveApp() {
        upstream = null;
        endAddress();
        proxy.usage().end(counted);
    }

    private void endAddress() {
        if (address != null) {
            address.end();
            address = null;
        }
    }
}
