/** How the installation is, and the pages around the API. */
@NullMarked
package codehaven.api.system;

import org.jspecify.annotations.NullMarked;
