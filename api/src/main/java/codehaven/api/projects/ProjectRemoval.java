package codehaven.api.projects;

import codehaven.api.runs.Runs;
import codehaven.model.Deployment;
import codehaven.model.Project;
import codehaven.state.Deployments.Filter;
import codehaven.state.State;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Takes a project away with all that is its own; the files of its sites are left to the collector. */
@Component
final class ProjectRemoval {

    private static final int BATCH = 200;

    /** Builds let go of their containers within this time; whoever does not is ended. */
    private static final Duration LETTING_GO = Duration.ofSeconds(5);

    private final State state;
    private final Runs runs;

    ProjectRemoval(State state, Runs runs) {
        this.state = state;
        this.runs = runs;
    }

    /** May be repeated after it broke off: the project itself goes last. */
    void remove(Project project) {
        end(active(project));
        state.sites().deleteOf(project.slug());
        state.bus().nudgeRoutes();
        // Whoever runs containers removes those of apps that are no more.
        state.apps().deleteOf(project.slug());
        state.bus().nudgeApps();
        state.variables().deleteAll(project.slug());
        each(project, this::forget);
        state.deployments().deleteOf(project.slug());
        state.projects().delete(project.slug());
    }

    private void forget(Deployment deployment) {
        state.timeline().delete(deployment.id());
        state.runtimeLogs().delete(deployment.id());
        state.appFigures().delete(deployment.id());
    }

    private void end(List<Deployment> active) {
        try {
            active.forEach(each -> runs.cancel(each, "The project was deleted"));
            var deadline = System.nanoTime() + LETTING_GO.toNanos();
            for (var each : active) {
                while (runs.isOpen(each) && System.nanoTime() < deadline) {
                    pause();
                }
                runs.newest(each)
                        .filter(Runs::isOpen)
                        .ifPresent(
                                run -> runs.terminate(each, run.getExecution().getRunId(), "The project was deleted"));
            }
        } catch (Runs.TemporalAway e) {
            throw e.problem();
        }
    }

    private List<Deployment> active(Project project) {
        var all = new ArrayList<Deployment>();
        each(project, deployment -> {
            if (!deployment.status().isFinal()) {
                all.add(deployment);
            }
        });
        return all;
    }

    private void each(Project project, java.util.function.Consumer<Deployment> action) {
        var filter = new Filter(project.slug(), null, null, null);
        @Nullable String after = null;
        while (true) {
            var some = state.deployments().list(filter, after, BATCH);
            some.forEach(action);
            if (some.size() < BATCH) {
                return;
            }
            after = some.getLast().id();
        }
    }

    private static void pause() {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a project was deleted", e);
        }
    }
}
