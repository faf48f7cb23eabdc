/** The one program: its commands, its settings, and how its parts are put together. */
@NullMarked
package codehaven.cli;

import org.jspecify.annotations.NullMarked;
