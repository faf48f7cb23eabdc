package codehaven.activities.building;

import java.util.List;
import java.util.Optional;

/** Where a repository has its Dockerfile, by the names that are usual. */
final class Dockerfiles {

    private static final List<String> OURS =
            List.of("Dockerfile.codehaven", "Containerfile.codehaven", "Dockerfile.vercel", "Containerfile.vercel");
    private static final List<String> USUAL = List.of("Dockerfile", "Containerfile", "dockerfile");

    private Dockerfiles() {}

    /** One that is there for a platform like this, whatever else is. */
    static Optional<String> ours(AppDirectory at) {
        return first(OURS, at);
    }

    /** One that may be there for development too. */
    static Optional<String> usual(AppDirectory at) {
        return first(USUAL, at);
    }

    private static Optional<String> first(List<String> names, AppDirectory at) {
        return names.stream().filter(at::isFile).map(at::path).findFirst();
    }
}
