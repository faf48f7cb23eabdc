package codehaven.model;

import org.jspecify.annotations.Nullable;

/**
 * Why a deployment is FAILED.
 *
 * @param step where, absent when it failed outside of any step
 * @param message one sentence with the facts
 * @param hint what to do
 * @param lines the numbers of the log's lines that matter, where known
 * @param source the place in the repository's own code, where known
 */
public record Failure(
        @Nullable Step step,
        FailureKind kind,
        String message,
        String hint,
        @Nullable Lines lines,
        @Nullable Source source) {

    /** Line numbers of the deployment's log, both included, counted from 1. */
    public record Lines(long from, long to) {}

    /** A file of the repository and, where known, the line in it. */
    public record Source(String file, @Nullable Integer line) {}

    public Failure(@Nullable Step step, FailureKind kind, String message) {
        this(step, kind, message, kind.hint(), null, null);
    }
}
