/** How a source tree becomes a site's files: what it is made with, and the walls around its build. */
@NullMarked
package codehaven.activities.building;

import org.jspecify.annotations.NullMarked;
