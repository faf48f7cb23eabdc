/** The workflow runs that carry deployments: started, cancelled, looked at. */
@NullMarked
package codehaven.api.runs;

import org.jspecify.annotations.NullMarked;
