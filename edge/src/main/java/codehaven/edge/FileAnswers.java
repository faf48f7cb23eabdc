package codehaven.edge;

import static io.netty.handler.codec.http.HttpHeaderNames.ACCEPT_ENCODING;
import static io.netty.handler.codec.http.HttpHeaderNames.ACCEPT_RANGES;
import static io.netty.handler.codec.http.HttpHeaderNames.CONTENT_ENCODING;
import static io.netty.handler.codec.http.HttpHeaderNames.CONTENT_RANGE;
import static io.netty.handler.codec.http.HttpHeaderNames.CONTENT_TYPE;
import static io.netty.handler.codec.http.HttpHeaderNames.ETAG;
import static io.netty.handler.codec.http.HttpHeaderNames.LAST_MODIFIED;
import static io.netty.handler.codec.http.HttpHeaderNames.RANGE;
import static io.netty.handler.codec.http.HttpHeaderNames.VARY;
import static io.netty.handler.codec.http.HttpResponseStatus.NOT_ACCEPTABLE;
import static io.netty.handler.codec.http.HttpResponseStatus.NOT_FOUND;
import static io.netty.handler.codec.http.HttpResponseStatus.NOT_MODIFIED;
import static io.netty.handler.codec.http.HttpResponseStatus.OK;
import static io.netty.handler.codec.http.HttpResponseStatus.PARTIAL_CONTENT;
import static io.netty.handler.codec.http.HttpResponseStatus.PRECONDITION_FAILED;
import static io.netty.handler.codec.http.HttpResponseStatus.REQUESTED_RANGE_NOT_SATISFIABLE;

import codehaven.edge.Encodings.Form;
import codehaven.model.Manifest;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** A file as an answer: in which form, whole or in parts, or not at all because the visitor has it. */
final class FileAnswers {

    private final BlobCache blobs;

    FileAnswers(BlobCache blobs) {
        this.blobs = blobs;
    }

    /**
     * The file with status 200, or what the request's conditions and ranges make of it.
     *
     * @param pointedAt since when the host shows it
     * @return null if that takes waiting and the caller cannot
     */
    @Nullable
    Reply found(Request request, HttpHeaders headers, Manifest.File file, Instant pointedAt, boolean mayWait)
            throws Away {
        var range = request.is(HttpMethod.GET) ? request.headers().get(RANGE) : null;
        vary(headers, file);
        // Parts are of the file as it is: in a compressed form they would be of no use to most who ask for them.
        var form = range == null
                ? Encodings.choose(file, request.headers().getAll(ACCEPT_ENCODING))
                : Encodings.asIs(file);
        if (form == null) {
            return Pages.of(NOT_ACCEPTABLE, headers);
        }
        var modified = pointedAt.truncatedTo(ChronoUnit.SECONDS);
        headers.set(ETAG, form.etag()).set(LAST_MODIFIED, HttpDate.write(modified));
        switch (Conditions.judge(request.headers(), form.etag(), modified)) {
            case NOT_MODIFIED -> {
                return Reply.bodiless(NOT_MODIFIED, headers);
            }
            case FAILED -> {
                return Pages.of(PRECONDITION_FAILED, headers.remove(ETAG).remove(LAST_MODIFIED));
            }
            case SEND -> {}
        }
        describe(headers, form);
        headers.set(ACCEPT_RANGES, "bytes");
        var content = content(form, mayWait);
        if (content == null) {
            return null;
        }
        if (range != null && isSeekable(content) && Conditions.rangeHolds(request.headers(), form.etag(), modified)) {
            var parts = ByteRanges.parse(range, file.size());
            if (parts != null) {
                return inParts(headers, file, parts, content);
            }
        }
        return new Reply(OK, headers, whole(form), content);
    }

    /** The site's own page for what is not there: without a tag, because it is no state of what was asked for. */
    @Nullable
    Reply missing(Request request, HttpHeaders headers, Manifest.File page, boolean mayWait) throws Away {
        vary(headers, page);
        var chosen = Encodings.choose(page, request.headers().getAll(ACCEPT_ENCODING));
        var form = chosen == null ? Encodings.asIs(page) : chosen;
        describe(headers, form);
        var content = content(form, mayWait);
        return content == null ? null : new Reply(NOT_FOUND, headers, whole(form), content);
    }

    private @Nullable Content content(Form form, boolean mayWait) throws Away {
        var ready = blobs.ready(form.key());
        return ready != null || !mayWait ? ready : blobs.open(form.key(), form.size());
    }

    private static List<Reply.Segment> whole(Form form) {
        return List.of(new Reply.Slice(0, form.size()));
    }

    private static boolean isSeekable(Content content) {
        return !(content instanceof Content.Slow slow) || slow.seekable();
    }

    private static void vary(HttpHeaders headers, Manifest.File file) {
        if (!file.variants().isEmpty()) {
            headers.set(VARY, "Accept-Encoding");
        }
    }

    private static void describe(HttpHeaders headers, Form form) {
        var type = form.file().type();
        headers.set(CONTENT_TYPE, isFieldValue(type) ? type : "application/octet-stream");
        if (form.variant() != null) {
            headers.set(CONTENT_ENCODING, form.variant().encoding());
        }
    }

    private static boolean isFieldValue(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> c >= ' ' && c < 127);
    }

    private static Reply inParts(
            HttpHeaders headers, Manifest.File file, List<ByteRanges.Part> parts, Content content) {
        if (parts.isEmpty()) {
            new Reply(OK, headers, List.of(), content).close();
            return Pages.of(
                    REQUESTED_RANGE_NOT_SATISFIABLE,
                    headers.remove(ETAG).remove(LAST_MODIFIED).set(CONTENT_RANGE, "bytes */" + file.size()));
        }
        if (parts.size() == 1) {
            var part = parts.getFirst();
            headers.set(CONTENT_RANGE, range(part, file));
            return new Reply(PARTIAL_CONTENT, headers, List.of(new Reply.Slice(part.first(), part.length())), content);
        }
        var boundary = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
        var type = headers.get(CONTENT_TYPE);
        var body = new ArrayList<Reply.Segment>();
        for (var part : parts) {
            body.add(text("\r\n--" + boundary + "\r\nContent-Type: " + type + "\r\nContent-Range: " + range(part, file)
                    + "\r\n\r\n"));
            body.add(new Reply.Slice(part.first(), part.length()));
        }
        body.add(text("\r\n--" + boundary + "--\r\n"));
        headers.set(CONTENT_TYPE, "multipart/byteranges; boundary=" + boundary);
        return new Reply(PARTIAL_CONTENT, headers, body, content);
    }

    private static Reply.Segment text(String text) {
        return new Reply.Bytes(StandardCharsets.US_ASCII.encode(text));
    }

    private static String range(ByteRanges.Part part, Manifest.File file) {
        return "bytes " + part.first() + "-" + part.last() + "/" + file.size();
    }
}
