package codehaven.api.apps;

import codehaven.api.apps.AppView.InstanceFigures;
import codehaven.api.apps.AppView.Sample;
import codehaven.model.App;
import codehaven.model.Deployment;
import codehaven.model.Kind;
import codehaven.state.BackendUnavailable;
import codehaven.state.State;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** Makes what callers see of apps. */
@Component
public final class AppViews {

    private final State state;

    AppViews(State state) {
        this.state = state;
    }

    /** The app of a deployment, where it has one that is still kept. */
    public Optional<AppView> find(Deployment deployment) {
        return app(deployment).map(app -> AppView.of(app, null));
    }

    /** As {@link #find}, with what its containers used lately. */
    public Optional<AppView> withFigures(Deployment deployment) {
        return app(deployment).map(app -> AppView.of(app, figures(app)));
    }

    /** How many apps there are of each state that any has; empty while the database is away. */
    public Optional<Map<AppState, Integer>> counts() {
        try {
            var counts = new EnumMap<AppState, Integer>(AppState.class);
            state.apps().all().forEach(each -> counts.merge(AppState.of(each), 1, Integer::sum));
            return Optional.of(counts);
        } catch (BackendUnavailable e) {
            return Optional.empty();
        }
    }

    /** What the containers of an app used lately, by their number. */
    public List<InstanceFigures> figures(App app) {
        return app.instances().values().stream()
                .map(App.Instance::n)
                .sorted()
                .map(n -> figures(app.deployment(), n))
                .toList();
    }

    /** What a container used lately; nothing if it is not known. */
    public InstanceFigures figures(String deployment, int instance) {
        return new InstanceFigures(
                instance,
                state.appFigures().of(deployment, instance).stream()
                        .map(each -> new Sample(each.at(), each.cpu(), each.memory(), each.received(), each.sent()))
                        .toList());
    }

    Optional<App> app(Deployment deployment) {
        return deployment.kind() == Kind.DYNAMIC ? state.apps().find(deployment.id()) : Optional.empty();
    }
}
