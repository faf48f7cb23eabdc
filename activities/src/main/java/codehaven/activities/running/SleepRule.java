package codehaven.activities.running;

import codehaven.model.App;
import codehaven.model.Environment;
import codehaven.model.Site;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Optional;

/** When an app that nobody asks for is put to sleep, and when its sleeping containers go. */
final class SleepRule {

    /** Long enough for an instant rollback, and for whoever walks through a preview. */
    static final Duration DEFAULT = Duration.ofMinutes(10);

    /** A container that slept for so long is removed; waking makes it anew from its image. */
    static final Duration KEPT = Duration.ofDays(7);

    private SleepRule() {}

    /** After how long without use it sleeps; empty for never. */
    static Optional<Duration> idle(App app, Collection<Site> sites) {
        var told = app.settings().app().sleepAfterSeconds();
        if (sites.stream().anyMatch(SleepRule::isLive)) {
            return told == null || told == 0 ? Optional.empty() : Optional.of(Duration.ofSeconds(told));
        }
        if (told == null || (told == 0 && app.environment() == Environment.PRODUCTION)) {
            // What production no longer shows would otherwise run for ever.
            return Optional.of(DEFAULT);
        }
        return told == 0 ? Optional.empty() : Optional.of(Duration.ofSeconds(told));
    }

    private static boolean isLive(Site site) {
        return switch (site.role()) {
            case PRODUCTION, DOMAIN -> true;
            case BRANCH, DEPLOYMENT -> false;
        };
    }

    /** Whether it should sleep now. What no host points at yet is being published. */
    static boolean isDue(App app, Collection<Site> sites, Instant now) {
        var last = app.usedAt().isAfter(app.wantedAt()) ? app.usedAt() : app.wantedAt();
        return app.wanted() == App.Wanted.RUNNING
                && !sites.isEmpty()
                && idle(app, sites)
                        .filter(limit -> last.plus(limit).isBefore(now))
                        .isPresent();
    }
}
