/** The REST server: what others may ask of CodeHaven, and how it is started and stopped. */
@NullMarked
package codehaven.api;

import org.jspecify.annotations.NullMarked;
