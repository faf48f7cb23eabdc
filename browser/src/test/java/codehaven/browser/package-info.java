/** The dashboard as its users have it: a real program, a real browser. */
@NullMarked
package codehaven.browser;

import org.jspecify.annotations.NullMarked;
