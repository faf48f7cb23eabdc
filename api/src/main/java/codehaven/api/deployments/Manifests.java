package codehaven.api.deployments;

import codehaven.api.ApiSettings;
import codehaven.api.problems.Problem;
import codehaven.model.Deployment;
import codehaven.model.Host;
import codehaven.model.Manifest;
import codehaven.model.Site;
import codehaven.state.BackendUnavailable;
import codehaven.state.Blobs;
import codehaven.state.State;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.springframework.stereotype.Component;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Which files published deployments serve. A manifest never changes, so the last ones that were read are kept. */
@Component
public final class Manifests {

    /** In files of all manifests together, each a few hundred bytes. */
    private static final int KEPT = 100_000;

    private final State state;
    private final ApiSettings settings;
    private final JsonMapper json;
    private final Map<String, Manifest> kept = new LinkedHashMap<>(16, 0.75f, true);

    Manifests(State state, ApiSettings settings, JsonMapper json) {
        this.state = state;
        this.settings = settings;
        this.json = json.rebuild()
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .build();
    }

    /**
     * The files of a deployment, for one that has to have some.
     *
     * @throws Problem 404 if it was not published or they are no longer kept
     */
    public Manifest of(Deployment deployment) {
        var site = site(deployment)
                .orElseThrow(() -> Problem.notFound("The deployment " + deployment.id() + " has no files: it is "
                        + deployment.status() + " and was not published."));
        try {
            return read(digest(site));
        } catch (Blobs.NotThere e) {
            throw Problem.notFound("The files of the deployment " + deployment.id() + " are no longer kept.");
        }
    }

    /**
     * The files of a deployment, if it was published and they are still kept.
     *
     * @throws Problem 503 if the storage is away
     */
    public Optional<Manifest> find(Deployment deployment) {
        try {
            var site = site(deployment);
            return site.isEmpty() ? Optional.empty() : Optional.of(read(digest(site.get())));
        } catch (Blobs.NotThere e) {
            return Optional.empty();
        } catch (BackendUnavailable e) {
            throw Problem.unavailable("The storage does not answer right now, so the files cannot be shown.");
        }
    }

    private Optional<Site> site(Deployment deployment) {
        return state.sites().find(Host.ofDeployment(deployment.project(), deployment.id(), settings.sitesDomain()));
    }

    private static String digest(Site site) {
        return site.target().manifest();
    }

    private Manifest read(String digest) {
        synchronized (kept) {
            var known = kept.get(digest);
            if (known != null) {
                return known;
            }
        }
        Manifest manifest;
        try (var in = state.blobs().open(Blobs.blob(digest))) {
            manifest = json.readValue(in, Manifest.class);
        } catch (IOException e) {
            throw new UncheckedIOException("the manifest " + digest + " could not be read", e);
        }
        synchronized (kept) {
            kept.put(digest, manifest);
            var files = kept.values().stream()
                    .mapToLong(each -> each.files().size() + 1L)
                    .sum();
            var eldest = kept.entrySet().iterator();
            while (files > KEPT && kept.size() > 1) {
                files -= eldest.next().getValue().files().size() + 1L;
                eldest.remove();
            }
        }
        return manifest;
    }
}
