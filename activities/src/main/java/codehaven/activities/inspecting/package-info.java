/** Looking at a repository before anything is built from it. */
@NullMarked
package codehaven.activities.inspecting;

import org.jspecify.annotations.NullMarked;
