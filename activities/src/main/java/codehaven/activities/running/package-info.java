/** Dynamic apps: their containers on a Docker engine as their people and visitors want them. */
@NullMarked
package codehaven.activities.running;

import org.jspecify.annotations.NullMarked;
