package codehaven.activities.building;

import codehaven.state.State;
import com.github.dockerjava.api.model.Image;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes images of apps from the engine that nobody will run again: all but the newest few of each project and those
 * that an app is made of. What a registry has stays there.
 */
final class ImageSweep implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(ImageSweep.class);

    /** How many of a project stay, whatever became of their deployments. */
    static final int KEPT = 10;

    private static final Duration PAUSE = Duration.ofMinutes(10);

    /** What is being built has no name for a moment, and what was just built no app. */
    private static final Duration GRACE = Duration.ofHours(1);

    /** A deployment that this installation does not know may be another installation's. */
    private static final Duration OF_OTHERS = Duration.ofDays(2);

    /** What no build went on from for so long is no longer a saving. */
    private static final Duration PARTS = Duration.ofDays(14);

    private final AppImages images;
    private final DockerEngine engine;
    private final Function<String, Use> uses;
    private final Duration grace;
    private final int kept;
    private final Thread thread;

    /** What is known of an image's deployment. */
    enum Use {
        /** There is an app of it, or it is still being made. */
        WANTED,
        ENDED,
        UNKNOWN
    }

    private ImageSweep(DockerEngine engine, Function<String, Use> uses, Duration grace, int kept) {
        this.engine = engine;
        this.uses = uses;
        this.grace = grace;
        this.kept = kept;
        images = new AppImages(engine);
        thread = Thread.ofPlatform().daemon().name("sweep of images").unstarted(this::run);
    }

    static ImageSweep start(DockerEngine engine, State state) {
        var sweep = of(engine, deployment -> use(state, deployment), GRACE, KEPT);
        sweep.thread.start();
        return sweep;
    }

    /** One that looks only when it is told to. */
    static ImageSweep of(DockerEngine engine, Function<String, Use> uses, Duration grace, int kept) {
        return new ImageSweep(engine, uses, grace, kept);
    }

    private static Use use(State state, String deployment) {
        if (state.apps().find(deployment).isPresent()) {
            return Use.WANTED;
        }
        return state.deployments()
                .find(deployment)
                .map(each -> each.status().isFinal() ? Use.ENDED : Use.WANTED)
                .orElse(Use.UNKNOWN);
    }

    private void run() {
        try {
            while (true) {
                Thread.sleep(PAUSE);
                try {
                    if (engine.answers()) {
                        sweep();
                    }
                } catch (RuntimeException e) {
                    LOGGER.debug("images could not be swept; tried again in a while", e);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Looks once. */
    void sweep() {
        var byProject = new HashMap<String, List<Image>>();
        for (var each : images.labelled()) {
            if (age(each).compareTo(grace) < 0) {
                continue;
            }
            if (AppImages.namesOf(each).isEmpty()) {
                images.removeNameless(each.getId());
            } else {
                byProject
                        .computeIfAbsent(
                                each.getLabels().getOrDefault(ContainerSandbox.PROJECT, ""),
                                project -> new ArrayList<>())
                        .add(each);
            }
        }
        byProject.values().forEach(this::thin);
        for (var each : images.kept()) {
            if (age(each).compareTo(PARTS) > 0) {
                AppImages.namesOf(each).stream().filter(AppImages::isKept).forEach(images::remove);
            }
        }
    }

    private void thin(List<Image> all) {
        all.sort(Comparator.comparing(Image::getCreated).reversed());
        for (var each : all.subList(Math.min(kept, all.size()), all.size())) {
            var deployment = each.getLabels().getOrDefault(ContainerSandbox.DEPLOYMENT, "");
            var remove = switch (uses.apply(deployment)) {
                case WANTED -> false;
                case ENDED -> true;
                case UNKNOWN -> age(each).compareTo(OF_OTHERS) > 0;
            };
            if (remove) {
                LOGGER.info("removing the image of {}, of which there are newer ones", deployment);
                AppImages.namesOf(each).forEach(images::remove);
            }
        }
    }

    private static Duration age(Image image) {
        return Duration.between(Instant.ofEpochSecond(image.getCreated()), Instant.now());
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
