/** What we talk about: projects, deployments, sites and the words for what happens to them. */
@NullMarked
package codehaven.model;

import org.jspecify.annotations.NullMarked;
