/** What visitors get: a host name leads to a deployment, a path to one of its files. */
@NullMarked
package codehaven.edge;

import org.jspecify.annotations.NullMarked;
