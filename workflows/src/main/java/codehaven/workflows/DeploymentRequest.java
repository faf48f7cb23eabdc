package codehaven.workflows;

import codehaven.model.BuildSettings;
import codehaven.model.Checkpoint;
import codehaven.model.Environment;
import codehaven.model.GitSource;
import codehaven.model.Slug;

/**
 * All that a deployment's workflow is told. No secret is in it: activities resolve them by project and environment.
 *
 * @param generation of the deployment: decides who owns a host
 * @param resume what an earlier run stored; {@link Checkpoint#NONE} for a first run
 */
public record DeploymentRequest(
        String deployment,
        Slug project,
        Environment environment,
        GitSource source,
        BuildSettings settings,
        long generation,
        Checkpoint resume) {}
