/** From a tree on this machine to one archive in storage, and back. */
@NullMarked
package codehaven.activities.uploading;

import org.jspecify.annotations.NullMarked;
