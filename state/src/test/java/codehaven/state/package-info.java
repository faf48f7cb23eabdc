@NullMarked
package codehaven.state;

import org.jspecify.annotations.NullMarked;
