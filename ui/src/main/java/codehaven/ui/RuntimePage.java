package codehaven.ui;

import codehaven.api.deployments.DeploymentView;
import org.jspecify.annotations.Nullable;

/**
 * What the page of an app's log shows.
 *
 * @param said how the app is; absent where it has none any more
 * @param html the lines
 * @param shown how many
 * @param first the number of the first one shown, 0 where there is none
 * @param last the number of the last line of all
 * @param earlier the number that the link to earlier lines goes by; absent where there are none, or a text is looked for
 * @param newest whether the end is shown, which goes on by itself
 * @param many whether several containers print
 */
record RuntimePage(
        DeploymentView view,
        @Nullable AppSaid said,
        String html,
        int shown,
        long first,
        long last,
        @Nullable Long earlier,
        String find,
        boolean newest,
        boolean many) {

    public String title() {
        return "Runtime log · " + view.project() + " · CodeHaven";
    }

    /** Why there are no lines, where there are none. */
    public String nothing() {
        if (!find.isEmpty()) {
            return "No line that is kept has this in it.";
        }
        return last == 0
                ? "Nothing is printed yet. Lines come here as they are printed."
                : "There are no lines here any more.";
    }
}
