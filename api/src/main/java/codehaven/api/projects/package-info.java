/** Projects and their environment variables. */
@NullMarked
package codehaven.api.projects;

import org.jspecify.annotations.NullMarked;
