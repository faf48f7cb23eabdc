/** The outside world in a box: Temporal, MongoDB, Redis, S3 and a Git remote, for laptops and tests. */
@NullMarked
package codehaven.dev;

import org.jspecify.annotations.NullMarked;
