package codehaven.ui;

import codehaven.api.deployments.History;
import codehaven.api.deployments.QueuePlaces.Waiting;
import codehaven.api.deployments.UsualTimes.Times;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Framework;
import codehaven.model.Kind;
import codehaven.model.Step;
import codehaven.model.StepRun;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A deployment's time drawn to scale: one row a step, bars for work, dotted lines for waiting, dashed outlines for what
 * is usual. Places are in per cent of the axis, as the attributes of SVG take them.
 *
 * @param summary how long it took and waited, in words
 * @param axis how long the axis is, in milliseconds
 * @param at how far it has come, in milliseconds
 * @param moves whether time goes on
 */
record Track(List<Tick> ticks, List<Row> rows, String summary, long axis, long at, boolean moves) {

    /** Where now is on the axis. */
    public String now() {
        return Drawing.percent(100.0 * at / axis);
    }

    /** A place on the axis. */
    record Tick(String x, String label) {}

    /**
     * A step.
     *
     * @param status the word for its colour
     * @param icon the id of its shape, without {@code i-}
     * @param time how long it took; empty where it has not begun
     * @param since when it began, where its time goes on
     */
    record Row(
            String word,
            String status,
            String icon,
            List<Mark> marks,
            String note,
            String time,
            @Nullable Instant since) {}

    /** How a mark is drawn. */
    enum Shape {
        BAR,
        LINE,
        /** Across the row. */
        CROSS,
        POINT
    }

    /**
     * Something drawn in a row.
     *
     * @param kind the class that colours it
     * @param x where it begins
     * @param length how wide it is
     * @param end where it ends
     * @param moves which of its ends goes with the time: {@code end}, {@code begin} or none
     */
    record Mark(
            Shape shape,
            String kind,
            String x,
            String length,
            String end,
            @Nullable String moves) {}

    private static final double THINNEST = 0.35;

    /** Shorter waits are the machine's own pace. */
    private static final long WAITED = 100;

    /** From here on the wait in the queue has a row of its own. */
    private static final long WAITED_LONG = 1_000;

    private static final long[] STEPS = {
        100,
        200,
        500,
        1_000,
        2_000,
        5_000,
        10_000,
        20_000,
        30_000,
        60_000,
        120_000,
        300_000,
        600_000,
        1_200_000,
        1_800_000,
        3_600_000,
        7_200_000,
        14_400_000,
        28_800_000,
        86_400_000
    };

    private static final int MOST_TICKS = 5;

    static Track of(
            Deployment deployment,
            History history,
            @Nullable Times usual,
            @Nullable Waiting waiting,
            Instant now,
            Words words) {
        return new Drawing(deployment, history, usual, waiting, now, words).draw();
    }

    /** How long it took since it was queued last, or takes until now. */
    static Duration elapsed(Deployment deployment, History history, Instant now) {
        var end = deployment.finishedAt() == null ? now : deployment.finishedAt();
        var elapsed = Duration.between(history.queuedAt(), end);
        return elapsed.isNegative() ? Duration.ZERO : elapsed;
    }

    private static final class Drawing {
        private final Deployment deployment;
        private final History history;
        private final @Nullable Times usual;
        private final @Nullable Waiting waiting;
        private final Words words;
        private final Instant begin;
        private final boolean moves;
        private final long at;
        private final long axis;
        private final List<Row> rows = new ArrayList<>();

        /** Up to where time is accounted for. */
        private long cursor;

        /** Up to where it is guessed. */
        private long expected;

        private long queued;
        private long forSlot;
        private long between;

        Drawing(
                Deployment deployment,
                History history,
                @Nullable Times usual,
                @Nullable Waiting waiting,
                Instant now,
                Words words) {
            this.deployment = deployment;
            this.history = history;
            this.usual = usual;
            this.waiting = waiting;
            this.words = words;
            begin = history.queuedAt();
            moves = !deployment.status().isFinal();
            at = elapsed(deployment, history, now).toMillis();
            axis = Math.max(1_000, length());
        }

        private long length() {
            if (!moves) {
                return at * 108 / 100;
            }
            if (usual == null) {
                return Math.max(10_000, at * 3 / 2);
            }
            return Math.max(Math.max(at, usual.whole().toMillis()) * 115 / 100, guess() * 105 / 100);
        }

        /** When it will be done, as far as that is known. */
        private long guess() {
            var end = at;
            for (var step : Step.values()) {
                var run = run(step);
                if (run == null || run.state() == StepRun.State.running) {
                    var from = run == null ? end : offset(run.startedAt());
                    end = Math.max(end, from + usual(step));
                }
            }
            return end;
        }

        private long usual(Step step) {
            var time = usual == null ? null : usual.steps().get(step);
            return time == null ? 0 : time.toMillis();
        }

        Track draw() {
            queue();
            for (var step : Step.values()) {
                rows.add(row(step));
            }
            if (deployment.status() == DeploymentStatus.READY) {
                var point = new Mark(Shape.POINT, "mark", percent(at), "0%", percent(at), null);
                rows.add(new Row("Ready", "READY", "READY", List.of(point), "", "", null));
            }
            return new Track(ticks(), List.copyOf(rows), summary(), axis, at, moves);
        }

        private void queue() {
            var first = deployment.steps().stream()
                    .filter(this::isOfThisRun)
                    .map(StepRun::startedAt)
                    .mapToLong(this::offset)
                    .min();
            var earliest = history.attempts().stream()
                    .mapToLong(each -> offset(each.startedAt()))
                    .min();
            var end = Math.min(first.orElse(at), earliest.orElse(at));
            queued = end;
            var isQueued = deployment.status() == DeploymentStatus.QUEUED;
            if (!isQueued && end < WAITED_LONG && first.isPresent()) {
                return;
            }
            cursor = end;
            var line = line("wait", 0, end, isQueued ? "end" : null);
            rows.add(new Row(
                    "Queued",
                    isQueued ? "QUEUED" : "WAIT",
                    isQueued ? "QUEUED" : "pending",
                    List.of(line),
                    isQueued && waiting != null ? waiting.reason() : "",
                    words.duration(Duration.ofMillis(end)),
                    isQueued ? begin : null));
        }

        private Row row(Step step) {
            var word = words.status(step);
            var run = run(step);
            if (run == null) {
                return notBegun(step, word);
            }
            if (run.state() == StepRun.State.reused || !isOfThisRun(run)) {
                return new Row(word, "DONE", "check", List.of(), "kept from an earlier run", "", null);
            }
            var marks = new ArrayList<Mark>();
            var attempts = history.attempts().stream()
                    .filter(each -> each.step() == step)
                    .toList();
            for (var i = 0; i < attempts.size(); i++) {
                var attempt = attempts.get(i);
                gap(step, marks, offset(attempt.startedAt()), i > 0);
                bad(marks, offset(attempt.startedAt()), offset(attempt.endedAt()));
                cursor = Math.max(cursor, offset(attempt.endedAt()));
            }
            var from = offset(run.startedAt());
            gap(step, marks, from, !attempts.isEmpty());
            var running = run.state() == StepRun.State.running && moves;
            var to = running || run.endedAt() == null ? at : offset(run.endedAt());
            switch (run.state()) {
                case failed -> bad(marks, from, to);
                case canceled -> marks.add(bar("off", from, to, null));
                case done, reused -> marks.add(bar("done", from, to, null));
                case running -> marks.add(bar(running ? "live-bar" : "off", from, to, running ? "end" : null));
            }
            cursor = to;
            expected = to;
            if (running && from + usual(step) > at) {
                expected = from + usual(step);
                marks.add(bar("usual", at, expected, "begin"));
            }
            var began = attempts.isEmpty() ? from : offset(attempts.getFirst().startedAt());
            return new Row(
                    word,
                    running ? step.name() : colour(run.state()),
                    running ? step.name() : icon(run.state()),
                    marks,
                    note(step, run, attempts),
                    words.duration(Duration.ofMillis(to - began)),
                    running ? begin.plusMillis(began) : null);
        }

        private Row notBegun(Step step, String word) {
            if (!moves) {
                return new Row(word, "WAIT", "pending", List.of(), "did not begin", "", null);
            }
            var marks = new ArrayList<Mark>();
            var isNext = step.status() == deployment.status();
            if (isNext && at - cursor > WAITED) {
                marks.add(line("wait", cursor, at, "end"));
            }
            if (usual(step) > 0) {
                var from = Math.max(at, expected);
                expected = from + usual(step);
                marks.add(bar("usual", from, expected, null));
            }
            var note = isNext && waiting != null ? waiting.reason() + ", " + words.place(waiting.place()) : "";
            return new Row(word, "WAIT", "pending", marks, note, "", null);
        }

        private void gap(Step step, List<Mark> marks, long until, boolean afterAttempt) {
            var gap = until - cursor;
            if (gap <= WAITED) {
                return;
            }
            marks.add(line(afterAttempt ? "retry" : "wait", cursor, until, null));
            if (afterAttempt) {
                between += gap;
            } else if (step == Step.BUILDING) {
                forSlot += gap;
            }
        }

        private void bad(List<Mark> marks, long from, long to) {
            marks.add(bar("bad", from, to, null));
            var end = Math.max(to, from + (long) (axis * THINNEST / 100));
            marks.add(new Mark(Shape.CROSS, "bad-end", percent(end), "0%", percent(end), null));
        }

        private String note(Step step, StepRun run, List<History.Attempt> attempts) {
            if (!attempts.isEmpty()) {
                var why = attempts.getLast().why();
                return "attempt " + run.attempt() + (why == null ? "" : ", before: " + why);
            }
            if (run.state() == StepRun.State.running && moves) {
                return usual(step) > 0 ? "usually " + words.duration(Duration.ofMillis(usual(step))) : "";
            }
            return run.state() == StepRun.State.done ? result(step) : "";
        }

        /** What the step made, in figures. */
        private String result(Step step) {
            var kept = deployment.checkpoint();
            var output = deployment.output();
            return switch (step) {
                case CLONING ->
                    kept == null || kept.cloned() == null
                            ? ""
                            : words.count(kept.cloned().files(), "file") + ", "
                                    + words.size(kept.cloned().bytes());
                case UPLOADING ->
                    kept == null || kept.stored() == null
                            ? ""
                            : kept.stored().sent() ? words.size(kept.stored().bytes()) + " sent" : "was stored already";
                case BUILDING -> deployment.framework() == null ? "" : framework(deployment.framework());
                case PUBLISHING ->
                    output == null || output.uploadedFiles() == null
                            ? ""
                            : output.uploadedFiles() == 0
                                    ? "nothing new to send"
                                    : words.count(output.uploadedFiles(), "file") + " sent"
                                            + (output.uploadedBytes() == null
                                                    ? ""
                                                    : ", " + words.size(output.uploadedBytes()));
            };
        }

        private String framework(String id) {
            var label = Framework.of(id).map(Framework::label).orElse(id);
            return deployment.kind() == Kind.DYNAMIC ? label + ", dynamic" : label;
        }

        private String summary() {
            var said = new ArrayList<String>();
            if (!moves) {
                said.add(words.duration(Duration.ofMillis(at)));
            }
            var cache = deployment.output() == null ? null : deployment.output().cache();
            if (!moves && "hit".equals(cache)) {
                said.add("cache hit");
            } else if (!moves && "miss".equals(cache)) {
                said.add("no cache yet");
            }
            var waits = new ArrayList<String>();
            if (queued >= WAITED && deployment.status() != DeploymentStatus.QUEUED) {
                waits.add(words.duration(Duration.ofMillis(queued)) + " to begin");
            }
            if (forSlot >= WAITED_LONG) {
                waits.add(words.duration(Duration.ofMillis(forSlot)) + " for a build slot");
            }
            if (between >= WAITED) {
                waits.add(words.duration(Duration.ofMillis(between)) + " between attempts");
            }
            if (!waits.isEmpty()) {
                said.add("waited " + String.join(", ", waits));
            }
            return String.join(", ", said);
        }

        private @Nullable StepRun run(Step step) {
            var run = deployment.steps().stream()
                    .filter(each -> each.step() == step && each.startedAt() != null)
                    .findFirst()
                    .orElse(null);
            // What failed before the retry will be done once more.
            return run != null
                            && !isOfThisRun(run)
                            && (run.state() == StepRun.State.failed || run.state() == StepRun.State.canceled)
                    ? null
                    : run;
        }

        private boolean isOfThisRun(StepRun run) {
            return run.state() != StepRun.State.reused
                    && run.startedAt() != null
                    && (run.endedAt() == null || !run.endedAt().isBefore(begin));
        }

        private static String colour(StepRun.State state) {
            return switch (state) {
                case done, reused -> "DONE";
                case failed -> "FAILED";
                case canceled, running -> "CANCELED";
            };
        }

        private static String icon(StepRun.State state) {
            return switch (state) {
                case done, reused -> "check";
                case failed -> "FAILED";
                case canceled, running -> "CANCELED";
            };
        }

        private long offset(@Nullable Instant instant) {
            return instant == null
                    ? 0
                    : Math.clamp(Duration.between(begin, instant).toMillis(), 0, at);
        }

        private Mark bar(String kind, long from, long to, @Nullable String moves) {
            var width = Math.max(THINNEST, 100.0 * (to - from) / axis);
            return new Mark(Shape.BAR, kind, percent(from), percent(width), percent(to), moves);
        }

        private Mark line(String kind, long from, long to, @Nullable String moves) {
            return new Mark(Shape.LINE, kind, percent(from), percent(100.0 * (to - from) / axis), percent(to), moves);
        }

        private List<Tick> ticks() {
            var step = STEPS[STEPS.length - 1];
            for (var each : STEPS) {
                if (axis <= each * MOST_TICKS) {
                    step = each;
                    break;
                }
            }
            var ticks = new ArrayList<Tick>();
            for (long place = 0; place < axis * 99 / 100 && ticks.size() <= MOST_TICKS; place += step) {
                ticks.add(new Tick(percent(place), place > axis * 95 / 100 ? "" : label(place)));
            }
            return List.copyOf(ticks);
        }

        private String label(long millis) {
            if (millis == 0) {
                return "0";
            }
            return millis < 10_000 && millis % 1_000 == 0
                    ? millis / 1_000 + " s"
                    : words.duration(Duration.ofMillis(millis));
        }

        private String percent(long millis) {
            return percent(100.0 * millis / axis);
        }

        private static String percent(double value) {
            var text = String.format(Locale.ENGLISH, "%.2f", value);
            return text.replaceFirst("\\.?0+$", "") + "%";
        }
    }
}
