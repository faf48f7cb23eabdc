/** From a repository's address and a ref to a checked tree on this machine. */
@NullMarked
package codehaven.activities.cloning;

import org.jspecify.annotations.NullMarked;
