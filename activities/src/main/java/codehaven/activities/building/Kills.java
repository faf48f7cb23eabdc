package codehaven.activities.building;

import codehaven.activities.StepScope;

/**
 * How often a build's command was ended from outside. Counted by itself: attempts of the step end for other reasons too,
 * which say nothing of the build.
 */
record Kills(int number) {

    /** Counts one more, for the attempts to come. Returns how many there were, with this one. */
    static int count(StepScope scope) {
        var kills = new Kills(scope.remembered(Kills.class).map(Kills::number).orElse(0) + 1);
        scope.remember(kills);
        return kills.number;
    }
}
