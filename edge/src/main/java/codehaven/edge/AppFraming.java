package codehaven.edge;

import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpResponseStatus;

/**
 * Reads what an app answers, and refuses answers whose end two readers could see at different places (RFC 9112, 6.3).
 * After a 101 everything is passed on as it comes.
 */
final class AppFraming extends HttpResponseDecoder {

    static final int LONGEST_HEAD = 64 * 1024;

    private HttpMethod asked = HttpMethod.GET;

    AppFraming() {
        super(new HttpDecoderConfig()
                .setMaxInitialLineLength(Framing.LONGEST_LINE)
                .setMaxHeaderSize(LONGEST_HEAD)
                .setMaxChunkSize(64 * 1024)
                .setStrictLineParsing(true)
                .setUseRfc9112TransferEncoding(true)
                .setAllowDuplicateContentLengths(false));
    }

    /** What the next answer answers: one to HEAD has no body, whatever its head says. */
    void expect(HttpMethod method) {
        asked = method;
    }

    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
        throw new IllegalArgumentException("the answer has both Content-Length and Transfer-Encoding");
    }

    @Override
    protected boolean isContentAlwaysEmpty(HttpMessage message) {
        return message instanceof HttpResponse answer && isBodiless(answer.status(), asked);
    }

    @Override
    protected boolean isSwitchingToNonHttp1Protocol(HttpResponse answer) {
        return answer.status().code() == 101;
    }

    static boolean isBodiless(HttpResponseStatus status, HttpMethod asked) {
        var code = status.code();
        return code < 200 || code == 204 || code == 304 || asked.equals(HttpMethod.HEAD);
    }

    /** Whether the answer is one of HTTP/1 whose transfer coding, if there is one, is the only one that we understand. */
    static boolean isSound(HttpResponse answer) {
        var version = answer.protocolVersion();
        var codings = answer.headers().getAll(HttpHeaderNames.TRANSFER_ENCODING);
        return version.protocolName().equals("HTTP")
                && version.majorVersion() == 1
                && answer.status().code() >= 100
                && (codings.isEmpty()
                        || (codings.size() == 1
                                && codings.getFirst().strip().equalsIgnoreCase("chunked")
                                && !answer.headers().contains(HttpHeaderNames.CONTENT_LENGTH)));
    }
}
