package codehaven.activities.building;

import codehaven.activities.building.BuildOrder.Walls;
import codehaven.activities.building.Sandbox.Ended;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Frame;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Looks every few seconds how much a build has written: engines have no quota for volumes. */
final class DiskWatch implements AutoCloseable {

    private static final Duration PAUSE = Duration.ofSeconds(2);

    /** A large tree takes long to measure: most of the time goes to the build. */
    private static final int REST = 15;

    private static final Duration MEASURE = Duration.ofMinutes(2);

    private final Thread thread;

    /** Tells the two figures of {@code du}. */
    private interface Measure {
        /**
         * @param option {@code -sk} for KiB, {@code -s --inodes} for files
         */
        @Nullable
        Long of(List<String> option) throws IOException, InterruptedException;
    }

    private DiskWatch(Measure measure, Walls walls, Consumer<Ended> exceeded) {
        thread = Thread.ofVirtual().name("disk watch").unstarted(() -> watch(measure, walls, exceeded));
        thread.start();
    }

    /** Watches a container's volume. */
    static DiskWatch start(
            DockerEngine engine, String volume, String container, Walls walls, Consumer<Ended> exceeded) {
        var mountpoint = engine.ask(
                        "show the volume",
                        () -> engine.client().inspectVolumeCmd(volume).exec())
                .getMountpoint();
        if (engine.onThisMachine() && mountpoint != null && Files.isReadable(Path.of(mountpoint))) {
            return start(Path.of(mountpoint), walls, exceeded);
        }
        return new DiskWatch(option -> inContainer(engine, container, option), walls, exceeded);
    }

    /** Watches a directory of this machine. */
    static DiskWatch start(Path directory, Walls walls, Consumer<Ended> exceeded) {
        return new DiskWatch(
                option -> {
                    var command = new java.util.ArrayList<>(List.of("du", "-x"));
                    command.addAll(option);
                    command.addAll(List.of("--", directory.toString()));
                    return figure(HostProcess.ask(MEASURE, null, command).output());
                },
                walls,
                exceeded);
    }

    private static void watch(Measure measure, Walls walls, Consumer<Ended> exceeded) {
        try {
            while (true) {
                var begun = System.nanoTime();
                var kib = measure.of(List.of("-sk"));
                if (kib != null && kib / 1024 > walls.diskMb()) {
                    exceeded.accept(Ended.DISK);
                    return;
                }
                var files = measure.of(List.of("-s", "--inodes"));
                if (files != null && files > walls.files()) {
                    exceeded.accept(Ended.FILES);
                    return;
                }
                var took = System.nanoTime() - begun;
                Thread.sleep(Math.max(PAUSE.toMillis(), took * REST / 1_000_000));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException | RuntimeException e) {
            // The container is gone, or the engine: whoever follows the build finds that out too.
            return;
        }
    }

    private static @Nullable Long inContainer(DockerEngine engine, String container, List<String> option)
            throws InterruptedException {
        var command = new java.util.ArrayList<>(List.of("du", "-x"));
        command.addAll(option);
        command.add(BuildOrder.ROOT);
        var exec = engine.client()
                .execCreateCmd(container)
                .withAttachStdout(true)
                .withCmd(command.toArray(String[]::new))
                .exec();
        var text = new ByteArrayOutputStream();
        engine.streaming()
                .execStartCmd(exec.getId())
                .exec(new ResultCallback.Adapter<Frame>() {
                    @Override
                    public void onNext(Frame frame) {
                        text.writeBytes(frame.getPayload());
                    }
                })
                .awaitCompletion(MEASURE.toSeconds(), TimeUnit.SECONDS);
        return figure(text.toString(StandardCharsets.UTF_8));
    }

    /** {@code du} complains about files that vanish meanwhile; the figure is on the last line. */
    private static @Nullable Long figure(String output) {
        var last = output.lines().filter(each -> each.matches("\\d+\\s.*")).reduce((a, b) -> b);
        return last.map(each -> Long.valueOf(each.split("\\s", -1)[0])).orElse(null);
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
