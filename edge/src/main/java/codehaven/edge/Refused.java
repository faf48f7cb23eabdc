package codehaven.edge;

import io.netty.handler.codec.http.HttpResponseStatus;

/** A request that gets an error and nothing else. */
final class Refused extends Exception {

    private static final long serialVersionUID = 1;

    private final transient HttpResponseStatus status;

    Refused(HttpResponseStatus status) {
        super(status.toString(), null, false, false);
        this.status = status;
    }

    HttpResponseStatus status() {
        return status;
    }
}
