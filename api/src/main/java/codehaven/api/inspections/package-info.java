/** Looking at a repository before it is deployed. */
@NullMarked
package codehaven.api.inspections;

import org.jspecify.annotations.NullMarked;
