package codehaven.edge;

import io.netty.handler.codec.DateFormatter;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Points in time as HTTP writes them (RFC 9110, 5.6.7): whole seconds, in English, in GMT. */
final class HttpDate {

    private static final DateTimeFormatter FORM = DateTimeFormatter.ofPattern(
                    "EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH)
            .withZone(ZoneOffset.UTC);

    private HttpDate() {}

    static String write(Instant instant) {
        return FORM.format(instant);
    }

    /** Null if there is none or it cannot be read; also reads the two obsolete forms. */
    static @Nullable Instant read(@Nullable String text) {
        var date = text == null ? null : DateFormatter.parseHttpDate(text);
        return date == null ? null : date.toInstant();
    }
}
