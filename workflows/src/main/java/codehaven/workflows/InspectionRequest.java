package codehaven.workflows;

import codehaven.model.GitSource;
import org.jspecify.annotations.Nullable;

/**
 * What is to be looked at.
 *
 * @param rootDirectory a folder that is wanted among the candidates, whatever is in it
 */
public record InspectionRequest(GitSource source, @Nullable String rootDirectory) {}
