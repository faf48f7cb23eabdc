package codehaven.edge;

import static io.netty.handler.codec.http.HttpResponseStatus.BAD_REQUEST;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayDeque;
import java.util.List;

/** The path of a request as the key that a manifest uses, and back. */
final class SitePath {

    private static final String UNRESERVED_IN_PATH = "-._~!$&'()*+,;=:@/";
    private static final String HEX = "0123456789ABCDEF";

    private SitePath() {}

    /**
     * The path decoded once, without the leading slash; empty segments and dot segments are gone.
     *
     * @param raw begins with a slash; characters above 127 stand for bytes
     * @throws Refused for bad percent-encoding, bytes that are not UTF-8, control characters, backslashes, and paths that
     *     climb above the root
     */
    static String decode(String raw) throws Refused {
        return plain(raw) ? raw.substring(1) : tidy(unescape(raw));
    }

    /** Whether the path says what it means, as almost all do. */
    private static boolean plain(String raw) {
        for (var i = 0; i < raw.length(); i++) {
            var c = raw.charAt(i);
            if (c == '%' || c <= ' ' || c >= 127 || c == '\\') {
                return false;
            }
            if (c == '/' && i + 1 < raw.length() && (raw.charAt(i + 1) == '/' || raw.charAt(i + 1) == '.')) {
                return false;
            }
        }
        return true;
    }

    private static String unescape(String raw) throws Refused {
        var bytes = ByteBuffer.allocate(raw.length());
        for (var i = 0; i < raw.length(); i++) {
            int c = raw.charAt(i);
            if (c == '%') {
                if (i + 2 >= raw.length()) {
                    throw new Refused(BAD_REQUEST);
                }
                var high = Character.digit(raw.charAt(i + 1), 16);
                var low = Character.digit(raw.charAt(i + 2), 16);
                if (high < 0 || low < 0) {
                    throw new Refused(BAD_REQUEST);
                }
                c = high * 16 + low;
                i += 2;
            }
            if (c < ' ' || c == 127 || c == '\\' || c > 255) {
                throw new Refused(BAD_REQUEST);
            }
            bytes.put((byte) c);
        }
        try {
            var text = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(bytes.flip())
                    .toString();
            return Normalizer.normalize(text, Normalizer.Form.NFC);
        } catch (CharacterCodingException e) {
            throw new Refused(BAD_REQUEST);
        }
    }

    private static String tidy(String path) throws Refused {
        var segments = new ArrayDeque<String>();
        var parts = List.of(path.split("/", -1));
        for (var part : parts) {
            switch (part) {
                case "", "." -> {}
                case ".." -> {
                    if (segments.pollLast() == null) {
                        throw new Refused(BAD_REQUEST);
                    }
                }
                default -> segments.addLast(part);
            }
        }
        var last = parts.getLast();
        var folder = last.isEmpty() || last.equals(".") || last.equals("..");
        return String.join("/", segments) + (folder && !segments.isEmpty() ? "/" : "");
    }

    /** The key as a path to redirect to: one leading slash, everything unusual percent-encoded. */
    static String encode(String key) {
        var path = new StringBuilder("/");
        for (var b : key.getBytes(StandardCharsets.UTF_8)) {
            var c = (char) (b & 0xff);
            if ((c < 128 && Character.isLetterOrDigit(c)) || UNRESERVED_IN_PATH.indexOf(c) >= 0) {
                path.append(c);
            } else {
                path.append('%').append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
            }
        }
        return path.toString();
    }

    /** Whether some segment begins with a dot, other than {@code .well-known}. */
    static boolean hidden(String key) {
        if (!key.startsWith(".") && !key.contains("/.")) {
            return false;
        }
        for (var segment : key.split("/", -1)) {
            if (segment.startsWith(".") && !segment.equals(".well-known")) {
                return true;
            }
        }
        return false;
    }
}
