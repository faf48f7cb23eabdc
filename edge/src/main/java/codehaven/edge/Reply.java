package codehaven.edge;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An answer, complete but for what belongs to the connection.
 *
 * @param content where the slices of the body come from; absent if it has none
 */
record Reply(
        HttpResponseStatus status,
        HttpHeaders headers,
        List<Segment> body,
        @Nullable Content content) implements Answer, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Reply.class);

    /** A stretch of the body. */
    sealed interface Segment {
        long length();
    }

    record Bytes(ByteBuffer bytes) implements Segment {
        @Override
        public long length() {
            return bytes.remaining();
        }
    }

    record Slice(long from, long length) implements Segment {}

    static Reply bodiless(HttpResponseStatus status, HttpHeaders headers) {
        return new Reply(status, headers, List.of(), null);
    }

    static Reply of(HttpResponseStatus status, HttpHeaders headers, byte[] body) {
        return new Reply(status, headers, List.of(new Bytes(ByteBuffer.wrap(body))), null);
    }

    long length() {
        return body.stream().mapToLong(Segment::length).sum();
    }

    /** Must be called once, whether the answer was sent or not. */
    @Override
    public void close() {
        if (content != null) {
            try {
                content.close();
            } catch (IOException e) {
                LOG.warn("a file did not close: {}", e.toString());
            }
        }
    }
}
