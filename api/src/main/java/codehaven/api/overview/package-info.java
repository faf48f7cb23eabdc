/** All projects at a glance. */
@NullMarked
package codehaven.api.overview;

import org.jspecify.annotations.NullMarked;
