package codehaven.edge;

import static io.netty.handler.codec.http.HttpResponseStatus.BAD_REQUEST;

/** Which host a request is for (RFC 9110, 7.2). */
final class Authority {

    private static final int LONGEST = 253;
    private static final int LONGEST_LABEL = 63;

    private Authority() {}

    /**
     * The host name in lower case, without the port and a final dot.
     *
     * @param text what the Host field or an absolute target says
     * @throws Refused if that is no host name; literal IPv6 addresses are none
     */
    static String host(String text) throws Refused {
        var end = text.length();
        var colon = text.indexOf(':');
        if (colon >= 0) {
            checkPort(text.substring(colon + 1));
            end = colon;
        }
        if (end > 0 && text.charAt(end - 1) == '.') {
            end--;
        }
        if (end == 0 || end > LONGEST) {
            throw new Refused(BAD_REQUEST);
        }
        var name = new char[end];
        var label = 0;
        for (var i = 0; i < end; i++) {
            var c = text.charAt(i);
            var lower = c >= 'A' && c <= 'Z' ? (char) (c + ('a' - 'A')) : c;
            if (lower == '.') {
                if (label == 0 || name[i - 1] == '-') {
                    throw new Refused(BAD_REQUEST);
                }
                label = 0;
            } else {
                label++;
                var fits =
                        (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || (lower == '-' && label > 1);
                if (!fits || label > LONGEST_LABEL) {
                    throw new Refused(BAD_REQUEST);
                }
            }
            name[i] = lower;
        }
        if (label == 0 || name[end - 1] == '-') {
            throw new Refused(BAD_REQUEST);
        }
        return new String(name);
    }

    private static void checkPort(String port) throws Refused {
        var number = 0;
        for (var i = 0; i < port.length(); i++) {
            var digit = port.charAt(i) - '0';
            if (digit < 0 || digit > 9 || (number = number * 10 + digit) > 65_535) {
                throw new Refused(BAD_REQUEST);
            }
        }
    }
}
