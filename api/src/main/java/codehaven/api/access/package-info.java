/** Who may call. */
@NullMarked
package codehaven.api.access;

import org.jspecify.annotations.NullMarked;
