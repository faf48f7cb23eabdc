@NullMarked
package codehaven.ui;

import org.jspecify.annotations.NullMarked;
