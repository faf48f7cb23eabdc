package codehaven.edge;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.time.Instant;

/** What a client already has, and what follows from it (RFC 9110, 13). */
final class Conditions {

    private Conditions() {}

    enum Verdict {
        SEND,
        NOT_MODIFIED,
        FAILED
    }

    /**
     * @param etag of what would be sent, with its quotes
     * @param modified in whole seconds
     */
    static Verdict judge(HttpHeaders asked, String etag, Instant modified) {
        var match = asked.getAll(HttpHeaderNames.IF_MATCH);
        if (!match.isEmpty()) {
            if (!names(String.join(",", match), etag, false)) {
                return Verdict.FAILED;
            }
        } else {
            var unmodifiedSince = HttpDate.read(asked.get(HttpHeaderNames.IF_UNMODIFIED_SINCE));
            if (unmodifiedSince != null && modified.isAfter(unmodifiedSince)) {
                return Verdict.FAILED;
            }
        }
        var noneMatch = asked.getAll(HttpHeaderNames.IF_NONE_MATCH);
        if (!noneMatch.isEmpty()) {
            return names(String.join(",", noneMatch), etag, true) ? Verdict.NOT_MODIFIED : Verdict.SEND;
        }
        var modifiedSince = HttpDate.read(asked.get(HttpHeaderNames.IF_MODIFIED_SINCE));
        return modifiedSince != null && !modified.isAfter(modifiedSince) ? Verdict.NOT_MODIFIED : Verdict.SEND;
    }

    /** Whether the parts asked for are of what the client has the other parts of; if not, it gets the whole. */
    static boolean rangeHolds(HttpHeaders asked, String etag, Instant modified) {
        var condition = asked.get(HttpHeaderNames.IF_RANGE);
        if (condition == null) {
            return true;
        }
        if (condition.startsWith("\"") || condition.startsWith("W/")) {
            return condition.strip().equals(etag);
        }
        var date = HttpDate.read(condition);
        return date != null && date.equals(modified);
    }

    /** Whether a list of entity tags, or {@code *}, names this one; tags may contain commas. */
    private static boolean names(String list, String etag, boolean weakly) {
        if (list.strip().equals("*")) {
            return true;
        }
        var at = 0;
        while (at < list.length()) {
            var open = list.indexOf('"', at);
            var close = open < 0 ? -1 : list.indexOf('"', open + 1);
            if (close < 0) {
                return false;
            }
            var weak = open >= 2 && list.startsWith("W/", open - 2);
            if ((weakly || !weak) && etag.length() == close + 1 - open && list.startsWith(etag, open)) {
                return true;
            }
            at = close + 1;
        }
        return false;
    }
}
