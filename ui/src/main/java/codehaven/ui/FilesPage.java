package codehaven.ui;

import codehaven.api.deployments.DeploymentView;
import codehaven.ui.DeploymentPage.Other;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All files of a deployment, a part at a time.
 *
 * @param q what is looked for in their paths
 * @param show {@code all} or {@code changed}
 * @param sort {@code path} or {@code size}
 * @param count of all files
 * @param changed how many differ from the deployment before; absent where there is none to compare with
 * @param found how many there are to be shown
 * @param from the place of the first one shown, from 1; 0 where there is none
 * @param to of the last one
 * @param earlier where the part before begins, if there is one
 * @param later where the next part begins, if there is one
 * @param gone why there are none, where there are none
 */
record FilesPage(
        DeploymentView view,
        String title,
        String q,
        String show,
        String sort,
        int count,
        long bytes,
        @Nullable Integer changed,
        @Nullable Other previous,
        List<Row> rows,
        int found,
        int from,
        int to,
        @Nullable Integer earlier,
        @Nullable Integer later,
        @Nullable String gone) {

    /**
     * A file.
     *
     * @param url where it is served; absent for one that is gone
     * @param change how it differs, as {@code Changes.Kind} says it; absent where it is the same
     * @param was its name before, where that was another one
     * @param grown by how many bytes
     */
    record Row(
            String path,
            @Nullable String url,
            long size,
            String type,
            @Nullable String change,
            @Nullable String was,
            long grown) {}
}
