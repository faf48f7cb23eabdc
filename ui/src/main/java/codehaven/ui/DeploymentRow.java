package codehaven.ui;

import codehaven.api.deployments.DeploymentView;
import codehaven.api.deployments.QueuePlaces.Waiting;
import codehaven.model.DeploymentStatus;
import codehaven.model.Step;
import codehaven.model.StepRun;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A deployment in a list, its time drawn to the same scale as that of its neighbours.
 *
 * @param what the commit's message, or what is known before there is a commit
 * @param note its time in words, and what is to be said of its state
 * @param title all of the note, where it may be cut
 * @param since from when its time counts, while it goes on
 */
record DeploymentRow(
        DeploymentView deployment,
        String what,
        List<Bar> bars,
        String note,
        @Nullable String title,
        @Nullable Instant since) {

    /** Work, or with the kind {@code wait} a dotted line, in per cent of the widest row. */
    record Bar(String kind, String x, String width, String end) {
        public boolean waits() {
            return kind.equals("wait");
        }
    }

    private static final double THINNEST = 0.6;

    /** A wait is dotted and shown, but never makes the work of all rows unreadable. */
    private static final double LONGEST_WAIT = 12;

    /** Shorter waits are the machine's own pace. */
    private static final Duration WAITED = Duration.ofMillis(800);

    /** Some room at the right of the longest one. */
    private static final double ROOM = 1.03;

    static List<DeploymentRow> of(List<DeploymentView> deployments, Map<String, Waiting> waiting, Instant now) {
        var longest = Math.max(
                1,
                deployments.stream()
                        .mapToLong(each -> WorkTime.of(each, now).toMillis())
                        .max()
                        .orElse(1));
        return deployments.stream()
                .map(each -> row(each, waiting.get(each.id()), longest * ROOM, now))
                .toList();
    }

    private static DeploymentRow row(DeploymentView deployment, @Nullable Waiting waiting, double scale, Instant now) {
        var note = note(deployment, waiting, now);
        var failure = deployment.failure();
        return new DeploymentRow(
                deployment,
                what(deployment),
                bars(deployment, scale, now),
                note,
                failure == null ? null : failure.message(),
                waiting == null && isWorkedOn(deployment) ? now.minus(WorkTime.of(deployment, now)) : null);
    }

    private static boolean isWorkedOn(DeploymentView deployment) {
        return !deployment.status().isFinal()
                && deployment.steps().stream().anyMatch(each -> each.state() == StepRun.State.running);
    }

    private static String what(DeploymentView deployment) {
        var commit = deployment.commit();
        if (commit != null) {
            return commit.message().isBlank() ? "(no message)" : commit.message();
        }
        return deployment.ref() == null ? "The newest commit of the default branch" : deployment.ref();
    }

    private static String note(DeploymentView deployment, @Nullable Waiting waiting, Instant now) {
        if (waiting != null) {
            return Words.placed(waiting.place()) + ", " + waiting.reason();
        }
        var time = WorkTime.of(deployment, now);
        var worked = time.isZero() ? "" : Words.span(time);
        var failure = deployment.failure();
        return switch (deployment.status()) {
            case QUEUED -> "waits for its turn";
            case CLONING, UPLOADING, BUILDING, PUBLISHING, READY -> worked;
            case FAILED -> joined(worked, failure == null ? "failed" : failure.message());
            case CANCELED -> worked.isEmpty() ? "canceled before it began" : joined(worked, "canceled");
            case SUPERSEDED -> "a newer commit came first";
        };
    }

    private static String joined(String one, String other) {
        return one.isEmpty() ? other : one + " · " + other;
    }

    /** Drawn before it is written down. */
    private record Piece(String kind, double x, double width) {
        Bar scaled(double by) {
            return new Bar(kind, percent(x * by), percent(width * by), percent((x + width) * by));
        }
    }

    private static List<Bar> bars(DeploymentView deployment, double scale, Instant now) {
        var pieces = new ArrayList<Piece>();
        var x = 0.0;
        @Nullable Instant before = deployment.createdAt();
        for (var step : deployment.steps()) {
            var start = step.startedAt();
            if (start == null || step.state() == StepRun.State.reused) {
                continue;
            }
            if (before != null && Duration.between(before, start).compareTo(WAITED) > 0) {
                var wait =
                        Math.min(LONGEST_WAIT, Duration.between(before, start).toMillis() * 100 / scale);
                pieces.add(new Piece("wait", x, wait));
                x += wait + THINNEST;
            }
            var width = Math.max(THINNEST, WorkTime.of(step, now).toMillis() * 100 / scale);
            pieces.add(new Piece(kind(step, deployment.status()), x, width));
            x += width + THINNEST;
            before = step.endedAt();
        }
        // Waits, gaps and the thinnest bars are more than the time itself: that must not lead out of the drawing.
        var by = x > 100 ? 100 / x : 1;
        return pieces.stream().map(each -> each.scaled(by)).toList();
    }

    private static String kind(StepRun step, DeploymentStatus status) {
        return switch (step.state()) {
            case running -> status.isFinal() ? "run" : "live-bar";
            case failed -> "bad";
            case done -> step.step() == Step.PUBLISHING ? "mark" : "run";
            case canceled, reused -> "run";
        };
    }

    private static String percent(double value) {
        return String.format(Locale.ROOT, "%.2f%%", value);
    }
}
