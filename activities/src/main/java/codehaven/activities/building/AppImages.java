package codehaven.activities.building;

import com.github.dockerjava.api.command.InspectImageResponse;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Image;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The images of apps on an engine, by their names. */
final class AppImages {

    /** All local names begin with it. */
    static final String PREFIX = "codehaven/";

    private static final String PARTIAL = "partial";
    private static final String STAGE = "stage-";
    private static final int MOST_STAGES = 20;

    private final DockerEngine engine;

    AppImages(DockerEngine engine) {
        this.engine = engine;
    }

    static String nameOf(String project, String deployment) {
        return PREFIX + project + ":" + deployment;
    }

    Optional<InspectImageResponse> find(String name) {
        return engine.ask("look for the image " + name, () -> {
            try {
                return Optional.of(engine.client().inspectImageCmd(name).exec());
            } catch (NotFoundException e) {
                return Optional.<InspectImageResponse>empty();
            }
        });
    }

    static Map<String, String> labelsOf(InspectImageResponse image) {
        var config = image.getConfig();
        var labels = config == null ? null : config.getLabels();
        return labels == null ? Map.of() : labels;
    }

    void name(String id, String name) {
        var colon = name.lastIndexOf(':');
        engine.ask("name the image " + name, () -> {
            engine.client()
                    .tagImageCmd(id, name.substring(0, colon), name.substring(colon + 1))
                    .withForce(true)
                    .exec();
            return true;
        });
    }

    /** All with the label, with or without names. */
    List<Image> labelled() {
        return engine.ask(
                "list its images",
                () -> engine.client()
                        .listImagesCmd()
                        .withFilter("label", List.of(ContainerSandbox.PROJECT))
                        .exec());
    }

    /** All that have a name of ours, and nothing of an app in them but what a build may go on from. */
    List<Image> kept() {
        return engine
                .ask(
                        "list its images",
                        () -> engine.client()
                                .listImagesCmd()
                                .withReferenceFilter(PREFIX + "*")
                                .exec())
                .stream()
                .filter(each -> namesOf(each).stream().anyMatch(AppImages::isKept))
                .toList();
    }

    static List<String> namesOf(Image image) {
        return image.getRepoTags() == null
                ? List.of()
                : Arrays.stream(image.getRepoTags())
                        .filter(each -> !each.startsWith("<none>"))
                        .toList();
    }

    static boolean isKept(String name) {
        var tag = name.substring(name.lastIndexOf(':') + 1);
        return name.startsWith(PREFIX) && (tag.equals(PARTIAL) || tag.startsWith(STAGE));
    }

    /**
     * Names what the next build of the project may go on from, in place of what the build before left: the engine would
     * keep it without a name too, for ever.
     */
    void keepStages(String project, List<String> stages) {
        for (var n = 0; n < Math.min(MOST_STAGES, stages.size()); n++) {
            replace(PREFIX + project + ":" + STAGE + (n + 1), stages.get(n));
        }
        remove(PREFIX + project + ":" + PARTIAL);
    }

    /** The same for a build that failed. */
    void keepPartial(String project, String image) {
        replace(PREFIX + project + ":" + PARTIAL, image);
    }

    private void replace(String name, String id) {
        var before = find(name);
        var now = find(id);
        if (now.isEmpty()
                || before.filter(each ->
                                String.valueOf(each.getId()).equals(now.get().getId()))
                        .isPresent()) {
            return;
        }
        if (now.get().getRepoTags() != null && now.get().getRepoTags().stream().anyMatch(each -> !isKept(each))) {
            remove(name); // It stays by itself: it is the base image.
        } else {
            name(id, name);
        }
        before.ifPresent(each -> removeNameless(String.valueOf(each.getId())));
    }

    /** Takes the name away, and the image with it when that was its last one. */
    boolean remove(String name) {
        return engine.ask("remove the image " + name, () -> {
            try {
                engine.client().removeImageCmd(name).exec();
                return true;
            } catch (NotFoundException | ConflictException e) {
                return false; // Gone, or a container is made of it.
            }
        });
    }

    /** Removes an image that nobody names, unless something is made of it. */
    void removeNameless(String id) {
        var found = find(id);
        if (found.isPresent() && !isNamed(found.get())) {
            remove(id);
        }
    }

    private static boolean isNamed(InspectImageResponse image) {
        return (image.getRepoTags() != null && !image.getRepoTags().isEmpty())
                || (image.getRepoDigests() != null && !image.getRepoDigests().isEmpty());
    }
}
