/** The apps of dynamic deployments: how they are, what they print and use, and what can be done with them. */
@NullMarked
package codehaven.api.apps;

import org.jspecify.annotations.NullMarked;
