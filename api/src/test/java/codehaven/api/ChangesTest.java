package codehaven.api;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.api.deployments.Changes;
import codehaven.api.deployments.Changes.Change;
import codehaven.api.deployments.Changes.Kind;
import codehaven.model.Manifest;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ChangesTest {

    private static Manifest manifest(Map<String, String> contents) {
        var files = new TreeMap<String, Manifest.File>();
        contents.forEach((path, content) ->
                files.put(path, new Manifest.File(content, content.length(), "text/plain", List.of())));
        return new Manifest("k3v9x2mq", files, false, false);
    }

    @Test
    void filesAreAddedChangedRemovedOrTheSame() {
        var changes = Changes.between(
                manifest(Map.of("a", "1", "b", "1", "c", "123")), manifest(Map.of("a", "1", "b", "12", "d", "1")));
        assertThat(changes.files())
                .containsExactly(
                        new Change(Kind.changed, "b", null, 2, 1),
                        new Change(Kind.removed, "c", null, 3, -3),
                        new Change(Kind.added, "d", null, 1, 1));
        assertThat(changes.same()).isEqualTo(1);
        assertThat(changes.bytes()).isEqualTo(-1);
        assertThat(changes.added()).isEqualTo(1);
    }

    @Test
    void aFileNamedAfterItsContentIsTheSameFileChanged() {
        var changes = Changes.between(
                manifest(Map.of("js/app-5c1f0e9a.js", "1", "js/index.DiwrgTda.css", "1")),
                manifest(Map.of("js/app-77aa01bc.js", "12", "js/index.BxKqRaQz.css", "1")));
        assertThat(changes.files())
                .containsExactly(
                        new Change(Kind.changed, "js/app-77aa01bc.js", "js/app-5c1f0e9a.js", 2, 1),
                        new Change(Kind.changed, "js/index.BxKqRaQz.css", "js/index.DiwrgTda.css", 1, 0));
    }

    @Test
    void whereThereIsDoubtTheyAreTwoFiles() {
        assertThat(Changes.between(
                                manifest(Map.of("about-overview.js", "1")), manifest(Map.of("about-contacts.js", "1")))
                        .files())
                .extracting(Change::kind)
                .as("words are no hashes")
                .containsExactly(Kind.added, Kind.removed);
        assertThat(Changes.between(
                                manifest(Map.of("chunk-5c1f0e9a.js", "1", "chunk-00000001.js", "2")),
                                manifest(Map.of("chunk-77aa01bc.js", "3")))
                        .removed())
                .as("which of the two it was, nobody knows")
                .isEqualTo(2);
    }
}
