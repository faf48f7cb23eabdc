/** What outlives a process: the only owner of collections, keys and topics. */
@NullMarked
package codehaven.state;

import org.jspecify.annotations.NullMarked;
