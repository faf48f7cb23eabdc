package codehaven.model;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

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
     * A running app, with its static files in front of it.
     *
     * @param manifest the sha256 of the manifest's blob
     * @param address {@code host:port} where the app listens
     */
    record Container(String manifest, String address) implements Target {}
}
