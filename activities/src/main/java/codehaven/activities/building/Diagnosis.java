package codehaven.activities.building;

import codehaven.activities.StepScope;
import codehaven.activities.building.BuildOrder.Phase;
import codehaven.activities.building.OutputFeed.Line;
import codehaven.activities.building.Sandbox.Ended;
import codehaven.activities.building.Sandbox.Exit;
import codehaven.model.Failure;
import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads from a failed phase what a person needs to know: which limit, which line of the log, which line of the code. */
final class Diagnosis {

    /** That it failed is known. */
    private static final Pattern EMPTY =
            Pattern.compile("(?i)build failed|error during build|command failed|ELIFECYCLE");

    private static final int LONGEST = 240;
    private static final int CONTEXT = 40;

    /** The build itself may kill its container; an engine that restarts does so too, but not for ever. */
    private static final int MOST_KILLS = 3;

    /** What a shell says of a process that was killed. */
    private static final int KILLED = 137;

    private static final Pattern HEAP = Pattern.compile(
            "JavaScript heap out of memory|Reached heap limit|Cannot allocate memory|std::bad_alloc|ERR_WORKER_OUT_OF_MEMORY");
    private static final Pattern PROCESSES = Pattern.compile(
            "(?i)(?:fork|spawn|thread|clone).{0,80}(?:Resource temporarily unavailable|EAGAIN)|Cannot fork"
                    + "|(?:Resource temporarily unavailable|EAGAIN).{0,80}(?:fork|spawn|thread)");
    private static final String NO_ANSWER =
            "\\b(?:ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)\\b"
                    + "|Failed to fetch .{1,80} from Google Fonts";

    /** Lines that may name the host before those that only give the code. */
    private static final List<Pattern> UNREACHABLE = List.of(
            Pattern.compile("^(?!npm (?:error|ERR!) (?:code|errno) ).*(?:" + NO_ANSWER + ")"),
            Pattern.compile(NO_ANSWER));

    private static final Pattern NO_SPACE = Pattern.compile("ENOSPC|No space left on device");

    /** Remarks, which are no reasons. */
    private static final Pattern REMARK =
            Pattern.compile("(?i)^\\W{0,4}(?:npm |pnpm |yarn )?(?:warn(?:ing)?|info|notice)\\b");

    /** From the most to the least telling: those that name their reason, and those that only sound like one. */
    private static final List<Pattern> TELLING = List.of(
            Pattern.compile("RollupError: |error TS\\d+: |\\bERR_PNPM_\\w+|CssSyntaxError|"
                    + "Module not found: |Could not resolve |Failed to resolve import |Cannot find module |is not exported by |"
                    + "\\bUnexpected token\\b|Missing script: "),
            Pattern.compile("(?:^|\\W)(?:[A-Z]\\w*)?(?:Error|Exception): \\S"),
            Pattern.compile(
                    "npm (?:error|ERR!) (?!code |A complete log|\\s*$|errno|syscall|path |command |node_modules/|    )"),
            Pattern.compile("Failed to compile"));

    private static final List<Pattern> HINTING = List.of(
            Pattern.compile("(?i)^\\W{0,4}(?:\\w+ )?error\\b"),
            Pattern.compile("(?i)\\b(?:error|not found|failed|cannot|unable to)\\b"));

    private static final String FILE = "([\\w@$.~/][\\w@$.()\\[\\]/+~-]*\\."
            + "(?:tsx?|jsx?|mjs|cjs|mts|cts|vue|svelte|astro|css|scss|sass|less|styl|html?|mdx?|json|njk|liquid|pug|ya?ml))";
    private static final List<Pattern> PLACES = List.of(
            Pattern.compile("^\\s*file: " + FILE + ":(\\d+):\\d+"),
            Pattern.compile("(?:^|[\\s'\"(])" + FILE + " ?\\((\\d+)[:,]\\d+\\)"),
            Pattern.compile("(?:^|[\\s'\"(\\[])" + FILE + ":(\\d+)(?::\\d+)?"),
            Pattern.compile("\\b(?:from|in|of|by) [\"']" + FILE + "[\"']()"),
            Pattern.compile("^(?:\\./)?" + FILE + "()$"));

    private final BuildOrder order;
    private final Phase phase;
    private final Exit exit;
    private final String top;
    private final StepScope scope;
    private final List<Line> tail;
    private final String text;

    private Diagnosis(BuildOrder order, Phase phase, Exit exit, String top, OutputFeed feed, StepScope scope) {
        this.scope = scope;
        this.order = order;
        this.phase = phase;
        this.exit = exit;
        this.top = top;
        tail = feed.tail();
        text = feed.text();
    }

    /**
     * @param top where the tree was for the commands
     * @param scope remembers how often the build was ended from outside
     */
    static StepFailure of(BuildOrder order, Phase phase, Exit exit, String top, OutputFeed feed, StepScope scope) {
        return new Diagnosis(order, phase, exit, top, feed, scope).failure();
    }

    private StepFailure failure() {
        var walls = order.walls();
        var said = "`" + cut(phase.command().lines().findFirst().orElse(""), 80) + "`";
        return switch (exit.ended()) {
            case TIME ->
                failure(
                        FailureKind.BUILD_TIMED_OUT,
                        said + " was still running after " + duration(walls.time()) + ", the build's time limit.",
                        null);
            case DISK ->
                failure(
                        FailureKind.BUILD_FAILED,
                        said + " wrote more than " + walls.diskMb() + " MiB, the build's disk limit.",
                        "Make the build write less, or have an administrator raise the limit.");
            case FILES ->
                failure(
                        FailureKind.BUILD_FAILED,
                        said + " wrote more than " + walls.files() + " files, the build's limit.",
                        "Make the build write fewer files.");
            case FROM_OUTSIDE -> fromOutside(said, Kills.count(scope));
            case BY_ITSELF -> byItself(said);
        };
    }

    private StepFailure fromOutside(String said, int kills) {
        if (kills < MOST_KILLS) {
            return new StepFailure(
                    FailureKind.DOCKER_UNAVAILABLE,
                    said + " was ended from outside (exit code " + exit.code()
                            + "), as happens when the Docker engine restarts.",
                    "The build begins again by itself.",
                    null,
                    null,
                    null);
        }
        return failure(
                FailureKind.BUILD_FAILED,
                said + " ended without a result (exit code " + exit.code() + "), " + kills + " times.",
                exit.code() == KILLED
                        ? "Something kills it: see that it does not end its own processes, and that the engine's machine has"
                                + " memory left, or raise the project's limits.buildMemoryMb."
                        : null);
    }

    private StepFailure byItself(String said) {
        var walls = order.walls();
        if (exit.outOfMemory() || exit.code() == KILLED || HEAP.matcher(text).find()) {
            return failure(
                    FailureKind.BUILD_OUT_OF_MEMORY,
                    said + " needed more than " + walls.memoryMb() + " MiB of memory, the build's limit.",
                    null);
        }
        if (PROCESSES.matcher(text).find()) {
            return failure(
                    FailureKind.BUILD_FAILED,
                    said + " needed more than " + walls.pids() + " processes at once, the build's limit.",
                    "Make the build start fewer processes, or have an administrator raise the limit.");
        }
        var unreachable = unreachable();
        var because = unreachable
                .or(this::telling)
                .map(each -> ": " + cut(plain(each.text()), LONGEST))
                .orElse(".");
        var message = said + " failed with exit code " + exit.code() + because;
        if (NO_SPACE.matcher(text).find()) {
            return failure(
                    FailureKind.BUILD_FAILED,
                    message,
                    "There was no space left: on the machine's disk, or in /tmp, which is small in builds; write to"
                            + " $TMPDIR instead.");
        }
        var build = phase.name() == Phase.Name.BUILD;
        return failure(
                build ? FailureKind.BUILD_FAILED : FailureKind.INSTALL_FAILED,
                message,
                unreachable.isEmpty()
                        ? null
                        : (build ? "A host that it needs" : "The package registry, or another host that it needs,")
                                + " could not be reached from the build; when it can be again, retry.");
    }

    private StepFailure failure(FailureKind kind, String message, @Nullable String hint) {
        return new StepFailure(
                kind, message, hint == null ? kind.hint() : hint, lines().orElse(null), source().orElse(null), null);
    }

    private Optional<Line> telling() {
        return first(TELLING, recent())
                .or(() -> first(TELLING, tail))
                .or(() -> first(HINTING, recent()))
                .or(() -> recent().reversed().stream()
                        .filter(each -> !each.text().isBlank()
                                && !REMARK.matcher(each.text()).find())
                        .findFirst());
    }

    /** What nobody answered, unless the code that was built is said to be wrong. */
    private Optional<Line> unreachable() {
        return first(UNREACHABLE, recent())
                .filter(each -> phase.name() != Phase.Name.BUILD
                        || first(List.of(TELLING.getFirst()), recent()).isEmpty());
    }

    private static Optional<Line> first(List<Pattern> patterns, List<Line> lines) {
        return patterns.stream()
                .flatMap(pattern -> lines.stream()
                        .filter(each -> pattern.matcher(each.text()).find()
                                && !EMPTY.matcher(each.text()).find()
                                && !REMARK.matcher(each.text()).find()))
                .findFirst();
    }

    private List<Line> recent() {
        return tail.subList(Math.max(0, tail.size() - CONTEXT), tail.size());
    }

    /** From the telling line to the last one that says something. */
    private Optional<Failure.Lines> lines() {
        var last = recent().reversed().stream()
                .filter(each -> !each.text().isBlank())
                .findFirst();
        return last.map(end -> {
            var from = unreachable().or(this::telling).map(Line::number).orElse(end.number());
            return new Failure.Lines(Math.min(from, end.number()), Math.min(end.number(), from + 30));
        });
    }

    private Optional<Failure.Source> source() {
        if (phase.name() != Phase.Name.BUILD || exit.ended() != Ended.BY_ITSELF) {
            return Optional.empty();
        }
        Optional<Failure.Source> withoutLine = Optional.empty();
        for (var pattern : PLACES) {
            for (var each : recent()) {
                var found = pattern.matcher(each.text());
                while (found.find()) {
                    var file = inRepository(found.group(1).strip());
                    if (file.isPresent()) {
                        if (!found.group(2).isEmpty() && found.group(2).length() < 8) {
                            return Optional.of(new Failure.Source(file.get(), Integer.valueOf(found.group(2))));
                        }
                        if (withoutLine.isEmpty()) {
                            withoutLine = Optional.of(new Failure.Source(file.get(), null));
                        }
                    }
                }
            }
        }
        return withoutLine;
    }

    /** As the repository knows the file; empty for those of others. */
    private Optional<String> inRepository(String text) {
        var open = text.lastIndexOf('(');
        var file = open >= 0 && text.indexOf(')', open) < 0 ? text.substring(open + 1) : text;
        if (file.contains("node_modules") || file.contains("://") || file.contains("..")) {
            return Optional.empty();
        }
        if (file.startsWith(top + "/")) {
            return Optional.of(file.substring(top.length() + 1));
        }
        if (file.startsWith("/") || file.startsWith("node:") || file.startsWith("internal/")) {
            return Optional.empty();
        }
        var relative = file.startsWith("./") ? file.substring(2) : file;
        return Optional.of(phase.directory().isEmpty() ? relative : phase.directory() + "/" + relative);
    }

    private String plain(String line) {
        return line.replace(top + "/", "").strip();
    }

    private static String cut(String text, int most) {
        return text.length() > most ? text.substring(0, most) + "…" : text;
    }

    static String duration(Duration time) {
        var seconds = time.toSeconds();
        return seconds % 60 == 0 && seconds > 0
                ? seconds / 60 + (seconds == 60 ? " minute" : " minutes")
                : seconds + " seconds";
    }
}
