package codehaven.ui;

import codehaven.api.problems.Problem;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A problem as a person reads it: what it is, a sentence, what to do, and where to go on.
 *
 * @param looked what was looked for and is not there, as it was written
 * @param isAlarming whether it is a fault rather than an answer
 */
record ProblemWords(
        String heading,
        String sentence,
        @Nullable String looked,
        @Nullable String hint,
        List<Problem.FieldError> errors,
        String link,
        String linkText,
        boolean isAlarming) {

    /**
     * @param path what was asked for
     * @param here where the person was
     * @param isPage whether there is a page of this kind at all
     */
    static ProblemWords of(Problem problem, String path, String here, boolean isPage) {
        var sentence = problem.body().detail() == null
                ? problem.body().title()
                : problem.body().detail();
        var errors = problem.body().errors().size() > 1 ? problem.body().errors() : List.<Problem.FieldError>of();
        return switch (problem.status()) {
            case 404 -> notFound(sentence, path, isPage);
            case 403 -> new ProblemWords("Not sent", sentence, null, null, List.of(), here, "Back to the page", true);
            case 409 ->
                new ProblemWords(
                        "Not possible now",
                        sentence,
                        null,
                        "Nothing was changed.",
                        List.of(),
                        here,
                        "Back to the page",
                        true);
            case 413, 422, 400 ->
                new ProblemWords(
                        "Not accepted", sentence, null, "Nothing was changed.", errors, here, "Back to the page", true);
            case 405 ->
                new ProblemWords(
                        "Not found",
                        "This address takes what a form sends; there is no page at it.",
                        path,
                        null,
                        List.of(),
                        "/",
                        "All projects",
                        false);
            case 503 ->
                new ProblemWords(
                        "Not available right now",
                        sentence,
                        null,
                        "What is deployed is served all the while, and deployments go on by themselves.",
                        List.of(),
                        here,
                        "Try again",
                        true);
            case 500 ->
                new ProblemWords(
                        "This did not work",
                        sentence,
                        null,
                        "What is deployed is not touched by it.",
                        List.of(),
                        here,
                        "Try again",
                        true);
            default ->
                new ProblemWords(
                        problem.body().title(), sentence, null, null, List.of(), here, "Back to the page", true);
        };
    }

    private static ProblemWords notFound(String sentence, String path, boolean isPage) {
        var project = path.matches("/projects/[^/]+/.*") ? path.split("/", -1)[2] : null;
        if (!isPage) {
            return new ProblemWords(
                    "Not found", "There is no page at", path, null, List.of(), "/", "All projects", false);
        }
        if (project != null && !sentence.contains("no project")) {
            return new ProblemWords(
                    "Not found",
                    sentence,
                    null,
                    "What this project has is on its page.",
                    List.of(),
                    "/projects/" + project,
                    "The project",
                    false);
        }
        return new ProblemWords(
                "Not found",
                sentence,
                null,
                path.startsWith("/deployments/")
                        ? "Deployments are listed with their project; those of a deleted project go with it."
                        : "It may have been deleted, or is written differently.",
                List.of(),
                "/",
                "All projects",
                false);
    }
}
