/** How every refusal and every fault is told: problem+json, RFC 9457. */
@NullMarked
package codehaven.api.problems;

import org.jspecify.annotations.NullMarked;
