package codehaven.model;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;

/** What answers for a host. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "is")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Target.Files.class, name = "files"),
    @JsonSubTypes.Type(value = Target.Container.class, name = "container")
})
public sealed interface Target {

    /**
     * Files of a manifest.
     *
     * @param manifest the sha256 of the manifest's blob
     */
    record Files(String manifest) implements Target {}

    /**
     * An app, with its static files in front of it.
     *
     * @param manifest the sha256 of the manifest's blob
     * @param addresses {@code host:port} of each container that answers now; none while it sleeps or is stopped
     */
    record Container(String manifest, List<String> addresses) implements Target {
        public Container {
            addresses = addresses == null ? List.of() : List.copyOf(addresses);
        }
    }

    /** The sha256 of the manifest's blob. */
    String manifest();
}
