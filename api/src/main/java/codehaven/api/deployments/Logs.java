package codehaven.api.deployments;

import codehaven.api.problems.Problem;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.DeploymentEvent.Placed;
import codehaven.model.DeploymentEvent.StatusChanged;
import codehaven.model.DeploymentEvent.StepChanged;
import codehaven.model.Step;
import codehaven.model.StepRun;
import codehaven.state.State;
import codehaven.state.Timeline;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** The logs of deployments: any part of one by line number, where a text is in it, and how it is divided. */
@Component
public final class Logs {

    /** How many lines are given at once. */
    public static final int MOST_LINES = Timeline.MOST_LINES;

    /** How long a text may be that is looked for. */
    public static final int LONGEST_TEXT = 200;

    private static final int MOST_IN_MEMORY = 256;
    private static final long MOST_BYTES_IN_MEMORY = 32L << 20;
    private static final int MOST_ERRORS = 1_000;

    /**
     * Which lines have what was looked for.
     *
     * @param items their numbers, the first ones
     * @param count of all
     */
    public record Matches(List<Long> items, long count) {}

    /**
     * A log without its lines.
     *
     * @param position the place in the timeline up to which this is true
     * @param lines the number of the last line
     * @param bytes of the log as text
     * @param sections in order, without a gap
     * @param errors the lines that are meant as errors
     * @param ended whether the last status that was told is a final one
     */
    public record Outline(
            long position, long lines, long bytes, List<Section> sections, Matches errors, boolean ended) {}

    /**
     * Lines of one step in a row.
     *
     * @param from the number of its first line
     * @param to the number of its last line
     * @param state how the step stands, null where nobody said
     * @param startedAt of its first attempt
     * @param endedAt of its last attempt, null while it runs
     */
    public record Section(
            @Nullable Step step,
            long from,
            long to,
            StepRun.@Nullable State state,
            @Nullable Instant startedAt,
            @Nullable Instant endedAt) {}

    private final State state;
    private final Map<String, Growing> known = new LinkedHashMap<>(16, 0.75f, true);

    Logs(State state) {
        this.state = state;
    }

    /** The number of the last line so far, 0 if there is none. */
    public long last(String deployment) {
        return state.timeline().lastLine(deployment);
    }

    /** The lines with numbers from {@code from} to {@code to}, both included, at most {@link #MOST_LINES}. */
    public List<LogLine> lines(String deployment, long from, long to) {
        return state.timeline().lines(deployment, from, to);
    }

    /** All lines with numbers above {@code after}, up to the present end, a part in memory at a time. */
    public void forEach(String deployment, long after, Consumer<LogLine> consumer) {
        state.timeline().forEachLine(deployment, after, consumer);
    }

    /**
     * Looks for a text, whatever its case and colours.
     *
     * @param limit how many numbers are wanted at most
     * @throws Problem 422 if the text is blank or too long
     */
    public Matches find(String deployment, String text, int limit) {
        if (text.isBlank() || text.length() > LONGEST_TEXT) {
            throw Problem.invalid("find", "find is a text of 1 to " + LONGEST_TEXT + " characters.");
        }
        return read(deployment, log -> log.text.find(text, limit));
    }

    /** How the log is divided now. Only what is new since the last call is read. */
    public Outline outline(String deployment) {
        return read(deployment, Growing::outline);
    }

    private <T> T read(String deployment, Function<Growing, T> question) {
        Growing log;
        synchronized (known) {
            log = known.computeIfAbsent(deployment, each -> new Growing());
        }
        var answer = log.upToNow(deployment, question);
        synchronized (known) {
            var bytes = known.values().stream().mapToLong(each -> each.held).sum();
            var eldest = known.values().iterator();
            while (known.size() > MOST_IN_MEMORY || (bytes > MOST_BYTES_IN_MEMORY && known.size() > 1)) {
                bytes -= eldest.next().held;
                eldest.remove();
            }
        }
        return answer;
    }

    /** A log that is read on from where it was. */
    private final class Growing {
        private final ReentrantLock lock = new ReentrantLock();
        private final LogText text = new LogText();
        private final List<Part> parts = new ArrayList<>();
        private final Map<Step, Course> courses = new EnumMap<>(Step.class);
        private final List<Long> errors = new ArrayList<>();
        private long errorCount;
        private long position;
        private long lines;
        private long bytes;
        private boolean ended;
        private volatile long held;

        <T> T upToNow(String deployment, Function<Growing, T> question) {
            lock.lock();
            try {
                state.timeline().forEach(deployment, position, this::add);
                held = text.bytes();
                return question.apply(this);
            } finally {
                lock.unlock();
            }
        }

        private Outline outline() {
            return new Outline(
                    position,
                    lines,
                    bytes,
                    parts.stream().map(Part::section).toList(),
                    new Matches(List.copyOf(errors), errorCount),
                    ended);
        }

        private void add(Placed placed) {
            switch (placed.event()) {
                case StatusChanged changed -> {
                    if (ended) {
                        courses.clear();
                    }
                    ended = changed.status().isFinal();
                }
                case StepChanged changed -> course(changed.run().step()).add(changed.run());
                case LogLine line -> add(line);
            }
            position = placed.position();
        }

        private void add(LogLine line) {
            if (line.n() <= lines) {
                return;
            }
            text.add(line);
            lines = line.n();
            bytes += line.text().getBytes(StandardCharsets.UTF_8).length + 1L;
            if (line.level() == Level.error) {
                errorCount++;
                if (errors.size() < MOST_ERRORS) {
                    errors.add(line.n());
                }
            }
            var last = parts.isEmpty() ? null : parts.getLast();
            if (last != null && (line.step() == null || line.step() == last.step) && isOfThisLife(last)) {
                last.to = line.n();
            } else {
                var course = line.step() == null ? new Course() : course(line.step());
                parts.add(new Part(line.step(), line.n(), course));
            }
        }

        private Course course(Step step) {
            return courses.computeIfAbsent(step, each -> new Course());
        }

        /** After a retry the steps are told anew, and their lines begin a section of their own. */
        private boolean isOfThisLife(Part part) {
            return part.step == null || courses.get(part.step) == part.course;
        }
    }

    private static final class Part {
        private final @Nullable Step step;
        private final long from;
        private final Course course;
        private long to;

        Part(@Nullable Step step, long from, Course course) {
            this.step = step;
            this.from = from;
            this.to = from;
            this.course = course;
        }

        Section section() {
            return new Section(step, from, to, course.state, course.startedAt, course.endedAt);
        }
    }

    /** What became of a step, over its attempts. */
    private static final class Course {
        private StepRun.@Nullable State state;
        private @Nullable Instant startedAt;
        private @Nullable Instant endedAt;

        void add(StepRun run) {
            state = run.state();
            if (startedAt == null) {
                startedAt = run.startedAt();
            }
            endedAt = run.endedAt();
        }
    }
}
