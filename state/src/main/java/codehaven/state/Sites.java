package codehaven.state;

import codehaven.model.Host;
import codehaven.model.Site;
import codehaven.model.Slug;
import java.util.List;
import java.util.Optional;

/** Which deployment each host points at. */
public final class Sites {

    /** Points the host at the site's deployment if its generation is higher than what the host has, or is the same
     * deployment's again; one conditional update. Returns whether the host now points at the site's deployment. */
    public boolean point(Site site) {
        throw new UnsupportedOperationException();
    }

    public Optional<Site> find(Host host) {
        throw new UnsupportedOperationException();
    }

    public List<Site> ofProject(Slug project) {
        throw new UnsupportedOperationException();
    }

    /** All of them, for the edge. */
    public List<Site> all() {
        throw new UnsupportedOperationException();
    }

    /** Those whose change number is above the given one, ascending, and the highest change number seen with them. */
    public Changes changedSince(long change) {
        throw new UnsupportedOperationException();
    }

    /** @param through pass it to the next call */
    public record Changes(List<Site> sites, long through) {}

    public void deleteOf(Slug project) {
        throw new UnsupportedOperationException();
    }
}
