package codehaven.ui;

import codehaven.api.deployments.DeploymentViews;
import codehaven.api.deployments.Logs;
import codehaven.api.deployments.Logs.Outline;
import codehaven.api.deployments.Logs.Section;
import codehaven.api.problems.Problem;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Step;
import codehaven.model.StepRun;
import codehaven.ui.LogLines.Look;
import codehaven.ui.LogLines.Range;
import codehaven.ui.LogView.Chunk;
import codehaven.ui.LogView.Part;
import codehaven.ui.LogView.Search;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Chooses what of a log a page shows at first: docs/design.md, "The log". */
@Component
final class LogViews {

    /** Lines are loaded so many at a time: 1 to 500, 501 to 1000 and so on, as far as they are of one step. */
    static final int WINDOW = 500;

    private static final int AROUND = 100;
    private static final int MOST_PICKED = 1_000;
    private static final int MATCHES = 1_000;

    /** The final status is in the record a moment before it is in the timeline. */
    private static final Duration TOLD = Duration.ofSeconds(5);

    private static final Pattern LINES = Pattern.compile("(\\d{1,12})(?:-(\\d{1,12}))?");

    private final DeploymentViews deployments;
    private final Logs logs;
    private final Words words;
    private final LogLines lines;

    LogViews(DeploymentViews deployments, Logs logs, Words words) {
        this.deployments = deployments;
        this.logs = logs;
        this.words = words;
        this.lines = new LogLines(words);
    }

    /**
     * Which lines a page shows and why.
     *
     * @param meant steps with lines of these are open
     * @param around shown of those
     */
    private record Choice(
            Range meant,
            Range around,
            long target,
            Range picked,
            @Nullable Search search,
            boolean follows) {}

    /**
     * What the request asks for: {@code line=12}, {@code line=12-20}, {@code find=…}. Whoever also shows the deployment
     * itself reads it after this, so that a stream from {@link LogView#position} on tells all that the page does not.
     *
     * @throws Problem 404 if there is no such deployment
     */
    LogView of(String id, HttpServletRequest request) {
        var outline = logs.outline(id);
        var deployment = deployments.find(id);
        var running = isRunning(deployment, outline);
        var choice = choice(deployment, outline, running, request);
        var look = new Look(
                choice.search() == null ? "" : choice.search().text(),
                choice.picked(),
                choice.target() == 0 ? outline.lines() : choice.target(),
                request.getParameter("whole") != null);
        var parts = new ArrayList<Part>();
        for (var section : outline.sections()) {
            var isLast = section.to() == outline.lines();
            parts.add(part(deployment, section, running && isLast, choice, look));
        }
        return new LogView(
                id,
                outline.position(),
                running,
                choice.follows(),
                outline.lines(),
                outline.bytes(),
                choice.target(),
                choice.picked().isEmpty() ? null : written(choice.picked()),
                choice.search(),
                parts);
    }

    private static boolean isRunning(Deployment deployment, Outline outline) {
        var finished = deployment.finishedAt();
        return !deployment.status().isFinal()
                || (!outline.ended() && finished != null && finished.plus(TOLD).isAfter(Instant.now()));
    }

    private static String written(Range range) {
        return range.from() == range.to() ? Long.toString(range.from()) : range.from() + "-" + range.to();
    }

    private Choice choice(Deployment deployment, Outline outline, boolean running, HttpServletRequest request) {
        var last = outline.lines();
        var picked = picked(request.getParameter("line"), last);
        var search = search(deployment.id(), request.getParameter("find"), picked);
        if (search != null && search.at() > 0 && picked.isEmpty()) {
            var found = new Range(search.at(), search.at());
            return new Choice(found, around(found, last), search.at(), picked, search, false);
        }
        if (!picked.isEmpty()) {
            var first = new Range(picked.from(), Math.min(picked.to(), picked.from() + MOST_PICKED));
            return new Choice(first, around(first, last), picked.from(), picked, search, false);
        }
        if (running) {
            var end = new Range(last - 2L * AROUND, last);
            return new Choice(new Range(last, last), end, 0, picked, search, search == null);
        }
        if (deployment.status() == DeploymentStatus.FAILED && last > 0) {
            var target = Math.clamp(firstError(deployment, outline), 1, last);
            var error = new Range(target, target);
            return new Choice(error, around(error, last), target, picked, search, false);
        }
        return new Choice(Range.NONE, Range.NONE, 0, picked, search, false);
    }

    private static Range around(Range lines, long last) {
        return new Range(Math.max(1, lines.from() - AROUND), Math.min(last, lines.to() + AROUND));
    }

    private static Range picked(@Nullable String text, long last) {
        var parsed = LINES.matcher(text == null ? "" : text);
        if (!parsed.matches()) {
            return Range.NONE;
        }
        var one = Long.parseLong(parsed.group(1));
        var other = parsed.group(2) == null ? one : Long.parseLong(parsed.group(2));
        var range = new Range(Math.max(1, Math.min(one, other)), Math.min(last, Math.max(one, other)));
        return range.isEmpty() ? Range.NONE : range;
    }

    private @Nullable Search search(String id, @Nullable String find, Range picked) {
        var text = find == null ? "" : find.strip();
        if (text.isEmpty()) {
            return null;
        }
        if (text.length() > Logs.LONGEST_TEXT) {
            text = text.substring(0, Logs.LONGEST_TEXT);
        }
        var found = logs.find(id, text, MATCHES);
        var numbers = found.items();
        if (numbers.isEmpty()) {
            return new Search(text, 0, 0, 0, 0, 0);
        }
        var place = 0;
        while (place < numbers.size() - 1 && numbers.get(place) < picked.from()) {
            place++;
        }
        var previous = numbers.get(place == 0 ? numbers.size() - 1 : place - 1);
        var next = numbers.get(place == numbers.size() - 1 ? 0 : place + 1);
        return new Search(text, numbers.get(place), place + 1L, found.count(), previous, next);
    }

    private static long firstError(Deployment deployment, Outline outline) {
        var failure = deployment.failure();
        if (failure != null && failure.lines() != null) {
            return failure.lines().from();
        }
        var step = failure == null ? null : failure.step();
        var failed = outline.sections().reversed().stream()
                .filter(each -> step == null || each.step() == step)
                .findFirst();
        var lines = failed.map(each -> new Range(each.from(), each.to())).orElse(new Range(1, outline.lines()));
        return outline.errors().items().stream().filter(lines::has).findFirst().orElse(outline.lines());
    }

    private Part part(Deployment deployment, Section section, boolean isLive, Choice choice, Look look) {
        var meant = choice.meant();
        var open = !meant.isEmpty() && meant.to() >= section.from() && meant.from() <= section.to();
        var status = status(section, isLive, deployment.status());
        var step = section.step();
        var started = section.startedAt();
        var ended = section.endedAt() == null && isLive ? Instant.now() : section.endedAt();
        return new Part(
                step,
                step == null ? "Log" : words.status(step),
                status,
                icon(status),
                section.from(),
                section.to(),
                started == null || ended == null ? null : words.duration(Duration.between(started, ended)),
                started == null || section.endedAt() != null || !isLive ? null : words.iso(started),
                open,
                open ? chunks(deployment.id(), section, choice.around(), look) : List.of());
    }

    private static String status(Section section, boolean isLive, DeploymentStatus whole) {
        var state = section.state();
        var step = section.step();
        if (state == null || step == null) {
            return "WAIT";
        }
        if (state == StepRun.State.running && !isLive) {
            // A step whose end nobody told, because its worker is gone, ended with the deployment.
            return whole == DeploymentStatus.FAILED || whole == DeploymentStatus.CANCELED ? whole.name() : "WAIT";
        }
        return status(step, state);
    }

    /** How a step stands, as {@code data-status} has it. */
    static String status(Step step, StepRun.State state) {
        return switch (state) {
            case running -> step.name();
            case done, reused -> "DONE";
            case failed -> "FAILED";
            case canceled -> "CANCELED";
        };
    }

    /** The icon of that. */
    static String icon(String status) {
        return switch (status) {
            case "DONE" -> "check";
            case "WAIT" -> "pending";
            default -> status;
        };
    }

    private List<Chunk> chunks(String id, Section section, Range wanted, Look look) {
        var chunks = new ArrayList<Chunk>();
        var next = section.from();
        for (var window = first(Math.max(wanted.from(), section.from()));
                window <= Math.min(wanted.to(), section.to());
                window += WINDOW) {
            var from = Math.max(window, section.from());
            var to = Math.min(window + WINDOW - 1, section.to());
            if (from > next) {
                chunks.add(Chunk.earlier(next, from - 1));
            }
            chunks.add(window(id, from, to, look));
            next = to + 1;
        }
        if (next <= section.to()) {
            chunks.add(Chunk.later(next, section.to()));
        }
        return chunks;
    }

    private static long first(long line) {
        return line - Math.floorMod(line - 1, (long) WINDOW);
    }

    /** The lines from one number to another, at most {@link Logs#MOST_LINES}. */
    Chunk window(String id, long from, long to, Look look) {
        return Chunk.shown(from, to, lines.html(logs.lines(id, from, to), look));
    }
}
