/** What all requests have in common: bodies, fields, pages, and doing a thing once. */
@NullMarked
package codehaven.api.requests;

import org.jspecify.annotations.NullMarked;
