/** Deployments: made, followed, cancelled, done again. */
@NullMarked
package codehaven.api.deployments;

import org.jspecify.annotations.NullMarked;
