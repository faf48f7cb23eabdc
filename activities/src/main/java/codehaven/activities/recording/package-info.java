/** Writes down how far a deployment is. */
@NullMarked
package codehaven.activities.recording;

import org.jspecify.annotations.NullMarked;
