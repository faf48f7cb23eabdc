package codehaven.ui;

import codehaven.api.inspections.Inspections.Seen;
import codehaven.model.Framework;
import codehaven.model.Inspection;
import codehaven.model.Inspection.Candidate;
import codehaven.model.Kind;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The form for a new project: what was typed, what was found, what is wrong.
 *
 * @param typed by field; what was not typed is empty
 * @param open whether there is more than the address to fill in
 * @param seen what a look found; absent before one, and where it could not be looked at
 * @param chosen the folder whose details are shown; absent where there is none to show
 * @param suggested the name that is filled in for whoever does not give one
 * @param host where the site will be, with its port
 * @param existing projects that deploy the same repository already
 * @param variables how many there are in the text
 * @param secrets the names of those that become sensitive
 * @param once makes the button do once what it says
 * @param refusal what is wrong
 */
record NewProjectPage(
        Map<String, String> typed,
        boolean open,
        @Nullable Seen seen,
        @Nullable Candidate chosen,
        String suggested,
        String host,
        List<String> existing,
        int variables,
        List<String> secrets,
        String once,
        Refusal refusal) {

    /** The frameworks that can be chosen. */
    public List<Framework> frameworks() {
        return List.of(Framework.values());
    }

    public String typed(String field) {
        return typed.getOrDefault(field, "");
    }

    public @Nullable String wrong(String field) {
        return refusal.at(field);
    }

    public boolean first(String field) {
        return refusal.first(field);
    }

    /** The fields of the error and the hint that tell of a field, for {@code aria-describedby}. */
    public @Nullable String told(String field, @Nullable String hint) {
        var wrong = wrong(field) == null ? "" : field + "-e";
        var all = (wrong + " " + (hint == null ? "" : hint)).strip();
        return all.isEmpty() ? null : all;
    }

    public List<Candidate> candidates() {
        return seen == null ? List.of() : seen.inspection().candidates();
    }

    /** Whether there is a choice of folders, rather than a field for one. */
    public boolean choice() {
        return candidates().size() > 1
                || (candidates().size() == 1
                        && !candidates().getFirst().directory().isEmpty());
    }

    /** "A monorepo: three folders can be deployed by themselves." */
    public String folders() {
        var able = candidates().stream().filter(each -> each.problem() == null).count();
        var shown = candidates().size();
        var more = shown == Inspection.MOST_CANDIDATES ? ", of which the first " + shown + " are shown" : "";
        if (able == 0) {
            return "No folder of it can be deployed as it is" + more + ".";
        }
        return (able == 1 ? "One folder" : Numbers.word((int) able) + " folders") + " can be deployed by "
                + (able == 1 ? "itself" : "themselves") + more + ".";
    }

    /** "Next.js 16, static export, built with pnpm on Node 24". */
    public @Nullable String how() {
        if (chosen == null || chosen.problem() != null) {
            return null;
        }
        var runs = chosen.kind() == Kind.DYNAMIC;
        if (chosen.buildCommand() == null && chosen.installCommand() == null) {
            return runs ? ", runs as an app" : ", served as they are";
        }
        return (runs ? ", runs as an app" : "") + ", built"
                + (chosen.packageManager() == null ? "" : " with " + chosen.packageManager())
                + (chosen.node() == null ? "" : " on Node " + chosen.node());
    }

    public @Nullable String what() {
        if (chosen == null) {
            return null;
        }
        if (chosen.framework().equals(Framework.STATIC_FILES.id()) && chosen.buildCommand() != null) {
            return "A build of its own";
        }
        return chosen.label() + (chosen.version() == null ? "" : " " + chosen.version());
    }

    /** Where the repository is, as far as that says who can read it. */
    public String found() {
        return seen != null && seen.order().repository().startsWith("https:") ? "Found, public" : "Found";
    }

    /** Small numbers in words, as sentences begin. */
    private static final class Numbers {
        private static final List<String> WORDS =
                List.of("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten");

        private Numbers() {}

        static String word(int number) {
            return number < WORDS.size() ? WORDS.get(number) : Integer.toString(number);
        }
    }
}
