/** Brings a built site to its visitors: blobs, manifest, pointers. */
@NullMarked
package codehaven.activities.publishing;

import org.jspecify.annotations.NullMarked;
