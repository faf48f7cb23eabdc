/** How each step is done, and the worker that does it. */
@NullMarked
package codehaven.activities;

import org.jspecify.annotations.NullMarked;
