package codehaven.activities.running;

import codehaven.model.App;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.Statistics;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What runs the containers of apps: one Docker engine, or a Swarm of them. The names of what it makes say whose it is, so
 * that whatever is done twice finds what was done before.
 */
sealed interface AppEngine permits AppContainers, AppServices {

    /**
     * A container as it is listed.
     *
     * @param ip its fixed address in the project's network; absent where its port is published instead
     * @param state {@code created} before its first start; otherwise a word of the engine's that changes when something
     *     happens to it
     */
    record Seen(
            String id,
            String name,
            String deployment,
            String project,
            int n,
            int epoch,
            String image,
            @Nullable String ip,
            String state,
            Instant madeAt) {

        /** Whether it is as the app is wanted now. */
        boolean isOf(App app) {
            return epoch == app.epoch() && image.equals(app.image().reference());
        }
    }

    /**
     * How a container is, by a closer look.
     *
     * @param restarting whether it ended by itself and is about to run again
     * @param coming whether the engine is about to run it for the first time since it was asked to
     * @param run another one means another process
     * @param started when that began
     * @param exit what the last process ended with; absent where nobody knows
     * @param restarts how often it ended by itself
     * @param problem why the engine cannot run it now, a sentence; absent where it can
     * @param address where it is reached while it runs
     */
    record Condition(
            boolean running,
            boolean restarting,
            boolean coming,
            String run,
            Instant started,
            @Nullable Long exit,
            boolean outOfMemory,
            int restarts,
            @Nullable String problem,
            InetSocketAddress address) {

        /** Whether there is something to stop. */
        boolean isUp() {
            return running || restarting || coming;
        }
    }

    /** The engine could not start it: one sentence that says why. */
    final class NotStarted extends Exception {
        NotStarted(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /** All of this installation's, running or not. */
    List<Seen> all();

    /** Whether the image is there, or can be had from a registry. */
    boolean canRun(App app);

    /**
     * Makes the container, unless it is there; does not start it.
     *
     * @throws NotStarted if its image is not to be had
     */
    void create(App app, Map<String, String> variables, int n) throws NotStarted;

    /**
     * Starts it, unless it runs.
     *
     * @return whether it runs or is about to; false when it has to be made anew first
     * @throws NotStarted if the engine refuses, such as for a command that is not in the image
     */
    boolean start(App app, Seen container) throws NotStarted;

    /** Asks it to end and waits for that; it is killed when its time is over. */
    void stop(String id, int seconds);

    void restart(String id, int seconds);

    void remove(String id);

    /**
     * A closer look; empty when it is gone.
     *
     * @param port that the app listens on
     */
    Optional<Condition> look(Seen container, int port);

    /** The processes' ids, where they are this machine's; the container's first one aside. */
    List<Long> processes(String id);

    /** What it uses; empty when it does not run, or runs where nobody can be asked. */
    Optional<Statistics> figures(String id);

    /**
     * Streams what it prints, each line with the moment that it was printed at.
     *
     * @param follow whether the stream goes on with what is printed later
     */
    void output(String id, Instant since, boolean follow, ResultCallback<Frame> to);

    /** What a container of the app may use, in MiB. */
    int memoryMb(App app);

    /** The projects that this installation has volumes of here. */
    Set<String> projectsWithVolumes();

    /** Removes the volumes of projects that are gone for good. */
    void removeVolumesBut(Collection<String> projects);
}
