package codehaven.api.apps;

import codehaven.model.App;
import codehaven.model.App.Wanted;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The app of a dynamic deployment as callers see it.
 *
 * @param wanted what its people or its visitors want of it
 * @param state how it is as a whole
 * @param replicas how many containers are wanted while it runs
 * @param port that it listens on
 * @param sleepAfterSeconds as the project said when it was deployed; absent for the usual
 * @param memoryMb what each container may use, where the project said so
 * @param cpus what each container may use, where the project said so
 * @param wantedAt when it was last wanted otherwise, or woken
 * @param usedAt when it last answered somebody, or was woken
 * @param figures what its containers used lately; only where it was asked for
 */
public record AppView(
        Wanted wanted,
        AppState state,
        int replicas,
        Image image,
        int port,
        @Nullable Integer sleepAfterSeconds,
        @Nullable Integer memoryMb,
        @Nullable Double cpus,
        Instant wantedAt,
        Instant usedAt,
        List<InstanceView> instances,
        @Nullable List<InstanceFigures> figures) {

    /**
     * What it runs.
     *
     * @param tag how people find it
     * @param digest in the registry; absent where none is configured
     * @param reference what an engine runs
     * @param bytes of its layers, uncompressed
     */
    public record Image(String tag, @Nullable String digest, String reference, long bytes) {}

    /**
     * One of its containers.
     *
     * @param n its number, from 1
     * @param since when this state began
     * @param restarts how often it ended by itself since it was made
     * @param reason of a state that nobody wants
     * @param address where it is reached, while it runs
     */
    public record InstanceView(
            int n,
            App.State state,
            Instant since,
            int restarts,
            @Nullable String reason,
            @Nullable String address) {}

    /**
     * What a container used, oldest first.
     *
     * @param instance its number, from 1
     */
    public record InstanceFigures(int instance, List<Sample> samples) {}

    /**
     * @param cpu in processors: 0.5 is half of one
     * @param memory in bytes, without what the kernel caches
     * @param received bytes since the container was started
     * @param sent bytes since the container was started
     */
    public record Sample(Instant at, double cpu, long memory, long received, long sent) {}

    static AppView of(App app, @Nullable List<InstanceFigures> figures) {
        var image = app.image();
        var settings = app.settings();
        return new AppView(
                app.wanted(),
                AppState.of(app),
                app.replicas(),
                new Image(image.tag(), image.digest(), image.reference(), image.bytes()),
                image.port(),
                settings.app().sleepAfterSeconds(),
                settings.limits().memoryMb(),
                settings.limits().cpus(),
                app.wantedAt(),
                app.usedAt(),
                app.instances().values().stream()
                        .sorted(Comparator.comparingInt(App.Instance::n))
                        .map(each -> new InstanceView(
                                each.n(), each.state(), each.since(), each.restarts(), each.reason(), each.address()))
                        .toList(),
                figures);
    }
}
