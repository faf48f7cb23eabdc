package codehaven.edge;

import org.jspecify.annotations.Nullable;

/** What a visitor asked for exists but cannot be had now; asking again later makes sense. */
final class Away extends Exception {

    private static final long serialVersionUID = 1;

    Away(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
