package codehaven.api.system;

import codehaven.api.apps.AppState;
import codehaven.api.apps.AppViews;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** How many apps there are of each state, asked at most once for each time that somebody reads the metrics. */
@Component
final class AppGauges {

    private static final long FRESH_NANOS = Duration.ofSeconds(5).toNanos();

    private record Counts(@Nullable Map<AppState, Integer> byState, long nanos) {}

    private final AppViews apps;
    private @Nullable Counts known;

    AppGauges(AppViews apps, PrometheusMeterRegistry registry) {
        this.apps = apps;
        for (var each : AppState.values()) {
            Gauge.builder("codehaven.apps", this, gauges -> gauges.count(each))
                    .description("Apps of dynamic deployments")
                    .tag("state", each.text())
                    .register(registry);
        }
    }

    /** Not a number while the database is away. */
    private synchronized double count(AppState state) {
        var counts = known;
        if (counts == null || System.nanoTime() - counts.nanos() > FRESH_NANOS) {
            counts = new Counts(apps.counts().orElse(null), System.nanoTime());
            known = counts;
        }
        return counts.byState() == null ? Double.NaN : counts.byState().getOrDefault(state, 0);
    }
}
