/** What production shows: promotion and rollback. */
@NullMarked
package codehaven.api.sites;

import org.jspecify.annotations.NullMarked;
