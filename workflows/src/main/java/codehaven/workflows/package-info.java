/** What happens to a deployment, in which order; deterministic, without any I/O of its own. */
@NullMarked
package codehaven.workflows;

import org.jspecify.annotations.NullMarked;
