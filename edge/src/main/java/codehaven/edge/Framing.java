package codehaven.edge;

import static io.netty.handler.codec.http.HttpResponseStatus.BAD_REQUEST;
import static io.netty.handler.codec.http.HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE;
import static io.netty.handler.codec.http.HttpResponseStatus.REQUEST_URI_TOO_LONG;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.util.List;

/**
 * Reads requests, and refuses those whose end two servers could see at different places: the ground of request
 * smuggling (RFC 9112, 6.3 and 11.2).
 */
final class Framing extends HttpRequestDecoder {

    static final int LONGEST_LINE = 8 * 1024;
    static final int LONGEST_HEAD = 32 * 1024;

    /** Whether the last request asked for another protocol: what follows may be of that, and is left undecoded. */
    private boolean held;

    private boolean ahead;

    Framing() {
        super(new HttpDecoderConfig()
                .setMaxInitialLineLength(LONGEST_LINE)
                .setMaxHeaderSize(LONGEST_HEAD)
                .setMaxChunkSize(16 * 1024)
                .setStrictLineParsing(true)
                .setUseRfc9112TransferEncoding(true)
                .setAllowDuplicateContentLengths(false));
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
        if (held) {
            ahead = true;
            return;
        }
        var before = out.size();
        super.decode(ctx, in, out);
        if (out.size() > before
                && out.get(before) instanceof HttpRequest request
                && request.headers().contains(HttpHeaderNames.UPGRADE)
                && out.getLast() instanceof LastHttpContent) {
            held = true;
        }
    }

    /** Without asking for more by itself, as decoders do that have not enough for a message. */
    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) throws Exception {
        if (held) {
            ctx.fireChannelReadComplete();
        } else {
            super.channelReadComplete(ctx);
        }
    }

    /** Whether bytes are kept undecoded: then no more are to be read. */
    boolean isAhead() {
        return ahead;
    }

    /** Whether it waits to be told how to go on. */
    boolean isHeld() {
        return held;
    }

    /** The connection stays one of HTTP/1: what has come meanwhile are requests. */
    void goOn(ChannelHandlerContext ctx) {
        held = false;
        ahead = false;
        ctx.executor().execute(() -> {
            var mine = ctx.pipeline().context(this);
            if (mine != null) {
                try {
                    channelRead(mine, Unpooled.EMPTY_BUFFER);
                    channelReadComplete(mine);
                } catch (Exception e) {
                    ctx.fireExceptionCaught(e);
                }
            }
        });
    }

    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
        throw new IllegalArgumentException("both Content-Length and Transfer-Encoding");
    }

    /**
     * Whether the transfer coding, if there is one, is the only one that we understand, and the end is where all see it:
     * for a handshake of the WebSocket drafts the decoder takes eight bytes more that no length tells of.
     */
    static boolean isSound(HttpRequest request) {
        if (request.headers().contains("Sec-WebSocket-Key1")
                || request.headers().contains("Sec-WebSocket-Key2")) {
            return false;
        }
        var codings = request.headers().getAll(HttpHeaderNames.TRANSFER_ENCODING);
        return codings.isEmpty()
                || (codings.size() == 1
                        && codings.getFirst().strip().equalsIgnoreCase("chunked")
                        && !request.headers().contains(HttpHeaderNames.CONTENT_LENGTH)
                        && request.protocolVersion().equals(HttpVersion.HTTP_1_1));
    }

    /**
     * Whether another request may follow. After a body of HTTP/1.0 none does: there the decoder takes the first of several
     * lengths, and the rest of a longer one would be read as a request.
     */
    static boolean isKeepAlive(HttpRequest request) {
        return HttpUtil.isKeepAlive(request) && !(isOld(request) && hasBody(request));
    }

    /** Whether it is of HTTP/1.0, in which there are no expectations (RFC 9110, 10.1.1). */
    static boolean isOld(HttpRequest request) {
        return request.protocolVersion().compareTo(HttpVersion.HTTP_1_1) < 0;
    }

    static boolean hasBody(HttpRequest request) {
        return HttpUtil.isTransferEncodingChunked(request) || HttpUtil.getContentLength(request, 0L) > 0;
    }

    /** What to say to a request that could not be read. */
    static HttpResponseStatus status(Throwable cause) {
        return switch (cause) {
            case TooLongHttpLineException _ -> REQUEST_URI_TOO_LONG;
            case TooLongHttpHeaderException _ -> REQUEST_HEADER_FIELDS_TOO_LARGE;
            default -> BAD_REQUEST;
        };
    }
}
