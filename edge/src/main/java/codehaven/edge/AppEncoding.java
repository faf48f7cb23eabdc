package codehaven.edge;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestEncoder;
import java.nio.charset.StandardCharsets;

/** Writes requests to an app. The target leaves byte for byte as it came, which the usual encoder does not promise. */
final class AppEncoding extends HttpRequestEncoder {

    @Override
    protected void encodeInitialLine(ByteBuf out, HttpRequest request) {
        out.writeCharSequence(request.method().name(), StandardCharsets.US_ASCII);
        out.writeByte(' ');
        out.writeCharSequence(request.uri(), StandardCharsets.ISO_8859_1);
        out.writeCharSequence(" HTTP/1.1\r\n", StandardCharsets.US_ASCII);
    }
}
